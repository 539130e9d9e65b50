"""`flow ui`: a Prefect server, a deployment of every flow and the finished pages, all on this machine until Ctrl-C.

For more than one machine: configs/prefect.yaml and docker/.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from av_models.domain.errors import InputError, ResourceError

if TYPE_CHECKING:
    from starlette.applications import Starlette

__all__ = ["media_pages", "ui"]

_OFFERED = (
    *("produce", "speak", "align", "sync", "faces"),
    *("train_face", "swap", "train_voice", "clone_voice", "bench", "listening", "listening_results"),
)
"""Modules of flows, each with the flow of its name."""

_START_S = 90
_STOP_S = 10
_ASK_S = 2


def ui(host: str = "127.0.0.1", port: int = 4200) -> None:
    """Serve everything and block. The pages of finished productions are at port + 1.

    Errors: InputError when a port is taken, ResourceError when the server does not start.
    """
    from flows.server import announced_server, prepare_prefect
    from tasks.reporting import MEDIA_URL_VARIABLE

    prepare_prefect()
    _refuse_taken(host, port, port + 1)
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    api, pages = f"http://{shown}:{port}/api", f"http://{shown}:{port + 1}"
    # Before Prefect is imported here, and inherited by the processes that run the flows.
    os.environ |= {"PREFECT_API_URL": api, "PREFECT_UI_API_URL": api, MEDIA_URL_VARIABLE: pages}
    with ExitStack() as stack:
        stack.callback(signal.signal, signal.SIGTERM, signal.signal(signal.SIGTERM, _stop))
        stack.enter_context(_prefect_server(host, port))
        stack.enter_context(announced_server(api))
        stack.enter_context(_served(media_pages(), host, port + 1))
        print(f"Prefect:  http://{shown}:{port}\nPages:    {pages}\nCtrl-C stops both.", file=sys.stderr, flush=True)
        _serve_flows(api)


def media_pages(out: Path | None = None) -> Starlette:
    """A site of the output folders: a list at '/', the files under it, seekable (Range requests are answered).

    out: `out` of the media directory, made if absent.
    """
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import HTMLResponse, Response
    from starlette.routing import Mount, Route
    from starlette.staticfiles import StaticFiles

    from av_models.io.report import render_index
    from tasks.workspace import media_dir

    folder = out or media_dir() / "out"
    folder.mkdir(parents=True, exist_ok=True)

    def index(request: Request) -> Response:
        return HTMLResponse(render_index(folder))

    return Starlette(routes=[Route("/", index), Mount("/", StaticFiles(directory=folder))])


def _serve_flows(api: str) -> None:
    """Offer every flow as a deployment of its name and run what is asked for, one at a time, until interrupted."""
    from importlib import import_module

    from prefect import serve
    from prefect.settings import PREFECT_API_URL, temporary_settings
    from prefect.types.entrypoint import EntrypointType

    with temporary_settings({PREFECT_API_URL: api}):
        deployments = []
        for name in _OFFERED:
            flow = getattr(import_module(f"flows.{name}"), name)
            deployments.append(
                flow.to_deployment(
                    flow.name,
                    description=flow.description,
                    tags=["understudy"],
                    # By module: the path of a file would be looked up in the folder where `flow ui` was typed.
                    entrypoint_type=EntrypointType.MODULE_PATH,
                )
            )
        # Not `flow.serve`: that pickles the flow for each run, and the types of its parameters are left behind.
        serve(*deployments, limit=1, query_seconds=_ASK_S, print_starting_message=False)


@contextmanager
def _prefect_server(host: str, port: int) -> Iterator[None]:
    """A server in a session of its own, so that Ctrl-C reaches it through us and only once."""
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", host, "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        health = f"{os.environ['PREFECT_API_URL']}/health"
        _wait_until(lambda: _answers(health), lambda: server.poll() is None, "The Prefect server")
        yield
    finally:
        _end(server)


@contextmanager
def _served(app: Starlette, host: str, port: int) -> Iterator[None]:
    """The site in a thread of this process."""
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(app, host=host, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, name="media-pages", daemon=True)
    thread.start()
    try:
        _wait_until(lambda: server.started, thread.is_alive, "The server of the pages")
        yield
    finally:
        server.should_exit = True
        thread.join(_STOP_S)


def _wait_until(ready: Callable[[], bool], alive: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _START_S
    while not ready():
        if not alive() or time.monotonic() > deadline:
            raise ResourceError(f"{what} did not start.", "See the lines above, then run `flow doctor`.")
        time.sleep(0.2)


def _answers(url: str) -> bool:
    import httpx

    try:
        # Past any proxy of the environment: the server is on this machine.
        return httpx.get(url, timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _refuse_taken(host: str, *ports: int) -> None:
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise InputError(
                    f"{host}:{port} cannot be used ({error.strerror}).",
                    "Stop the other program, or choose another port: flow ui --port 4300.",
                ) from error


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _stop(*_: object) -> None:
    raise KeyboardInterrupt
