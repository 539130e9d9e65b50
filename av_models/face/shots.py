"""Where one shot ends and another begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ShotCuts", "shot_of_frames"]

Rgb = NDArray[np.uint8]
Floats = NDArray[np.floating[Any]]

_CUT_CHANGE = 18.0
"""Least mean change of a 32 x 18 picture, in steps of 0..255."""

_CUT_FACTOR = 4.0


class ShotCuts:
    """Tells pictures that have nothing to do with the one before."""

    def __init__(self) -> None:
        self._before: Floats | None = None
        self._usual = 0.0

    def is_cut(self, rgb: Rgb) -> bool:
        """True for the first picture and for every one that differs much more from the one before than is usual."""
        import cv2

        step = max(1, min(rgb.shape[:2]) // 90)
        small = cv2.resize(np.ascontiguousarray(rgb[::step, ::step]), (32, 18), interpolation=cv2.INTER_AREA)
        now, before = small.astype(np.float32), self._before
        self._before = now
        if before is None:
            return True
        change = float(np.abs(now - before).mean())
        cut = change > _CUT_CHANGE and change > _CUT_FACTOR * self._usual
        if not cut:
            self._usual = 0.8 * self._usual + 0.2 * change
        return cut


def shot_of_frames(arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.int32]:
    """(N,) number of each frame's shot, from the arrays of a `FaceTrack`; one shot where they say nothing of cuts."""
    shot = arrays["shot"] if "shot" in arrays else np.zeros(len(arrays["usable"]))
    return np.asarray(shot, np.int32)
