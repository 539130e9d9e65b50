"""Exact time: seconds are Fractions, sound is counted in samples, frame rates stay rational."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open stretch of time [start, end) in seconds."""

    start: Fraction
    end: Fraction

    @property
    def duration(self) -> Fraction:
        return self.end - self.start


def frame_time(frame: int, rate: Fraction) -> Fraction:
    """Seconds at which `frame` (from 0) begins at `rate` frames per second."""
    return Fraction(frame) / rate


def frames_covering(duration: Fraction, rate: Fraction) -> int:
    """The least number of whole frames that lasts at least `duration` seconds."""
    return -((-duration * rate) // 1)


def sample_at(time: Fraction, rate_hz: int) -> int:
    """The sample (from 0) nearest to `time` seconds."""
    return round(time * rate_hz)


def timecode(frame: int, rate: Fraction) -> str:
    """HH:MM:SS:FF, non-drop, counted at the rounded-up rate as SMPTE ST 12-1 does."""
    base = -(-rate // 1)
    seconds, part = divmod(frame, base)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{part:02d}"
