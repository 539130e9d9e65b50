"""Louder and quieter words: gains with soft edges, exact in decibels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .times import Stretch

__all__ = ["levelled"]

Samples = NDArray[np.float32]

_RAMP_MS = 16
_LOUDEST = 0.98


def levelled(samples: Samples, rate_hz: int, stretches: Sequence[Stretch], gains_db: Sequence[float]) -> Samples:
    """Mono (n,) with gains_db[i] added to stretches[i], softly at their edges; all turned down where it would clip."""
    if not any(gains_db):
        return samples
    curve_db = np.zeros(samples.size, np.float32)
    for stretch, gain_db in zip(stretches, gains_db, strict=True):
        curve_db[stretch.first : stretch.end] = gain_db
    width = max(1, round(_RAMP_MS * rate_hz / 1000))
    padded = np.pad(curve_db, (width // 2, width - 1 - width // 2), mode="edge").astype(np.float64)
    sums = np.concatenate([[0.0], np.cumsum(padded)])
    smooth_db = (sums[width:] - sums[:-width]) / width
    louder = samples * 10 ** (smooth_db / 20)
    peak = float(np.abs(louder).max(initial=0.0))
    return np.asarray(louder * min(1.0, _LOUDEST / max(peak, 1e-9)), np.float32)
