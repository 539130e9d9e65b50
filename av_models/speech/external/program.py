"""A program that speaks: started, asked in lines of JSON, and ended with all its children, whatever it does.

A program that serves stays until this process ends or it is changed, so that its model is loaded once; its input then
ends, and so should it.
"""

from __future__ import annotations

import atexit
import json
import os
import queue
import shlex
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any

from av_models.domain.errors import ModelError, ResourceError, UnderstudyError

from .contract import refusal

if TYPE_CHECKING:
    import psutil

__all__ = ["Program", "end_programs", "running"]

_KEPT_LINES = 12
_POLL_S = 0.5
_GRACE_S = 2.0
_GONE_POLL_S = 0.01
_LEAVE_S = 20.0
"""To end by itself after its last answer."""

_LONGEST_LINE = 16_000_000
_OURS = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
"""Of this environment, and wrong in that of the program."""


class Program:
    """One child process. folder: its working folder, where it finds its files and writes its sound.  is_busy: it owes
    an answer."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = tuple(command)
        self._holder = TemporaryDirectory(prefix="understudy-engine-")
        self.folder = Path(self._holder.name)
        self.is_busy = False
        self._told: deque[str] = deque(maxlen=_KEPT_LINES)
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._child = self._start()
        self._readers = [
            threading.Thread(target=read, args=(stream,), daemon=True)
            for read, stream in ((self._read_answers, self._child.stdout), (self._read_errors, self._child.stderr))
        ]
        for reader in self._readers:
            reader.start()

    @property
    def name(self) -> str:
        """For messages: the program's own file rather than the interpreter before it."""
        return Path(next((word for word in self.command[1:] if not word.startswith("-")), self.command[0])).name

    @property
    def is_alive(self) -> bool:
        return self._child.poll() is None

    def ask(self, request: Mapping[str, Any], timeout_s: float, *, last: bool = False) -> dict[str, Any]:
        """The answer to one request. last: its input ends with it, and it must end well.

        Raises what the program answers, ModelError when it breaks or takes too long, ResourceError when it was killed.
        """
        assert self._child.stdin is not None
        self.is_busy = True
        try:
            self._child.stdin.write(json.dumps(request, ensure_ascii=False) + "\n")
            self._child.stdin.flush()
            if last:
                self._child.stdin.close()
        except (BrokenPipeError, ValueError) as error:
            raise self._died() from error
        answer = self._answer(timeout_s)
        self.is_busy = False
        if refused := refusal(answer, self.name):
            raise refused
        if last:
            self._leave()
        return answer

    def close(self) -> None:
        """End it with its children, gently first."""
        with suppress(OSError, ValueError):
            if self._child.stdin:
                self._child.stdin.close()
        if self.is_alive:
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(_GRACE_S)
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._child.pid, sign)
            if self._is_gone_within(_GRACE_S):
                break
        for reader in self._readers:
            reader.join(_GRACE_S)
        for stream in (self._child.stdout, self._child.stderr):
            if stream and not any(reader.is_alive() for reader in self._readers):
                stream.close()
        self._holder.cleanup()

    def _is_gone_within(self, limit_s: float) -> bool:
        """Whether it and its children have ended. Closed pipes do not tell: they close before a process is gone."""
        end_s = time.monotonic() + limit_s
        while self.is_alive or _is_group_alive(self._child.pid):
            if time.monotonic() >= end_s:
                return False
            time.sleep(_GONE_POLL_S)
        return True

    def _start(self) -> subprocess.Popen[str]:
        usual = {key: value for key, value in os.environ.items() if key not in _OURS}
        try:
            return subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=self.folder,
                env={**usual, "PYTHONUNBUFFERED": "1"},
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,  # so that its children end with it, and Ctrl-C reaches us alone
            )
        except OSError as error:
            self._holder.cleanup()
            raise ModelError(
                f"The program '{shlex.join(self.command)}' cannot be started: {error.strerror or error}.",
                "Correct 'command' of the voice, or install the program.",
            ) from error

    def _answer(self, timeout_s: float) -> dict[str, Any]:
        end_s = time.monotonic() + timeout_s
        while True:
            try:
                line = self._lines.get(timeout=_POLL_S)
            except queue.Empty:
                self._check_time(end_s, timeout_s)
                continue
            if line is None:
                raise self._died()
            answer = _document(line)
            if answer is not None:
                return answer
            self._told.append(line)

    def _check_time(self, end_s: float, timeout_s: float) -> None:
        if not threading.main_thread().is_alive():  # this process is ending: nobody waits for the answer
            self.close()
            raise ModelError(f"{self.name} was ended with the run.", "Run again.")
        if time.monotonic() >= end_s:
            self.close()
            raise ModelError(
                f"{self.name} gave no answer within {timeout_s:g} s and was ended.{self._quoted()}",
                "Set timeout_s of the voice higher, or look into the program.",
            )

    def _leave(self) -> None:
        try:
            code = self._child.wait(_LEAVE_S)
        except subprocess.TimeoutExpired:
            self.close()
            raise ModelError(
                f"{self.name} answered and did not end.", "Let the adapter end when its input does."
            ) from None
        if code:
            raise self._died()

    def _died(self) -> UnderstudyError:
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(_GRACE_S)
        for reader in self._readers:
            reader.join(_GRACE_S)
        code = self._child.poll()
        if code == -signal.SIGKILL:
            problem = f"{self.name} was killed.{self._quoted()}"
            return ResourceError(problem, "The machine may have run out of memory: free some, and run again.")
        how = "closed its output" if code is None else f"was ended by signal {-code}" if code < 0 else f"ended ({code})"
        return ModelError(
            f"{self.name} {how} without an answer.{self._quoted()}", "Correct the program, or its command."
        )

    def _quoted(self) -> str:
        """The last that it said, for the user."""
        return f" It said last:\n{chr(10).join(self._told)}\n" if self._told else ""

    def _read_answers(self, stream: IO[str]) -> None:
        with suppress(ValueError):
            while line := stream.readline(_LONGEST_LINE):
                self._lines.put(line.strip())
        self._lines.put(None)

    def _read_errors(self, stream: IO[str]) -> None:
        with suppress(ValueError):
            for line in stream:
                if line.strip():
                    self._told.append(line.rstrip()[:300])


def _is_group_alive(group: int) -> bool:
    """Whether any process of the group runs: the dead that nobody has asked after yet do not."""
    import psutil

    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # what some systems say of the dead
        pass
    return any(_is_member(process, group) for process in psutil.process_iter())


def _is_member(process: psutil.Process, group: int) -> bool:
    import psutil

    try:
        return os.getpgid(process.pid) == group and process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except (psutil.Error, OSError):
        return False


def _document(line: str) -> dict[str, Any] | None:
    """The line as an answer; None for what a library prints."""
    if not line.startswith("{"):
        return None
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and "contract" in found else None


@dataclass(slots=True)
class _Place:
    """Where the program of one command serves. lock: held while it is asked, as it answers one at a time."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    program: Program | None = None


_places: dict[tuple[str, ...], _Place] = {}
_guard = threading.Lock()


@contextmanager
def running(command: Sequence[str], identity: str = "", *, serve: bool = True) -> Iterator[Program]:
    """The program for this thread alone. serve: the one that serves, started where none does; else a new one.

    identity: of the program's files; one that serves with another is started anew.
    """
    if not serve:
        program = Program(command)
        try:
            yield program
        finally:
            program.close()
        return
    with _guard:
        place = _places.setdefault((*command, identity), _Place())
    with place.lock:
        if place.program is None or place.program.is_busy or not place.program.is_alive:
            if place.program:  # an answer that is still owed would be taken for the next one
                place.program.close()
            place.program = Program(command)
        yield place.program


def end_programs() -> None:
    """End every program that serves."""
    with _guard:
        places = list(_places.values())
        _places.clear()
    for place in places:
        if place.program:
            place.program.close()


atexit.register(end_programs)
