"""`flow listen`: what it says when it cannot serve, and what there is to serve."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

sys.path.append(str(Path(__file__).parents[1] / "consent"))

from listening_made import made_test
from records import make_desk

from av_models.domain.errors import ConsentError, InputError, MediaError
from av_models.io.consent import revoke_record
from av_models.io.listening_answers import Answers
from av_models.io.listening_folder import read_test, write_test
from flows.cli import app
from flows.listening_server import serve_test, watched
from flows.listening_site import listening_site


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A test without questions, under a record in force."""
    desk = make_desk(tmp_path)
    desk.issue("voice-record", ["voice"], [])
    monkeypatch.setenv("UNDERSTUDY_MEDIA", str(desk.media_dir))
    monkeypatch.setenv("UNDERSTUDY_CONFIGS", str(desk.configs_dir))
    place = desk.media_dir / "listening" / "pilot"
    write_test(place, made_test())
    return place


def test_a_taken_port_is_refused(folder: Path) -> None:
    with socket.socket() as other, pytest.raises(InputError, match="choose another port"):
        other.bind(("127.0.0.1", 0))
        other.listen()
        serve_test("pilot", "127.0.0.1", other.getsockname()[1])


def test_nothing_is_served_without_consent_in_force(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "configs" / "consent" / "voice-record.json").unlink()
    with pytest.raises(ConsentError) as error:
        serve_test("pilot", "127.0.0.1", 0)
    assert error.value.rule == "missing"


def test_a_revocation_counts_while_the_page_is_served(folder: Path, tmp_path: Path) -> None:
    ask = watched(["voice-record"])
    assert ask() == "" == ask()
    revoke_record(tmp_path / "configs", tmp_path / "media", "voice-record", "changed my mind")
    assert "revoked: changed my mind" in ask() and "revoked" in ask()


def test_tests_are_listed_with_their_listeners(folder: Path) -> None:
    Answers(folder).admit(made_test(n_judged=2))
    told = CliRunner().invoke(app, ["listen"])
    assert told.exit_code == 0 and "pilot: robot-anna against robot-bert, 1 listeners, 0 to the last" in told.output


def test_what_is_no_test_is_named(folder: Path) -> None:
    with pytest.raises(InputError, match="no listening test"):
        serve_test("other", "127.0.0.1", 0)
    text = (folder / "test.json").read_text()
    for damage in (text[:100], text.replace("listening/1", "listening/9"), text.replace('"items"', '"things"')):
        (folder / "test.json").write_text(damage)
        with pytest.raises(InputError, match="is no listening test"):
            read_test(folder)
    write_test(folder, made_test(n_judged=2))
    with pytest.raises(MediaError, match="cannot be read"):
        listening_site(folder)
