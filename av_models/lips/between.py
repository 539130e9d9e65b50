"""Pictures between two frames, for footage that is slowed down."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.unsignedinteger[Any]]
"""Of 8 or 16 bits a sample."""
Floats = NDArray[np.floating[Any]]
NEAR = 0.06
MIXED = 0.08
"""Only so far round the middle are the two frames mixed. A mean of two has half the grain of either, and footage whose
grain came and went would show where it was retimed."""


def nearly(position: float) -> int | None:
    """0 where the frame before is shown as it is, 1 where the one after is, None where they are interpolated."""
    return 0 if position < NEAR else 1 if position > 1 - NEAR else None


def between(before: Pixels, after: Pixels, position: float) -> Pixels:
    """The picture at `position` 0..1 between two frames (H,W,3), moved along dense optical flow (DIS, Kroeger et al.
    2016).

    Within NEAR of a frame that frame itself is shown: a copy is sharper than any interpolation.
    """
    import cv2

    near = nearly(position)
    if near is not None:
        return (before, after)[near]
    first, second = (np.asarray(cv2.cvtColor(_eight_bits(p), cv2.COLOR_RGB2GRAY)) for p in (before, after))
    estimate = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    forward: Floats = np.asarray(estimate.calc(first, second, np.zeros((*first.shape, 2), np.float32)), np.float32)
    backward: Floats = np.asarray(estimate.calc(second, first, np.zeros((*first.shape, 2), np.float32)), np.float32)
    rows, columns = np.mgrid[0 : before.shape[0], 0 : before.shape[1]].astype(np.float32)

    def moved(picture: Pixels, flow: Floats, share: float) -> Floats:
        x, y = ((axis - flow[..., k] * share).astype(np.float32) for k, axis in enumerate((columns, rows)))
        return cv2.remap(picture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)

    share = float(np.clip(0.5 + (position - 0.5) / MIXED, 0, 1))
    mixed = np.zeros(before.shape, np.float32)
    if share < 1:
        mixed += (1 - share) * moved(before, forward, position)
    if share > 0:
        mixed += share * moved(after, backward, 1 - position)
    return np.clip(np.rint(mixed), 0, np.iinfo(before.dtype).max).astype(before.dtype)


def _eight_bits(picture: Pixels) -> NDArray[np.uint8]:
    return np.asarray(picture if picture.dtype == np.uint8 else picture >> 8, np.uint8)


__all__ = ["between", "nearly"]
