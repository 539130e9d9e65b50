from __future__ import annotations

import json
from pathlib import Path

import pytest

from av_models.runtime import checks
from av_models.runtime.checks import State, check_disk, check_models, check_packages
from flows.doctor import doctor, examine


def test_everything_that_is_missing_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    code = doctor(json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["ready"] == (code == 0)
    assert all(check["remedy"] for check in told["checks"] if check["state"] != "ok")
    names = {check["name"] for check in told["checks"]}
    assert {"python", "ffmpeg", "dlib", "espeak-ng", "pocketsphinx", "piper voices", "disk", "gpu", "server"} <= names


def test_the_main_job_can_run_here(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [check for check in examine() if check.state is State.PROBLEM]
    assert problems == []
    assert doctor() == 0
    assert "flow run produce" in capsys.readouterr().out


def test_a_missing_package_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_NEEDED", ("numpy", "a_package_that_is_not_there"))
    packages = next(check for check in check_packages() if check.name == "packages")
    assert packages.state is State.PROBLEM
    assert "a_package_that_is_not_there" in packages.detail
    assert "pip install" in packages.remedy


def test_piper_voices_are_listed_only_when_complete(tmp_path: Path) -> None:
    for name, endings in (("anna", (".onnx", ".onnx.json")), ("half", (".onnx",))):
        (tmp_path / "voices" / name).mkdir(parents=True)
        for ending in endings:
            (tmp_path / "voices" / name / f"{name}{ending}").touch()
    voices = next(check for check in check_models(tmp_path) if check.name == "piper voices")
    assert (voices.state, voices.detail) == (State.OK, "anna")


def test_the_disk_of_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    assert "GB free" in check_disk(tmp_path / "not" / "yet").detail


def test_a_server_that_does_not_answer_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    server = next(check for check in examine() if check.name == "server")
    assert server.state is State.PROBLEM
    assert "flow ui" in server.remedy
