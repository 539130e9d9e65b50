"""The Prefect server behind a run: that of `flow ui` while it is running, else one for the time of the run.

Prefect can also run without a server, but then it loses what it has not yet written when the program ends. Runs that go
on at the same time share one server, because its database is one file; the last to end stops it.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from av_models.domain.errors import ResourceError
from av_models.io.disk import disk_errors, disk_shortage
from tasks.workspace import prefect_home, results_dir

__all__ = ["announced_server", "hand_over", "prepare_prefect", "run_server"]

_START_S = 120
_STOP_S = 5
_POLL_S = 0.05
_FACTORY = "prefect.server.api.server:create_app"

_QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
}
# A server for one run has nobody to schedule for and no page to show: what it does not start, nobody waits for.
_IDLE = ("SCHEDULER", "LATE_RUNS", "CANCELLATION_CLEANUP", "PAUSE_EXPIRATIONS", "TRIGGERS", "FOREMAN", "REPOSSESSOR")
_BARE = {f"PREFECT_SERVER_SERVICES_{service}_ENABLED": "false" for service in _IDLE} | {
    "PREFECT_SERVER_UI_ENABLED": "false",
    "PREFECT_SERVER_EVENTS_STREAM_OUT_ENABLED": "false",
}


def prepare_prefect(debug: bool = False) -> None:
    """Set what Prefect reads from the environment. Call it before anything imports Prefect; what the user set stays.

    debug: let Prefect log to the terminal; its log is kept in its database either way.
    """
    os.environ |= _QUIET
    wanted = {
        "PREFECT_HOME": str(prefect_home()),
        "PREFECT_RESULTS_LOCAL_STORAGE_PATH": str(results_dir()),
        "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "av_models,tasks",
        # Long computations hold the interpreter now and then; a run must not be called dead for that.
        "PREFECT_API_REQUEST_TIMEOUT": "120",
    }
    if not debug:
        wanted["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "CRITICAL"
    for name, value in wanted.items():
        os.environ.setdefault(name, value)


@contextmanager
def run_server() -> Iterator[Starting]:
    """A server for the time of the block. It is started at once and waited for with `ready`: other work fits in."""
    given = os.environ.get("PREFECT_API_URL", "")
    serving = given or _announced()
    if serving:
        yield Starting(serving, lambda: None)
        return
    home = prefect_home()
    with disk_errors(home / "server.lock"):
        home.mkdir(parents=True, exist_ok=True)
        (home / "server.lock").touch()
    with open(home / "server.lock", "w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        server = _shared(home, lambda: _leave(home, users))
        try:
            yield server
        finally:
            server.leave()


class Starting:
    """A server that may not answer yet. api: its URL.  leave: ends its use, and the server if nobody else uses it.

    lives: whether its process is there; None for a server that no run has started.
    """

    def __init__(self, api: str, leave: Callable[[], None], lives: Callable[[], bool] | None = None) -> None:
        self.api, self.leave, self._lives = api, leave, lives

    def ready(self) -> str:
        """Wait until it answers; returns the URL. ResourceError when it does not."""
        deadline = time.monotonic() + (_START_S if self._lives else _STOP_S)
        while not _answers(self.api):
            if time.monotonic() > deadline or (self._lives and not self._lives()):
                raise self._failure()
            time.sleep(_POLL_S)
        return self.api

    def _failure(self) -> ResourceError:
        if self._lives is None:
            remedy = "Start it with `flow ui`, or unset PREFECT_API_URL: then a run brings its own."
            return ResourceError(f"The Prefect server {self.api} does not answer.", remedy)
        if (shortage := disk_shortage(prefect_home() / "prefect.db")) is not None:
            return shortage
        log = prefect_home() / "server.log"
        last = log.read_text(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
        return ResourceError(f"The Prefect server did not start: {last[0]}", f"See {log}, and run `flow doctor`.")


def hand_over() -> None:
    """Give the server what Prefect still holds back of a run. To be called before the server is left."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    EventsWorker.drain_all(timeout=_STOP_S)
    APILogWorker.drain_all(timeout=_STOP_S)


@contextmanager
def announced_server(api: str) -> Iterator[None]:
    """While the block runs, other runs on this machine use the server at `api`."""
    notice = prefect_home() / "ui.json"
    notice.parent.mkdir(parents=True, exist_ok=True)
    notice.write_text(json.dumps({"api": api}))
    try:
        yield
    finally:
        notice.unlink(missing_ok=True)


def _announced() -> str:
    found = _read(prefect_home() / "ui.json")
    api = str(found.get("api", ""))
    return api if api and _answers(api) else ""


def _shared(home: Path, leave: Callable[[], None]) -> Starting:
    """The server that another run has started, or a new one."""
    with open(home / "starting.lock", "w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        found = _read(home / "server.json")
        if found and _is_server(process_id := int(found["pid"])):
            return Starting(str(found["api"]), leave, lambda: _is_server(process_id))
        api, process = _start(home)
        (home / "server.json").write_text(json.dumps({"api": api, "pid": process.pid}))
        return Starting(api, leave, lambda: process.poll() is None)


def _start(home: Path) -> tuple[str, subprocess.Popen[bytes]]:
    port = _free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", _FACTORY, "--host", "127.0.0.1", "--port", str(port)]
    command += ["--log-level", "error", "--lifespan", "on"]
    environment = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"} | _BARE
    with open(home / "server.log", "wb") as log:
        # A session of its own: Ctrl-C in the terminal is for the run, which then stops the server in order.
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    return f"http://127.0.0.1:{port}/api", server


def _leave(home: Path, users: IO[str]) -> None:
    """Stop the server unless another run still uses it: each of them holds the lock, shared."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    found = _read(home / "server.json")
    (home / "server.json").unlink(missing_ok=True)
    if found and _is_server(int(found["pid"])):
        _end(int(found["pid"]))


def _end(process_id: int) -> None:
    deadline = time.monotonic() + _STOP_S
    try:
        os.kill(process_id, signal.SIGTERM)
        while time.monotonic() < deadline:
            if os.waitpid(process_id, os.WNOHANG)[0]:
                return
            time.sleep(_POLL_S)
        os.kill(process_id, signal.SIGKILL)
        os.waitpid(process_id, 0)
    except (ProcessLookupError, ChildProcessError):  # it is gone, or another run's child
        return


def _answers(api: str) -> bool:
    """Asked past any proxy of the environment."""
    from urllib.error import URLError
    from urllib.request import ProxyHandler, build_opener

    try:
        with build_opener(ProxyHandler({})).open(f"{api.rstrip('/')}/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError, ValueError):
        return False


def _is_server(process_id: int) -> bool:
    """Lives, and is no other program that got the same number later."""
    try:
        os.kill(process_id, 0)
        command = Path("/proc", str(process_id), "cmdline").read_bytes()
    except (ProcessLookupError, PermissionError):
        return False
    except FileNotFoundError:  # a system without /proc
        return True
    return _FACTORY.encode() in command


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
