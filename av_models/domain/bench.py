"""One figure of a bench: what was measured, and what it should be."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Sense(StrEnum):
    """Which way is good. NONE: the figure is shown beside others and has no target of its own."""

    AT_MOST = "at most"
    AT_LEAST = "at least"
    NONE = ""


@dataclass(frozen=True, slots=True)
class BenchRow:
    """part: of the suite.  measured: None when it could not be.  note: on what, or why not."""

    part: str
    name: str
    measured: float | None
    unit: str = ""
    sense: Sense = Sense.NONE
    target: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """None without a target; what could not be measured is not met."""
        if self.target is None or self.sense is Sense.NONE:
            return None
        if self.measured is None or self.measured != self.measured:
            return False
        return self.measured <= self.target if self.sense is Sense.AT_MOST else self.measured >= self.target


def at_most(part: str, name: str, measured: float | None, target: float, unit: str = "", note: str = "") -> BenchRow:
    return BenchRow(part, name, measured, unit, Sense.AT_MOST, target, note)


def at_least(part: str, name: str, measured: float | None, target: float, unit: str = "", note: str = "") -> BenchRow:
    return BenchRow(part, name, measured, unit, Sense.AT_LEAST, target, note)


def shown(part: str, name: str, measured: float | None, unit: str = "", note: str = "") -> BenchRow:
    """A figure without a target."""
    return BenchRow(part, name, measured, unit, note=note)
