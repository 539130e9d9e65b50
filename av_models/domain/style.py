"""A performance as a model of pace and melody: what is taken from it is how it is said, never whose voice it is."""

from __future__ import annotations

from dataclasses import dataclass

from .media import MediaRef
from .speech import Performance

__all__ = ["Reference", "Style", "StyleReading"]


@dataclass(frozen=True, slots=True)
class Reference:
    """A recording that shows how something is to be said.

    of: whose lines, a role or a line's number; '' for all that have none of their own.  name: of the file, for people.
    text: what is said in it, '' if nobody knows.
    """

    of: str
    name: str
    media: MediaRef
    text: str

    @property
    def part(self) -> str:
        """As a `ClearedRecord` calls it."""
        return f"style of {self.of}" if self.of else "style"


@dataclass(frozen=True, slots=True)
class Style:
    """How somebody speaks, in numbers.

    syllables_per_s: while there is speech, pauses left out.  comma_ms, sentence_ms: usual pauses, 0 where there are
    none to measure.  middle_hz: median pitch.  spread_st: half of what lies between its 16th and 84th percentile.
    finals_st: (mark, semitones) of the movement over the last 0.3 s before '.', '?' and ','.  swing_db: standard
    deviation of the vowels' levels.  speech_s: how much speech it was measured on.
    """

    syllables_per_s: float
    comma_ms: int
    sentence_ms: int
    middle_hz: float
    spread_st: float
    finals_st: tuple[tuple[str, float], ...]
    swing_db: float
    speech_s: float

    def final_st(self, mark: str) -> float | None:
        return dict(self.finals_st).get(mark)


@dataclass(frozen=True, slots=True)
class StyleReading:
    """What a reference gave. performance: None where its text is not known or not said. notes: for the user."""

    style: Style
    performance: Performance | None
    notes: tuple[str, ...] = ()
