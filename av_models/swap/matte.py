"""Where the painted face shows, and how its edge runs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..face.mask import hull_mask

Floats = NDArray[np.floating[Any]]


def hull_masks(landmarks: Floats, size_px: int) -> NDArray[np.float32]:
    """(N,68,2) px -> hard hulls (N,size_px,size_px)."""
    return np.stack([hull_mask(points, (size_px, size_px), feather=0.0) for points in landmarks])


def paste_mask(learned: Floats, hull: Floats, erode_px: float, blur_px: float) -> NDArray[np.float32]:
    """Where the painted face shows, (D,D) 0..1: inside the actor's hull and the painted face, soft towards the
    inside.

    With erode_px of two blur_px the soft edge ends inside both faces, and neither hair nor background comes along.
    """
    import cv2

    both = (np.minimum(learned, hull) > 0.5).astype(np.float32)
    shrink = 2 * round(erode_px) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (shrink, shrink))
    inner = cv2.erode(both, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    if blur_px <= 0:
        return np.asarray(inner, np.float32)
    return cv2.GaussianBlur(inner, (0, 0), blur_px, borderType=cv2.BORDER_CONSTANT).astype(np.float32)


__all__ = ["hull_masks", "paste_mask"]
