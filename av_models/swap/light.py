"""The plate's light: how it changes over seconds, and from which side it comes.

Both are measured on many frames. What is quicker than a few seconds is not followed: it would be the mouth, a blink or
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
SHADING_PX = 64
_SHADING_SIGMA = 0.11
"""Of the crop's side: cheeks and forehead are told apart, noses and lips are not."""

_MAX_SHADING = 0.3
_FADE = 0.15


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


def side_light(faces: Floats, plates: Floats, skin: Floats) -> NDArray[np.float32]:
    """Smooth gain (SHADING_PX, SHADING_PX) that gives faces (N,D,D,3) the plates' light and shade, 1 where no skin is
    seen.

    Of lightness alone: the colours are the table's affair.
    """
    import cv2

    small = [_shrunk(pictures.mean(-1)) for pictures in (faces, plates)]
    weight = _shrunk(np.asarray(skin, np.float32)) * (_shrunk((skin > 0.5).astype(np.float32)).mean(0) > 0.5)
    change = (weight * (np.log(small[1] + 0.02) - np.log(small[0] + 0.02))).sum(0)
    sigma = _SHADING_SIGMA * SHADING_PX
    much = cv2.GaussianBlur(weight.mean(0), (0, 0), sigma)
    field = cv2.GaussianBlur(change / len(weight), (0, 0), sigma) / (much + _FADE * max(float(much.max()), 1e-6))
    return np.exp(np.clip(field, -_MAX_SHADING, _MAX_SHADING)).astype(np.float32)


def _log_level(pictures: Floats, where: NDArray[np.bool_]) -> Floats:
    return np.log(np.stack([np.median(picture[where], axis=0) for picture in pictures]) + 0.02)


def _shrunk(planes: Floats) -> NDArray[np.float32]:
    import cv2

    size = (SHADING_PX, SHADING_PX)
    return np.stack([cv2.resize(np.asarray(plane, np.float32), size, interpolation=cv2.INTER_AREA) for plane in planes])


__all__ = ["SHADING_PX", "gain_at", "light_over_time", "side_light"]
