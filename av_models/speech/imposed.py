"""Speech with imposed durations: an engine that can be paced says every word again until it lasts as long as wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from .engine import Synthesis

__all__ = ["PACE_LIMITS", "impose"]

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


def _lengths(take: Synthesis) -> Floats | None:
    """Seconds of each word up to the next one, but for the pauses between; None if the engine does not know."""
    return np.array([float(word.end - word.start) for word in take.words]) if take.words else None


def _error(lasts: Floats, wanted: Floats) -> float:
    return float(np.abs(lasts - wanted).mean())
