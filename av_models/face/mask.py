"""The part of a picture that belongs to the face: brows, raised towards the forehead, to the chin."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["hull_mask", "hull_points"]

Floats = NDArray[np.floating[Any]]

_SUBPIXEL_BITS = 4
_BROWS, _BRIDGE, _CHIN = slice(17, 27), 27, 8
_NOT_RAISED, _RAISED = 0.6, 0.9
"""Distance of a point of a brow from the nose's bridge, beside that of the same point of the other brow: up to the
first it stays, from the second on all of its rise counts. Above the brow that is turned away the head ends."""


def hull_points(landmarks: Floats, expand: float = 0.12) -> Floats:
    """Outline (K, 2) of the face. landmarks: (68, 2). expand: rise of the brows as a share of brow to chin."""
    brows = landmarks[_BROWS]
    up = brows.mean(axis=0) - landmarks[_CHIN]
    return np.concatenate([landmarks[:17], brows + expand * _in_view(brows, landmarks[_BRIDGE], up)[:, None] * up])


def _in_view(brows: Floats, bridge: Floats, up: Floats) -> Floats:
    """(10,) 0..1: how little each point of the brows (10, 2) is turned away."""
    across = np.abs((brows - bridge) @ np.array([-up[1], up[0]]))
    beside = across / np.maximum(across[::-1], 1e-6)
    return np.clip((beside - _NOT_RAISED) / (_RAISED - _NOT_RAISED), 0, 1)


def hull_mask(
    landmarks: Floats, shape: tuple[int, ...], expand: float = 0.12, feather: float = 0.04
) -> NDArray[np.float32]:
    """Soft mask (H, W) float32, 1 inside and 0 outside, 0.5 on the outline.

    landmarks: (68, 2) px.  shape: of the picture, height and width first.  expand: see `hull_points`.
    feather: standard deviation of the soft edge as a share of the height brow to chin.
    """
    import cv2

    height, width = shape[:2]
    mask = np.zeros((height, width), np.float32)
    if not np.isfinite(landmarks).all():
        return mask
    outline = hull_points(np.asarray(landmarks, np.float64), expand)
    sigma = feather * float(np.hypot(*(landmarks[17:27].mean(axis=0) - landmarks[8])))
    margin = int(np.ceil(3 * sigma)) + 2
    left, top = np.floor(outline.min(axis=0)).astype(int) - margin
    right, bottom = np.ceil(outline.max(axis=0)).astype(int) + margin + 1
    part = np.zeros((bottom - top, right - left), np.float32)
    polygon = cv2.convexHull(np.round((outline - [left, top]) * 2**_SUBPIXEL_BITS).astype(np.int32))
    cv2.fillConvexPoly(part, polygon, 1.0, cv2.LINE_8, _SUBPIXEL_BITS)
    if sigma > 0:
        part = cv2.GaussianBlur(part, (0, 0), sigma)
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
    if x0 < x1 and y0 < y1:
        mask[y0:y1, x0:x1] = part[y0 - top : y1 - top, x0 - left : x1 - left]
    return mask
