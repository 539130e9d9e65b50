"""What every speech engine is: a line and settings in, samples and exact times out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from av_models.domain.script import Line
from av_models.domain.speech import Phone, Word

__all__ = ["Engine", "PacedEngine", "Synthesis"]


@dataclass(frozen=True, slots=True, eq=False)
class Synthesis:
    """samples: float32 (n,), -1..1.  words, phones: times in seconds; phones cover [0, n / rate_hz) without gaps."""

    samples: np.ndarray
    rate_hz: int
    words: tuple[Word, ...]
    phones: tuple[Phone, ...]


class Engine(Protocol):
    """name: its key in the registry and in `Voice.engine`."""

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
