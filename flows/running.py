"""One run of a flow from the command line: its server, its bars, its last words and its exit code."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from av_models.domain.errors import ResourceError, UnderstudyError
from av_models.domain.production import MASTERS
from av_models.io.disk import disk_shortage
from flows.server import Starting, hand_over, prepare_prefect, run_server
from tasks.workspace import prefect_home

if TYPE_CHECKING:
    from flows.parameters import Production

__all__ = ["run_command", "run_production"]

T = TypeVar("T")

_INTERRUPTED = 130
_UNEXPECTED = 70  # EX_SOFTWARE of sysexits.h
_PATIENCE_S = 10.0
_SHOW_CURSOR = "\x1b[?25h"  # the bars had hidden it
_GO_ON = "Interrupted.", "Run the same command again to go on: finished stages are kept."


def run_production(
    config: Path | None, given: Mapping[str, Any], assignments: Sequence[str], as_json: bool, debug: bool
) -> int:
    """Run `produce` and report; returns the exit code. Errors are shown, not raised, unless `debug`."""
    began_s = time.monotonic()

    def video() -> dict[str, Any]:
        prepare_prefect(debug)
        from flows.parameters import load_production

        production = load_production(config, given, assignments)
        page = _served(lambda: _produce(production), as_json, debug, import_flow=_import_produce)
        return _facts(page, time.monotonic() - began_s)

    return _reported(video, _show_video, as_json, debug)


def run_command(
    call: Callable[[], dict[str, Any]], show: Callable[[dict[str, Any]], None], as_json: bool, debug: bool
) -> int:
    """Run `call`, which runs a flow, and report what it returns: by `show`, or as one line of JSON.

    Returns the exit code. Errors are shown, not raised, unless `debug`.
    """
    return _reported(lambda: _served(call, as_json, debug), show, as_json, debug)


def _reported(
    made: Callable[[], dict[str, Any]], show: Callable[[dict[str, Any]], None], as_json: bool, debug: bool
) -> int:
    """The exit code of whatever happens in `made`, whose answer goes to stdout."""
    try:
        answer = made()
    except UnderstudyError as error:
        if debug:
            traceback.print_exc()
        return _fail(error.exit_code, error.message, error.remedy, as_json)
    except KeyboardInterrupt:
        return _fail(_INTERRUPTED, *_GO_ON, as_json)
    except Exception as error:
        if debug:
            traceback.print_exc()
        if (shortage := disk_shortage(prefect_home() / "prefect.db")) is not None:  # the database gives no reason
            return _fail(shortage.exit_code, shortage.message, shortage.remedy, as_json)
        problem = f"{type(error).__name__}: {error}"
        return _fail(
            _UNEXPECTED, f"This should not happen: {problem}", "Run again with --debug for the details.", as_json
        )
    if as_json:
        print(json.dumps({"ok": True} | answer, ensure_ascii=False), flush=True)
    else:
        show(answer)
    return 0


def _served(call: Callable[[], T], as_json: bool, debug: bool, import_flow: Callable[[], None] = lambda: None) -> T:
    """`call` with a Prefect server behind it and bars on the terminal. import_flow: done while the server starts."""
    prepare_prefect(debug)
    with run_server() as server, _stoppable(server, as_json):
        from flows.terminal import shown_progress

        with shown_progress(as_json):
            return _with_server(call, import_flow, server.ready)


def _with_server(call: Callable[[], T], import_flow: Callable[[], None], ready: Callable[[], str]) -> T:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    import_flow()
    try:
        with temporary_settings({PREFECT_API_URL: ready()}):
            try:
                return call()
            finally:
                hand_over()
    except MemoryError as error:
        raise ResourceError(
            "The memory of this machine is full.", "Close other programs, or lower training.batch."
        ) from error


def _import_produce() -> None:
    import flows.produce  # noqa: F401


def _produce(production: Production) -> Path:
    from flows.produce import produce

    return produce(production)


@contextmanager
def _stoppable(server: Starting, as_json: bool) -> Iterator[None]:
    """Ctrl-C ends the run in order; a second one, or a stage that does not listen, ends it at once."""
    asked = threading.Event()

    def end_now(*_: object) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(_SHOW_CURSOR)
        _fail(_INTERRUPTED, *_GO_ON, as_json)
        sys.stdout.flush()
        sys.stderr.flush()
        server.leave()
        os._exit(_INTERRUPTED)

    def interrupt(*_: object) -> None:
        signal.signal(signal.SIGINT, end_now)
        asked.set()
        _stop_stages()
        watchdog = threading.Timer(_PATIENCE_S, end_now)
        watchdog.daemon = True
        watchdog.start()
        raise KeyboardInterrupt

    before = {kind: signal.signal(kind, interrupt) for kind in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except Exception as error:
        # Prefect, stopped between two of its steps, says what it missed; the user only pressed Ctrl-C.
        if asked.is_set() and not isinstance(error, UnderstudyError):
            raise KeyboardInterrupt from error
        raise
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


def _stop_stages() -> None:
    """None is at work before the module that they report to is loaded, and a signal may find it half loaded."""
    request_stop = getattr(sys.modules.get("tasks.progress"), "request_stop", None)
    if request_stop is not None:
        request_stop()


def _facts(page: Path, took_s: float) -> dict[str, Any]:
    """What a run made. The report is read back, so that what is said here is what stands there."""
    out = page.parent
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    made = [out / name for name in MASTERS if report.get("timeline") is not None and (out / name).is_file()]
    return {
        "out": str(out),
        "master": str(made[0]) if made else None,
        "page": str(page),
        "report": str(out / "report.json"),
        "until": report["production"]["until"],
        "seconds": round(took_s, 1),
        "measured": report.get("measured"),
        "stages": report.get("stages"),
        "consent_ids": report.get("consent_ids"),
    }


def _show_video(facts: dict[str, Any]) -> None:
    from tasks.progress import written_time

    if facts["master"]:
        print(f"Video:  {facts['master']}")
    else:
        print(f"Stopped after '{facts['until']}', as asked: {facts['out']}")
    print(f"Page:   {facts['page']}\nTook:   {written_time(facts['seconds'])}", flush=True)


def _fail(code: int, message: str, remedy: str, as_json: bool) -> int:
    if as_json:
        print(json.dumps({"ok": False, "exit_code": code, "error": message, "remedy": remedy}, ensure_ascii=False))
    else:
        print(f"\nError: {message}\n{remedy}" if code != _INTERRUPTED else f"\n{message} {remedy}", file=sys.stderr)
    return code
