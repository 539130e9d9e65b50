"""Speech with imposed durations: the phones that an engine is told, or, where it can only be paced, every word said
again until it lasts as long as wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from av_models.domain.speech import Phone, Word

from .engine import Synthesis

__all__ = ["PACE_LIMITS", "impose", "lasting"]

Floats = NDArray[np.float64]

PACE_LIMITS = (0.6, 1.6)
"""Beyond these an engine's own voice sounds wrong, however the durations came about."""

_NEAR_S = 0.006
_TAKES = 4


def impose(
    say: Callable[[Sequence[float]], Synthesis],
    wanted_s: Sequence[float | None],
    limits: tuple[float, float] = PACE_LIMITS,
) -> Synthesis:
    """Say a line so that its words last wanted_s seconds, as nearly as pacing can; None leaves a word its own pace.

    say: the engine's `synthesize_paced` with everything but the paces. The take with the least error is returned.
    """
    free = say((1.0,) * len(wanted_s))
    own = _lengths(free)
    if own is None or len(own) != len(wanted_s):
        return free
    wanted = np.array([own[k] if one is None else one for k, one in enumerate(wanted_s)], np.float64)
    best, least = free, _error(own, wanted)
    paces = own / np.maximum(wanted, 1e-3)
    for _ in range(_TAKES):
        paces = np.clip(paces, *limits)
        take = say(tuple(float(pace) for pace in paces))
        lasts = _lengths(take)
        if lasts is None or len(lasts) != len(wanted):
            break
        if (error := _error(lasts, wanted)) < least:
            best, least = take, error
        if error < _NEAR_S:
            break
        paces = paces * lasts / np.maximum(wanted, 1e-3)
    return best


def lasting(
    phones: Sequence[Phone],
    words: Sequence[Word],
    wanted_s: Sequence[float | None],
    limits: tuple[float, float] = PACE_LIMITS,
) -> tuple[Phone, ...]:
    """The phones of a take, each word's all longer or shorter alike so that it lasts wanted_s seconds, at a pace within
    the limits; None leaves a word its own. Silences and breaths keep their lengths.

    words: one for each of wanted_s, in order, as the engine gave them with the phones.
    """
    moved: list[Phone] = []
    at = Fraction(0)
    index = 0
    for phone in phones:
        while index < len(words) and words[index].end <= phone.start:
            index += 1
        pace = Fraction(1)
        if index < len(words) and words[index].start <= phone.start:
            pace = _pace(words[index], wanted_s[index], limits)
        end = at + (phone.end - phone.start) / pace
        moved.append(replace(phone, start=at, end=end))
        at = end
    return tuple(moved)


def _pace(word: Word, wanted_s: float | None, limits: tuple[float, float]) -> Fraction:
    """How many times as fast as of its own accord a word is said."""
    if wanted_s is None:
        return Fraction(1)
    pace = float(word.end - word.start) / max(wanted_s, 1e-3)
    return Fraction(min(max(pace, limits[0]), limits[1])).limit_denominator(10_000)


def _lengths(take: Synthesis) -> Floats | None:
    """Seconds of each word up to the next one, but for the pauses between; None if the engine does not know."""
    return np.array([float(word.end - word.start) for word in take.words]) if take.words else None


def _error(lasts: Floats, wanted: Floats) -> float:
    return float(np.abs(lasts - wanted).mean())
