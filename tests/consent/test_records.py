"""A record is believed whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from av_models.domain.errors import ConsentError, InputError
from av_models.io.consent_keys import is_signed, new_key, own_key, public_hex, sign, trusted_issuers
from av_models.io.consent_records import SignedRecord, parse_record, read_record, record_bytes, record_seal, sign_record
from tests.consent.records import Desk, make_desk

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return make_desk(tmp_path)


@pytest.fixture
def record_path(desk: Desk, tmp_path: Path) -> Path:
    (tmp_path / "take.mp4").write_bytes(b"a take")
    return desk.issue("jane", ["face"], [tmp_path / "take.mp4"], subject="Zoë Ward", kind="living_adult")


def rule_for(path: Path, data: bytes, issuers: dict[str, str]) -> str:
    path.write_bytes(data)
    with pytest.raises(ConsentError) as caught:
        read_record(path, issuers)
    return caught.value.rule


def test_no_byte_can_be_changed_removed_or_added(desk: Desk, record_path: Path) -> None:
    issuers = trusted_issuers(desk.configs_dir, desk.media_dir)
    whole = record_path.read_bytes()
    read_record(record_path, issuers)
    for at in range(len(whole)):
        other = whole[at] ^ 0x01 if at % 2 else ord("A" if whole[at] != ord("A") else "B")
        changed = whole[:at] + bytes([other]) + whole[at + 1 :]
        assert rule_for(record_path, changed, issuers) in {"tampered", "malformed", "issuer", "minor"}, at
    for data in (whole[:-1], whole + b"\n", whole + b" ", b"", whole[: len(whole) // 2], b"\xff\xfe" + whole):
        assert rule_for(record_path, data, issuers) == "tampered"


@pytest.mark.parametrize(
    ("field", "value"), [("valid_until", "2999-12-31"), ("subject", "Someone else"), ("adult_confirmed", False)]
)
def test_an_edited_field_is_tampering(desk: Desk, record_path: Path, field: str, value: object) -> None:
    document = json.loads(record_path.read_bytes())
    document["record"][field] = value
    data = (json.dumps(document, sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode()
    assert rule_for(record_path, data, trusted_issuers(desk.configs_dir, desk.media_dir)) == "tampered"


def test_a_minor_is_refused_even_when_signed(desk: Desk, record_path: Path) -> None:
    document = json.loads(record_path.read_bytes())
    document["record"]["kind"] = "minor"
    assert rule_for(record_path, json.dumps(document).encode(), {}) == "minor"


def test_a_signature_of_another_kind_of_document_does_not_pass() -> None:
    key = new_key()
    signature = sign(key, "audit-log", b"text")
    assert is_signed(public_hex(key), signature, "audit-log", b"text")
    assert not is_signed(public_hex(key), signature, "understudy-consent-1", b"text")
    assert not is_signed(public_hex(key), signature.upper(), "audit-log", b"text")


def test_a_renamed_file_is_not_the_record_it_claims(desk: Desk, record_path: Path) -> None:
    renamed = record_path.rename(record_path.with_name("john.json"))
    with pytest.raises(ConsentError) as caught:
        parse_record(renamed)
    assert caught.value.rule == "malformed"


def test_the_seal_depends_on_the_secret_salt(record_path: Path) -> None:
    from dataclasses import replace

    record = parse_record(record_path).record
    assert record_seal(record) != record_seal(replace(record, salt="00" * 32))


def test_a_record_reads_back_as_it_was_signed(record_path: Path) -> None:
    signed: SignedRecord = parse_record(record_path)
    assert record_bytes(signed) == record_path.read_bytes()
    again = sign_record(signed.record, new_key(), "another")
    assert again.record == signed.record
    assert again.signature != signed.signature


def test_the_own_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    key = own_key(tmp_path)
    assert public_hex(own_key(tmp_path)) == public_hex(key)
    assert (tmp_path / "keys" / "consent-issuer.pem").stat().st_mode & 0o777 == 0o600
    assert public_hex(key) in trusted_issuers(tmp_path, tmp_path)


def test_no_private_key_is_committed() -> None:
    for path in (REPOSITORY / "configs" / "consent").rglob("*"):
        assert path.is_dir() or b"PRIVATE" not in path.read_bytes(), path


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"kind": "minor"}, "minor"),
        ({"kind": "child"}, "minor"),
        ({"adult_confirmed": False}, "minor"),
        ({"evidence": Path("nowhere.pdf")}, "evidence"),
        ({"uses": ["election"]}, "forbidden-use"),
        ({"media": []}, "media"),
    ],
)
def test_what_is_never_recorded(desk: Desk, record_path: Path, changes: dict[str, Any], rule: str) -> None:
    arguments: dict[str, Any] = {"media": [record_path]} | changes
    with pytest.raises(ConsentError) as caught:
        desk.issue("new", ["face"], **arguments)
    assert caught.value.rule == rule
    assert not (record_path.parent / "new.json").exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "robot"},
        {"uses": ["everything"]},
        {"uses": []},
        {"valid_until": "tomorrow"},
        {"valid_until": "2026-11-19"},
        {"valid_from": "2027-02-01", "valid_until": "2027-01-01"},
        {"territories": ["Germany"]},
        {"languages": ["?"]},
        {"subject": "  "},
        {"id": "../../etc/passwd"},
    ],
)
def test_answers_that_make_no_sense(desk: Desk, record_path: Path, changes: dict[str, Any]) -> None:
    arguments: dict[str, Any] = {"record_id": "new"} | changes
    if "id" in changes:
        arguments = {"record_id": changes["id"]}
    with pytest.raises(InputError):
        desk.issue(arguments.pop("record_id"), ["face"], [record_path], **arguments)


def test_an_id_is_not_used_twice(desk: Desk, record_path: Path) -> None:
    with pytest.raises(InputError, match="already"):
        desk.issue("jane", ["face"], [record_path])
