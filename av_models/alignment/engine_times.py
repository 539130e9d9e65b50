"""The speech engine's own times, checked before they are believed."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np

from av_models.domain.errors import InputError
from av_models.domain.script import Line

from .aligner import Aligned, KnownTimes

__all__ = ["EngineTimes"]


class EngineTimes:
    name = "engine"

    def align(self, samples: np.ndarray, rate_hz: int, line: Line, language: str, known: KnownTimes) -> Aligned:
        words, phones = known
        if not phones:
            raise InputError("This voice gives no times of its own.", "Choose the aligner auto or pocketsphinx.")
        duration = Fraction(samples.size, rate_hz)
        gapless = all(left.end == right.start for left, right in pairwise(phones))
        if phones[0].start != 0 or phones[-1].end != duration or not gapless:
            raise InputError("The voice's times do not cover its sound.", "Choose the aligner pocketsphinx.")
        return Aligned(words, phones, None, self.name)
