"""`flow consent` as it is typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from av_models.domain.errors import ConsentError, InputError, UnderstudyError
from av_models.io.consent import record_output
from flows import consent_cli
from tests.consent.records import make_desk

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    desk = make_desk(tmp_path)
    (tmp_path / "form.pdf").write_bytes(b"I consent.")
    (tmp_path / "take.mp4").write_bytes(b"a take")
    monkeypatch.setattr(consent_cli, "_folders", lambda: (desk.configs_dir, desk.media_dir))
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(consent_cli.app, list(arguments))

    return invoke


NEW = (
    *("new", "--subject", "Jane Doe", "--kind", "living_adult", "--adult-confirmed", "--right", "face"),
    *("--right", "performance", "--use", "film", "--use", "dubbing", "--territory", "EU", "--language", "en"),
    *("--valid-until", "2099-12-31", "--evidence", "form.pdf", "--media", "take.mp4", "--licence", "contract 12"),
)


def without(option: str) -> list[str]:
    at = NEW.index(option)
    return [*NEW[:at], *NEW[at + (1 if option == "--adult-confirmed" else 2) :]]


def error_of(result: Result) -> UnderstudyError:
    assert isinstance(result.exception, UnderstudyError), result.output
    return result.exception


def test_new_verify_list_revoke(run: Run, tmp_path: Path) -> None:
    made = run(*NEW)
    assert made.exit_code == 0, made.output
    record = json.loads((tmp_path / "media" / "consent" / "jane-doe.json").read_text())["record"]
    assert (record["rights"], record["territories"]) == (["face", "performance"], ["EU"])
    assert (tmp_path / "media" / "consent" / "evidence" / "jane-doe.pdf").read_bytes() == b"I consent."

    checked = run("verify", "jane-doe")
    assert checked.exit_code == 0, checked.output
    for rule in (
        "signature",
        "issuer",
        "evidence",
        "adult",
        "begin",
        "end",
        "revocation",
        "revocation-list",
        "audit-log",
    ):
        assert rule in checked.output
    assert "take.mp4" in checked.output

    record_output(tmp_path / "media", ["jane-doe"], "master", "ab" * 32, "out/master.mp4")
    revoked = run("revoke", "jane-doe", "--reason", "she asked for it")
    assert revoked.exit_code == 0, revoked.output
    assert "out/master.mp4" in revoked.output
    [row] = json.loads(run("list", "--json").output)
    assert (row["id"], row["state"], row["valid_until"]) == ("jane-doe", "revoked", "2099-12-31")
    assert "Jane Doe" in run("list").output
    error = error_of(run("verify", "jane-doe"))
    assert isinstance(error, ConsentError)
    assert (error.exit_code, error.rule) == (77, "revoked")


def test_a_minor_and_missing_evidence_are_refused(run: Run) -> None:
    minor = ["minor" if word == "living_adult" else word for word in NEW]
    for arguments, rule in (
        (minor, "minor"),
        (without("--adult-confirmed"), "minor"),
        (without("--evidence"), "evidence"),
    ):
        error = error_of(run(*arguments))
        assert isinstance(error, ConsentError)
        assert error.rule == rule
    assert json.loads(run("list", "--json").output) == []


@pytest.mark.parametrize("option", ["--subject", "--valid-until", "--licence"])
def test_what_is_missing_is_named(run: Run, option: str) -> None:
    error = error_of(run(*without(option)))
    assert isinstance(error, InputError)
    assert option in str(error)


def test_a_revocation_needs_a_reason_and_a_record(run: Run) -> None:
    run(*NEW)
    assert error_of(run("revoke", "jane-doe")).exit_code == 2
    assert error_of(run("revoke", "nobody", "--reason", "x")).exit_code == 77


def test_a_revoked_id_is_not_given_again(run: Run, tmp_path: Path) -> None:
    run(*NEW)
    run("revoke", "jane-doe", "--reason", "x")
    (tmp_path / "media" / "consent" / "jane-doe.json").unlink()
    assert run(*NEW).exit_code == 0
    assert (tmp_path / "media" / "consent" / "jane-doe-2.json").exists()
    assert error_of(run(*NEW, "--id", "jane-doe")).exit_code == 2


def test_a_tampered_record_is_listed_as_such_and_fails_verification(run: Run, tmp_path: Path) -> None:
    run(*NEW)
    path = tmp_path / "media" / "consent" / "jane-doe.json"
    path.write_bytes(path.read_bytes().replace(b"2099", b"2199"))
    assert json.loads(run("list", "--json").output)[0]["state"] == "tampered"
    result = run("verify")
    assert error_of(result).exit_code == 77
    assert "FAIL" in result.output


def test_questions_are_asked_in_a_terminal(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consent_cli, "_in_a_terminal", lambda: True)
    answers = ["Max Muster", "living_adult", "y", "performance", "film, dubbing", "", "de", "2099-01-01"]
    answers += ["form.pdf", "take.mp4", "contract 13"]
    result = CliRunner().invoke(consent_cli.app, ["new"], input="\n".join(answers) + "\n")
    assert result.exit_code == 0, (result.output, result.exception)
    record = json.loads((tmp_path / "media" / "consent" / "max-muster.json").read_text())["record"]
    assert (record["uses"], record["territories"], record["languages"]) == (["dubbing", "film"], ["worldwide"], ["de"])
