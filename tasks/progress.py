"""How far a long stage is and how long it will take, for whoever watches: the terminal, and an artifact in Prefect.

    with Progress("track faces", n_frames, unit="frame", label="actor_b.mp4") as progress:
        follow(pictures, backend, on_progress=progress.reach)

A stage that reports is also a stage that can be stopped: after `request_stop` the next report ends it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self
from uuid import UUID

from tasks.artifacts import artifact_key, in_run

__all__ = [
    "Progress",
    "Report",
    "StageStopped",
    "Watcher",
    "announce",
    "request_stop",
    "stopping_together",
    "unwatched",
    "watch",
    "written_time",
]

ARTIFACT_EVERY_S = 3.0
WATCHERS_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class Report:
    """key: of the `Progress` that reports.  title, label: which stage, which one of several of it.  share: 0..1.

    n_total: 0 where nothing is counted.  left_s: None while unknown.  ended: this was the last report.
    """

    key: int
    title: str
    label: str
    share: float
    n_done: int
    n_total: int
    unit: str
    note: str
    elapsed_s: float
    left_s: float | None
    ended: bool

    @property
    def name(self) -> str:
        return f"{self.title}, {self.label}" if self.label else self.title

    @property
    def sentence(self) -> str:
        """For the artifact: 'track faces, actor_b.mp4: 120 of 300 frames, about 40 s left'."""
        counted = f"{self.n_done} of {self.n_total} {self.unit}s" if self.n_total else f"{self.share:.0%}"
        if self.ended:
            done = f"{self.n_done} {self.unit}s" if self.n_total else "done"
            return f"{self.name}: {done} in {written_time(self.elapsed_s)}"
        left = f", about {written_time(self.left_s)} left" if self.left_s is not None else ""
        return f"{self.name}: {counted}{left}" + (f" ({self.note})" if self.note else "")


class StageStopped(Exception):
    """Raised inside a stage that is to end because its run has ended; the reason of that is what the user is told.

    No KeyboardInterrupt, which would travel from a worker thread to the main one.
    """


class Watcher(Protocol):
    """Somebody who looks on. All three are called from any thread."""

    def progressed(self, report: Report) -> None: ...
    def announced(self, subject: str, sentence: str) -> None: ...
    def held(self, held: bool) -> None:
        """Keep off the screen (True), or go on (False)."""
        ...


_log = logging.getLogger(__name__)
_no_run = threading.Event()  # stops what belongs to no run
_stop: ContextVar[threading.Event] = ContextVar("stop", default=_no_run)
"""Stops the run that this thread works for. Threads of a run inherit it, so that a stage which only begins when its
run has ended already ends as well."""
_runs: list[threading.Event] = []
_watchers: list[Watcher] = []


def watch(watcher: Watcher) -> Callable[[], None]:
    """Have `watcher` told of everything in this process, from any thread; returns what ends that."""
    _watchers.append(watcher)
    return lambda: _watchers.remove(watcher)


def announce(subject: str, sentence: str) -> None:
    """Tell the watchers of something that is finished: what, and a few words about it."""
    for watcher in tuple(_watchers):
        watcher.announced(subject, sentence)


@contextmanager
def unwatched() -> Iterator[None]:
    """Somebody is being asked something: watchers keep off the screen meanwhile."""
    for watcher in tuple(_watchers):
        watcher.held(True)
    try:
        yield
    finally:
        for watcher in tuple(_watchers):
            watcher.held(False)


def request_stop() -> None:
    """End every stage of this process at its next report."""
    for stop in tuple(_runs) or (_no_run,):
        stop.set()


@contextmanager
def stopping_together() -> Iterator[None]:
    """When one stage of the block fails, those beside it end at their next report instead of going on alone."""
    stop = threading.Event()
    before = _stop.set(stop)
    _runs.append(stop)
    try:
        yield
    except BaseException:
        stop.set()
        raise
    finally:
        _runs.remove(stop)
        _stop.reset(before)


def written_time(seconds: float) -> str:
    """'40 s', '3:05 min' or '1:02:00 h'."""
    whole = round(seconds)
    minutes, s = divmod(whole, 60)
    if minutes == 0:
        return f"{s} s"
    hours, m = divmod(minutes, 60)
    return f"{m}:{s:02d} min" if hours == 0 else f"{hours}:{m:02d}:{s:02d} h"


class Progress:
    """Progress of one stage. n_total: in `unit`s, 0 if it does not count them.  label: tells equal titles apart."""

    def __init__(self, title: str, n_total: int = 0, unit: str = "frame", label: str = "") -> None:
        self.title, self.n_total, self.unit, self.label = title, n_total, unit.removesuffix("s"), label
        self._share, self._n_done, self._note = 0.0, 0, ""
        self._left_s: float | None = None
        self._began_s = self._told_s = self._drawn_s = time.monotonic()
        self._artifact: UUID | None = None
        self._stop = _stop.get()

    def __enter__(self) -> Self:
        self._began_s = self._told_s = self._drawn_s = time.monotonic()
        self._tell()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._share = 1.0
        self._tell(ended=True)
        if self._artifact is not None and kind is None:
            self._draw(ended=True)

    def reach(self, n_done: int, note: str = "") -> None:
        """`n_done` of `n_total` units are done. Cheap enough to be called at every frame."""
        self._n_done = n_done
        self.update(n_done / self.n_total if self.n_total > 0 else 0.0, note=note)

    def update(self, share: float, *, left_s: float | None = None, note: str = "") -> None:
        """`share` (0..1) is done. left_s: if the stage knows it better. StageStopped after `request_stop`."""
        if self._stop.is_set():
            raise StageStopped(f"{self.title} was stopped.")
        self._share, self._left_s, self._note = min(1.0, max(0.0, share)), left_s, note or self._note
        now_s = time.monotonic()
        if now_s - self._told_s >= WATCHERS_EVERY_S:
            self._told_s = now_s
            self._tell()
        if now_s - self._drawn_s >= ARTIFACT_EVERY_S:
            self._drawn_s = now_s
            self._draw()

    def _report(self, ended: bool = False) -> Report:
        elapsed_s = time.monotonic() - self._began_s
        left_s = self._left_s
        if left_s is None and self._share > 0 and elapsed_s > 1:
            left_s = elapsed_s * (1 - self._share) / self._share
        counts = self._n_done, self.n_total, self.unit
        return Report(id(self), self.title, self.label, self._share, *counts, self._note, elapsed_s, left_s, ended)

    def _tell(self, ended: bool = False) -> None:
        for watcher in tuple(_watchers):
            watcher.progressed(self._report(ended))

    def _draw(self, ended: bool = False) -> None:
        """Create or move the artifact. A server that does not answer must not end hours of work."""
        from prefect.artifacts import create_progress_artifact, update_progress_artifact

        if not in_run():
            return
        report = self._report(ended)
        percent = round(100 * report.share, 1)
        try:
            if self._artifact is None:
                key = artifact_key(self.title, self.label, "progress")
                made = create_progress_artifact(percent, key=key, description=report.sentence)
                self._artifact = made if isinstance(made, UUID) else None
            else:
                update_progress_artifact(self._artifact, percent, description=report.sentence)
        except Exception as error:
            if self._stop.is_set():  # the server's client was closed with the run
                return
            _log.warning("Progress of %s could not be shown: %s", report.name, error)
