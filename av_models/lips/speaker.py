"""Whose lips belong to the sound, when several faces are to be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .drift import measure_course
from .expected import Target
from .sync import REACH_MS

__all__ = ["LipRun", "speaking_face"]

Floats = NDArray[np.float64]

_LEAST_SHARE = 0.4


@dataclass(frozen=True, slots=True, eq=False)
class LipRun:
    """One face for a while. frames: (k,) rising.  gap: (k,)."""

    frames: NDArray[np.int64]
    gap: Floats


def speaking_face(
    runs: Sequence[LipRun], times_s: Floats, target: Target, reach_ms: float = REACH_MS
) -> tuple[int, ...]:
    """Which runs show the speaker: the one that follows the speech best, and all others that follow it alike without
    being on screen together with it. Without any peak: the longest run and those that do not overlap it.

    times_s: (n,) of the frames' middles.
    """
    order = sorted(range(len(runs)), key=lambda number: -len(runs[number].frames))
    scored = [(number, _evidence(runs[number], times_s, target, reach_ms)) for number in order]
    best_r = max((r for _, r in scored), default=0.0)
    ranked = sorted(scored, key=lambda pair: -(pair[1] ** 2) * len(runs[pair[0]].frames)) if best_r else scored
    chosen: list[int] = []
    taken = np.zeros(len(times_s), bool)
    for number, r in ranked:
        silent_run = len(runs[number].frames) < 0.3 * len(runs[ranked[0][0]].frames)
        follows = r >= _LEAST_SHARE * best_r or (r == 0.0 and silent_run)
        if follows and not taken[runs[number].frames].any():
            chosen.append(number)
            taken[runs[number].frames] = True
    return tuple(chosen)


def _evidence(run: LipRun, times_s: Floats, target: Target, reach_ms: float) -> float:
    course = measure_course(run.gap, times_s[run.frames], target, reach_ms)
    return course.found.correlation if course else 0.0
