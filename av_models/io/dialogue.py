"""The dialogue of a programme as one sound: every line at its sample, read in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .audio import read_audio

__all__ = ["Dialogue", "SpokenLine"]

Samples = NDArray[np.float32]

_HELD_LINES = 4


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """audio: a sound file.  start, end: the samples of the programme between which it may be heard."""

    audio: Path
    start: int
    end: int


class Dialogue:
    """Lines in mono at `rate_hz`; silence between them. Where two overlap, both are heard."""

    n_channels = 1

    def __init__(self, lines: Sequence[SpokenLine], n_samples: int, rate_hz: int) -> None:
        self.n_samples = n_samples
        self._lines = lines
        self._decoded = lru_cache(maxsize=_HELD_LINES)(lambda audio: read_audio(audio, rate_hz))

    def read(self, start: int, end: int) -> Samples:
        block = np.zeros((end - start, 1), np.float32)
        for line in self._lines:
            if line.start >= end or line.end <= start:
                continue
            spoken = self._decoded(line.audio)[: line.end - line.start]
            first, last = max(start, line.start), min(end, line.start + len(spoken))
            if first < last:
                block[first - start : last - start, 0] += spoken[first - line.start : last - line.start]
        return block
