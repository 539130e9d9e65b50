"""One production run from the command line: its server, its bars, its last words and its exit code."""

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
from typing import TYPE_CHECKING, Any

from av_models.domain.errors import ResourceError, UnderstudyError
from av_models.io.disk import disk_shortage
from flows.server import Starting, hand_over, prepare_prefect, run_server
from tasks.workspace import prefect_home

if TYPE_CHECKING:
    from flows.parameters import Production

__all__ = ["run_production"]

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
    try:
        page = _produce(config, given, assignments, quiet=as_json, debug=debug)
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
    _conclude(page, time.monotonic() - began_s, as_json)
    return 0


def _produce(
    config: Path | None, given: Mapping[str, Any], assignments: Sequence[str], quiet: bool, debug: bool
) -> Path:
    prepare_prefect(debug)
    from flows.parameters import load_production

    production = load_production(config, given, assignments)
    with run_server() as server, _stoppable(server, quiet):
        from flows.terminal import shown_progress

        with shown_progress(quiet):
            return _run_flow(production, server.ready)


def _run_flow(production: Production, ready: Callable[[], str]) -> Path:
    """Prefect is imported while its server starts."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows.produce import produce

    try:
        with temporary_settings({PREFECT_API_URL: ready()}):
            try:
                return produce(production)
            finally:
                hand_over()
    except MemoryError as error:
        raise ResourceError(
            "The memory of this machine is full.", "Close other programs, or lower training.batch."
        ) from error


@contextmanager
def _stoppable(server: Starting, as_json: bool) -> Iterator[None]:
    """Ctrl-C ends the run in order; a second one, or a stage that does not listen, ends it at once."""

    def end_now(*_: object) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(_SHOW_CURSOR)
        _fail(_INTERRUPTED, *_GO_ON, as_json)
        sys.stdout.flush()
        sys.stderr.flush()
        server.leave()
        os._exit(_INTERRUPTED)

    def interrupt(*_: object) -> None:
        from tasks.progress import request_stop

        signal.signal(signal.SIGINT, end_now)
        request_stop()
        watchdog = threading.Timer(_PATIENCE_S, end_now)
        watchdog.daemon = True
        watchdog.start()
        raise KeyboardInterrupt

    before = {kind: signal.signal(kind, interrupt) for kind in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


def _conclude(page: Path, took_s: float, as_json: bool) -> None:
    """Where everything is. The report is read back, so that what is said here is what stands there."""
    from tasks.progress import written_time

    out = page.parent
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    made_master = report.get("timeline") is not None
    if as_json:
        answer = {
            "ok": True,
            "out": str(out),
            "master": str(out / "master.mp4") if made_master else None,
            "page": str(page),
            "report": str(out / "report.json"),
            "until": report["production"]["until"],
            "seconds": round(took_s, 1),
            "measured": report.get("measured"),
            "stages": report.get("stages"),
            "consent_ids": report.get("consent_ids"),
        }
        print(json.dumps(answer, ensure_ascii=False), flush=True)
        return
    if made_master:
        print(f"Video:  {out / 'master.mp4'}")
    else:
        print(f"Stopped after '{report['production']['until']}', as asked: {out}")
    print(f"Page:   {page}\nTook:   {written_time(took_s)}", flush=True)


def _fail(code: int, message: str, remedy: str, as_json: bool) -> int:
    if as_json:
        print(json.dumps({"ok": False, "exit_code": code, "error": message, "remedy": remedy}, ensure_ascii=False))
    else:
        print(f"\nError: {message}\n{remedy}" if code != _INTERRUPTED else f"\n{message} {remedy}", file=sys.stderr)
    return code
