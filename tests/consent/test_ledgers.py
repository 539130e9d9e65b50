"""The audit log and the list of revocations can only grow."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from av_models.domain.errors import ConsentError
from av_models.io.consent import clear_cast, outputs_under, record_output, revocations, revoke_record
from av_models.io.consent_keys import local_issuers
from av_models.io.consent_ledgers import audit_entries, log_event
from tests.consent.records import PURPOSE, TODAY, Desk, cast_of, make_desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = make_desk(tmp_path)
    for name in ("one", "two", "three"):
        made.issue(name, ["voice"], [])
        revoke_record(made.configs_dir, made.media_dir, name, f"reason {name}")
    return made


def ledger(desk: Desk, name: str) -> tuple[Path, Path]:
    return desk.media_dir / "consent" / f"{name}.jsonl", desk.media_dir / "keys" / f"{name}.head.json"


def damage(desk: Desk) -> str:
    with pytest.raises(ConsentError) as caught:
        revocations(desk.media_dir)
    return caught.value.rule


def test_revocations_are_kept_with_reason_and_day(desk: Desk) -> None:
    revoked = revocations(desk.media_dir)
    assert list(revoked) == ["one", "two", "three"]
    assert revoked["two"].startswith("reason two (20")


@pytest.mark.parametrize("name", ["revocations", "audit"])
@pytest.mark.parametrize("line", [0, 1, 2])
def test_a_line_cannot_be_removed(desk: Desk, name: str, line: int) -> None:
    path, _ = ledger(desk, name)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:line] + lines[line + 1 :]))
    assert damage(desk) == {"revocations": "revocation-list", "audit": "audit-log"}[name]


def test_no_byte_of_the_list_can_be_changed(desk: Desk) -> None:
    path, _ = ledger(desk, "revocations")
    whole = path.read_bytes()
    for at in range(0, len(whole), 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x01]) + whole[at + 1 :])
        assert damage(desk) == "revocation-list", at


def test_cut_short_with_an_older_head_put_back(desk: Desk, tmp_path: Path) -> None:
    path, head = ledger(desk, "revocations")
    old = path.read_bytes(), head.read_bytes()
    desk.issue("four", ["voice"], [])
    revoke_record(desk.configs_dir, desk.media_dir, "four", "reason")
    path.write_bytes(old[0])
    head.write_bytes(old[1])
    assert damage(desk) == "revocation-list", "the audit log remembers"


@pytest.mark.parametrize("parts", [(0,), (1,), (0, 1)])
def test_the_list_or_its_head_or_both_removed(desk: Desk, parts: tuple[int, ...]) -> None:
    for part in parts:
        ledger(desk, "revocations")[part].unlink()
    assert damage(desk) == "revocation-list"


def test_the_audit_log_removed(desk: Desk) -> None:
    for path in ledger(desk, "audit"):
        path.unlink()
    assert damage(desk) == "audit-log"


def test_a_list_from_another_installation(desk: Desk, tmp_path: Path) -> None:
    other = make_desk(tmp_path / "other")
    other.issue("one", ["voice"], [])
    revoke_record(other.configs_dir, other.media_dir, "one", "reason")
    for mine, theirs in zip(ledger(desk, "revocations"), ledger(other, "revocations"), strict=True):
        shutil.copyfile(theirs, mine)
    assert damage(desk) == "revocation-list"


def test_nothing_is_made_while_the_list_is_damaged(desk: Desk, tmp_path: Path) -> None:
    take = tmp_path / "take.mp4"
    take.write_bytes(b"a take")
    desk.issue_for(take, take)
    cast = cast_of(take, take)
    clear_cast(desk.configs_dir, desk.media_dir, cast, PURPOSE, TODAY)
    ledger(desk, "revocations")[0].unlink()
    with pytest.raises(ConsentError) as caught:
        clear_cast(desk.configs_dir, desk.media_dir, cast, PURPOSE, TODAY)
    assert caught.value.rule == "revocation-list"


def test_a_write_cut_off_by_a_crash_heals(desk: Desk) -> None:
    path, _ = ledger(desk, "audit")
    n_entries = len(audit_entries(desk.media_dir))
    with path.open("ab") as stream:
        stream.write(b'{"at":"2026-')
    assert len(audit_entries(desk.media_dir)) == n_entries
    log_event(desk.media_dir, "test", {})
    assert len(audit_entries(desk.media_dir)) == n_entries + 1


def test_a_revocation_interrupted_half_way_can_be_repeated(desk: Desk) -> None:
    log_event(desk.media_dir, "revoked", {"consent_id": "four", "reason": "it was late"})
    assert damage(desk) == "revocation-list"
    desk.issue("four", ["voice"], [])
    revoke_record(desk.configs_dir, desk.media_dir, "four", "it was late")
    assert "four" in revocations(desk.media_dir)


def test_many_writers_make_one_chain(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: log_event(tmp_path, "test", {"number": number}), range(24)))
    assert sorted(entry.facts["number"] for entry in audit_entries(tmp_path)) == list(range(24))


def test_a_key_that_is_still_being_written_is_no_issuer_yet(tmp_path: Path) -> None:
    """Another process renames it any moment: whoever looks at it then would find nothing."""
    log_event(tmp_path, "test", {})
    issuers = tmp_path / "keys" / "issuers"
    (written,) = issuers.iterdir()
    known = local_issuers(tmp_path)
    (issuers / ".0123.part.pem").write_bytes(written.read_bytes())
    (issuers / ".gone.part.pem").symlink_to(issuers / "nowhere")
    assert local_issuers(tmp_path) == known and list(known.values()) == [written.stem]


def test_a_revocation_lists_what_was_made(desk: Desk) -> None:
    desk.issue("face", ["voice"], [])
    record_output(desk.media_dir, ["face", "voice"], "master", "ab" * 32, "out/master.mp4")
    record_output(desk.media_dir, ["face"], "model", "cd" * 32, "out/model")
    record_output(desk.media_dir, ["other"], "master", "ef" * 32, "out/other.mp4")
    affected = revoke_record(desk.configs_dir, desk.media_dir, "face", "no longer")
    assert [(one.what, one.place) for one in affected] == [("master", "out/master.mp4"), ("model", "out/model")]
    assert outputs_under(desk.media_dir, "other")[0].digest == "ef" * 32


def test_clearances_and_refusals_are_logged(desk: Desk, tmp_path: Path) -> None:
    take = tmp_path / "take.mp4"
    take.write_bytes(b"a take")
    with pytest.raises(ConsentError):
        clear_cast(desk.configs_dir, desk.media_dir, cast_of(take, take), PURPOSE, TODAY)
    desk.issue_for(take, take)
    clear_cast(desk.configs_dir, desk.media_dir, cast_of(take, take), PURPOSE, TODAY)
    events = [(entry.event, entry.facts) for entry in audit_entries(desk.media_dir)][-2:]
    assert [event for event, _ in events] == ["refused", "cleared"]
    assert events[0][1]["rule"] == "missing"
    assert events[1][1]["consent_ids"] == ["test-voice", "test-source", "test-actor"]
