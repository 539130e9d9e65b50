"""Driven and performed mouths in one shot: from one to the other without a jump, and never through a closure."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..domain.speech import Phone
from .closing import closed_frames, shut_at
from .gestures import gestures_of
from .visemes import MouthRange

Floats = NDArray[np.floating[Any]]

FADE_S = 0.08


def driven_share(drives: NDArray[np.bool_], rate: Fraction) -> NDArray[np.float64]:
    """drives (n,): the speech moves the lips -> its share (n,), 0..1, eased over FADE_S round every change."""
    edges = np.flatnonzero(np.diff(drives.astype(int)))
    share = drives.astype(np.float64)
    if not len(edges):
        return share
    frames = np.arange(len(drives))
    nearest = edges[abs(frames[:, None] - (edges + 0.5)).argmin(1)]
    away_s = (frames - nearest - 0.5) / float(rate)
    way = np.clip(away_s / FADE_S + 0.5, 0, 1)
    way = way * way * (3 - 2 * way)
    return np.where(drives[np.minimum(nearest + 1, len(drives) - 1)], way, 1 - way)


def blended(
    driven: Floats, performed: Floats, share: Floats, phones: Sequence[Phone], times_s: Floats, mouth: MouthRange
) -> NDArray[np.float32]:
    """Codes (n,8), `share` (n,) of the driven ones; lips are shut on every p, b and m that a change runs through."""
    mixed = np.asarray(performed + (driven - performed) * share[:, None], np.float64)
    mixed = np.where(share[:, None] == 1, driven, mixed)
    fading = (share > 0) & (share < 1)
    frames = [frame for gesture in gestures_of(phones) for frame in closed_frames(gesture, times_s) if fading[frame]]
    return shut_at(frames, mixed, times_s, mouth)


__all__ = ["blended", "driven_share"]
