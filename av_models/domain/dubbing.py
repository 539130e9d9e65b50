"""What a translation does to the length of speech: sentence by sentence, the original beside the dubbed one."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from .edit import Isochrony


@dataclass(frozen=True, slots=True)
class DubbedSentence:
    """original, dubbed: as written; several sentences where a translator joined or divided them, '' where one has no
    counterpart.  isochrony: None where the original was not found in the footage, or there is none."""

    original: str
    dubbed: str
    original_syllables: int
    dubbed_syllables: int
    isochrony: Isochrony | None

    @property
    def original_rate(self) -> float | None:
        """Syllables a second."""
        return _rate(self.original_syllables, self.isochrony.room_s) if self.isochrony else None

    @property
    def dubbed_rate(self) -> float | None:
        """Syllables a second, as the voice says it of its own accord."""
        return _rate(self.dubbed_syllables, self.isochrony.spoken_s) if self.isochrony else None


@dataclass(frozen=True, slots=True)
class Dubbing:
    """Languages as BCP-47. note: a sentence about what could not be compared, '' if all was."""

    original_language: str
    language: str
    sentences: tuple[DubbedSentence, ...]
    note: str = ""

    @property
    def syllables_over(self) -> int:
        """Of the sentences that are too long, all together."""
        return sum(max(0, one.isochrony.syllables_over) for one in self.sentences if one.isochrony)


def _rate(n_syllables: int, seconds: Fraction) -> float | None:
    return round(float(n_syllables / seconds), 2) if seconds else None
