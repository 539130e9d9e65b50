"""What a person sees while a run goes on: a line for each finished stage, a bar with the time left for a long one."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tasks.progress import Report, watch, written_time

if TYPE_CHECKING:
    from rich.progress import TaskID

__all__ = ["Terminal", "shown_progress"]

_SUBJECT_WIDTH = 12


class Terminal:
    """Bars are drawn on a terminal only; a log file gets the lines. quiet: draws and writes nothing."""

    def __init__(self, quiet: bool = False) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self._console = Console(file=sys.stderr, highlight=False, quiet=quiet)
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("[dim]{task.fields[left]}[/]"),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._known: dict[int, TaskID] = {}
        self._held = False
        self._lock = threading.Lock()
        self._began_s = time.monotonic()

    def announced(self, subject: str, sentence: str) -> None:
        from rich.markup import escape

        clock = written_time(time.monotonic() - self._began_s).rjust(9)
        line = f"[dim]{clock}[/]  [bold]{subject:{_SUBJECT_WIDTH}}[/] {escape(sentence)}"
        with self._lock:
            self._console.print(line, soft_wrap=True)

    def progressed(self, report: Report) -> None:
        from rich.markup import escape

        with self._lock:
            if report.ended:
                self._drop(report.key)
            elif not self._held:
                if report.key not in self._known:
                    self._known[report.key] = self._bars.add_task(escape(report.name), total=1.0, left="")
                left = f"{written_time(report.left_s)} left" if report.left_s is not None else ""
                shown = ", ".join(part for part in (left, report.note) if part)
                self._bars.update(self._known[report.key], completed=report.share, left=escape(shown))
                if not self._bars.live.is_started:
                    self._bars.start()

    def held(self, held: bool) -> None:
        with self._lock:
            self._held = held
            if held:
                self.close()

    def close(self) -> None:
        """Take the bars off the screen."""
        for key in tuple(self._known):
            self._drop(key)

    def _drop(self, key: int) -> None:
        if key in self._known:
            self._bars.remove_task(self._known.pop(key))
        if not self._known and self._bars.live.is_started:
            self._bars.stop()


@contextmanager
def shown_progress(quiet: bool = False) -> Iterator[Terminal]:
    """Progress of this process on stderr while the block runs."""
    terminal = Terminal(quiet)
    unwatch = watch(terminal)
    try:
        yield terminal
    finally:
        unwatch()
        terminal.close()
