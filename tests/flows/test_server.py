"""One server for all runs of a machine: shared while it is used, stopped by the last, and never mistaken."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from av_models.domain.errors import InputError, ResourceError
from flows.server import announced_server, prepare_prefect, run_server

HOLDER = (
    "import sys\nfrom flows.server import run_server\n"
    "with run_server() as server: print(server.api, flush=True); sys.stdin.read()\n"
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNDERSTUDY_MEDIA", str(tmp_path))
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    return tmp_path / "prefect"


def is_alive(process_id: int) -> bool:
    try:
        return b"create_app" in Path("/proc", str(process_id), "cmdline").read_bytes()
    except FileNotFoundError:
        return False


def test_two_runs_share_it_and_the_last_stops_it(home: Path) -> None:
    with run_server() as first:
        other = subprocess.Popen(
            [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert other.stdout is not None and other.stdout.readline().strip() == first.api
        process_id = json.loads((home / "server.json").read_text())["pid"]
        other.communicate()
        assert is_alive(process_id)
    assert not is_alive(process_id) and not (home / "server.json").exists()


def test_the_server_of_a_killed_run_is_taken_over(home: Path) -> None:
    killed = subprocess.Popen([sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert killed.stdout is not None
    api = killed.stdout.readline().strip()
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    process_id = json.loads((home / "server.json").read_text())["pid"]
    with run_server() as server:
        assert server.api == api and is_alive(process_id)


def test_a_number_that_belongs_to_another_program_now_is_left_alone(home: Path) -> None:
    home.mkdir(parents=True)
    (home / "server.json").write_text(json.dumps({"api": "http://127.0.0.1:9/api", "pid": os.getpid()}))
    with run_server() as server:
        assert server.api != "http://127.0.0.1:9/api"


def test_a_server_that_the_user_names_must_answer(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    monkeypatch.setattr("flows.server._STOP_S", 0.1)
    with run_server() as server, pytest.raises(ResourceError, match="unset PREFECT_API_URL"):
        server.ready()


def test_the_server_of_the_ui_is_used(prefect_api: str, home: Path) -> None:
    with announced_server(prefect_api), run_server() as server:
        assert server.api == prefect_api
    assert not (home / "ui.json").exists()


def test_a_place_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("UNDERSTUDY_MEDIA", str(tmp_path / "file"))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with pytest.raises(InputError), run_server():
        pass


def test_what_the_user_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_HOME", "/mine")
    prepare_prefect()
    assert os.environ["PREFECT_HOME"] == "/mine"
    assert os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
