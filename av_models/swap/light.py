"""The plate's light, how it changes over seconds.

It is measured on many frames. What is quicker than a few seconds is not followed: it would be the mouth, a blink or
the noise of the measurement, and the face would pump.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

WINDOW_S = 2.0
"""Standard deviation of the window over time."""

KNOT_S = 1.0
ALWAYS_SKIN = 0.9
"""Share of the frames in which a pixel must be bare skin to be measured: the same pixels in every frame, so that a
chin that drops with the mouth takes no part."""

MAX_LOG_GAIN = 0.5


def light_over_time(time_s: Floats, faces: Floats, plates: Floats, skin: Floats) -> tuple[Floats, Floats]:
    """Knots in seconds (K,) and the logarithm of each channel's gain there (K,3).

    faces, plates (N,D,D,3) at the same place, skin (N,D,D) 0..1; linear between knots.
    """
    steady = (skin > 0.5).mean(0) > ALWAYS_SKIN
    if steady.sum() < 64:
        return np.zeros(1), np.zeros((1, 3))
    painted, seen = (_log_level(pictures, steady) for pictures in (faces, plates))
    ratio = np.clip(seen - painted, -MAX_LOG_GAIN, MAX_LOG_GAIN)
    knots = np.arange(time_s[0], time_s[-1] + KNOT_S, KNOT_S)
    weight = np.exp(-0.5 * ((knots[:, None] - time_s[None]) / WINDOW_S) ** 2) + 1e-12
    return knots, (weight / weight.sum(1, keepdims=True)) @ ratio


def gain_at(time_s: Floats, knots: Floats, log_gain: Floats) -> NDArray[np.float32]:
    """Gains (N,3) at times (N,)."""
    return np.exp(np.stack([np.interp(time_s, knots, column) for column in log_gain.T], -1)).astype(np.float32)


def _log_level(pictures: Floats, where: NDArray[np.bool_]) -> Floats:
    return np.log(np.stack([np.median(picture[where], axis=0) for picture in pictures]) + 0.02)


__all__ = ["gain_at", "light_over_time"]
