"""What every speech engine is: a line and settings in, samples and exact times out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from av_models.domain.script import Line
from av_models.domain.speech import Phone, Word

__all__ = ["Engine", "PacedEngine", "Synthesis", "TimedEngine", "timed_engine"]


@dataclass(frozen=True, slots=True, eq=False)
class Synthesis:
    """samples: float32 (n,), -1..1.  words, phones: times in seconds; phones cover [0, n / rate_hz) without gaps."""

    samples: np.ndarray
    rate_hz: int
    words: tuple[Word, ...]
    phones: tuple[Phone, ...]


class Engine(Protocol):
    """name: its key in the registry and in `Voice.engine`. An engine whose words do not depend on the seed says so by
    `draws_lots = False`."""

    name: str

    def synthesize(
        self, line: Line, settings: Mapping[str, str], weights: Sequence[bytes], language: str, seed: int
    ) -> Synthesis:
        """Speak one line. Equal arguments give equal samples. InputError for wrong settings, ModelError for weights."""
        ...


@runtime_checkable
class PacedEngine(Protocol):
    """An engine that can say each word faster or slower than of its own accord."""

    def synthesize_paced(
        self,
        line: Line,
        settings: Mapping[str, str],
        weights: Sequence[bytes],
        language: str,
        seed: int,
        paces: Sequence[float],
    ) -> Synthesis:
        """As `Engine.synthesize`. paces: for each spoken word how many times as fast, or none at all."""
        ...


@runtime_checkable
class TimedEngine(Protocol):
    """An engine that can be told when every phone begins and ends, so that nothing need be stretched afterwards."""

    def respeak(
        self,
        line: Line,
        phones: Sequence[Phone],
        settings: Mapping[str, str],
        weights: Sequence[bytes],
        language: str,
        seed: int,
    ) -> Synthesis:
        """Speak the line with these phones at these times, which cover [0, end) without gaps: labels as `synthesize`
        gave them, starts and ends free, silences put in or left out between words. As long as they are to the sample.

        InputError when the phones are not the line's, when they leave too little room, or when this voice cannot.
        """
        ...


def timed_engine(engine: Engine, settings: Mapping[str, str]) -> TimedEngine | None:
    """The engine, if with these settings it can be told when phones begin; one that depends on them says so by a
    method `can_respeak(settings)`."""
    if not isinstance(engine, TimedEngine):
        return None
    can_respeak = getattr(engine, "can_respeak", None)
    return engine if can_respeak is None or can_respeak(settings) else None
