"""Crops that hold a face still: a similarity fitted on the bones of the face, so that speech does not move the crop.

Points are pixel positions with x to the right and y down; (0, 0) is the centre of the first pixel, as in OpenCV.
Templates are in units of the crop's side, (0, 0) its upper left corner: template t lies at pixel t * size - 0.5.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "FACE_SHARE", "RIGID", "align_matrix", "invert", "mean_shape", "mean_template", "similarity", "transform",
    "warp_crop",
]  # fmt: skip

Floats = NDArray[np.floating[Any]]

RIGID: tuple[int, ...] = (*range(27, 37), 39, 42, 45)
"""Bridge and base of the nose and the corners of the eyes: what neither speech nor a blink moves."""

FACE_SHARE = 0.64
"""Height from the brows to the chin as a share of the crop's side."""

_MAX_OVERSAMPLING = 8


def similarity(source: Floats, target: Floats, weight: Floats | None = None) -> Floats:
    """Least-squares turn, scale and shift (..., 2, 3) from source (..., K, 2) to target (K, 2) (Umeyama 1991).

    weight (K,): how much each point counts; all alike if left out.
    """
    weight = np.ones(source.shape[-2]) if weight is None else np.asarray(weight, np.float64)
    share = (weight / weight.sum())[:, None]
    source_mean = (share * source).sum(axis=-2, keepdims=True)
    target_mean = (share * target).sum(axis=-2, keepdims=True)
    s, t = source - source_mean, target - target_mean
    power = (share * s**2).sum(axis=(-2, -1))
    a = (share * s * t).sum(axis=(-2, -1)) / power
    b = (share[:, 0] * (s[..., 0] * t[..., 1] - s[..., 1] * t[..., 0])).sum(axis=-1) / power
    linear = np.stack([np.stack([a, -b], -1), np.stack([b, a], -1)], -2)
    shift = target_mean[..., 0, :] - (linear @ source_mean[..., 0, :, None])[..., 0]
    return np.concatenate([linear, shift[..., None]], axis=-1)


def align_matrix(landmarks: Floats, size_px: int, template: Floats) -> Floats:
    """The (2, 3) matrix, or (N, 2, 3), from picture pixels to the pixels of a crop of size_px.

    landmarks: (68, 2) or (N, 68, 2) in picture pixels. template: (68, 2) from `mean_template`.
    """
    target = np.asarray(template, np.float64)[list(RIGID)] * size_px - 0.5
    return similarity(np.asarray(landmarks, np.float64)[..., list(RIGID), :], target)


def mean_shape(landmarks: Floats) -> Floats:
    """(68, 2) in pixels of the middle frame, whose place it has: the median of landmarks (N, 68, 2), bones on bones."""
    rigid = list(RIGID)
    first = landmarks[len(landmarks) // 2]
    return np.asarray(np.median(transform(landmarks, similarity(landmarks[:, rigid], first[rigid])), axis=0))


def mean_template(landmarks: Floats) -> Floats:
    """A person's own mean shape (68, 2), upright, brow to chin FACE_SHARE of a unit crop and centred in it.

    landmarks: (N, 68, 2) of usable frames (rows with NaN are left out). Raises ValueError when none is left.
    """
    shapes = np.asarray(landmarks, np.float64)
    shapes = shapes[np.isfinite(shapes).all(axis=(1, 2))]
    if not len(shapes):
        raise ValueError("mean_template needs at least one frame with landmarks")
    rigid = list(RIGID)
    mean = _upright(shapes[0])
    for _ in range(3):
        moved = transform(shapes, similarity(shapes[:, rigid], mean[rigid]))
        mean = _upright(np.median(moved, axis=0))
    return _placed(mean)


def _upright(shape: Floats) -> Floats:
    """Turn so that the line of the eye corners lies level."""
    across = shape[[42, 45]].mean(axis=0) - shape[[36, 39]].mean(axis=0)
    cosine, sine = across / np.hypot(*across)
    return np.asarray(shape @ np.array([[cosine, -sine], [sine, cosine]]))


def _placed(shape: Floats) -> Floats:
    top, chin = shape[17:27, 1].min(), shape[8, 1]
    middle = (shape[:17, 0].min() + shape[:17, 0].max()) / 2
    return np.asarray((shape - [middle, (top + chin) / 2]) * (FACE_SHARE / (chin - top)) + 0.5)


def transform(points: Floats, matrix: Floats) -> Floats:
    """Points (..., K, 2) through a matrix (..., 2, 3)."""
    matrix = np.asarray(matrix)
    return points @ np.swapaxes(matrix[..., :2], -1, -2) + matrix[..., None, :, 2]


def invert(matrix: Floats) -> Floats:
    """The way back of a (..., 2, 3) matrix."""
    linear = np.linalg.inv(matrix[..., :2])
    return np.concatenate([linear, -(linear @ matrix[..., 2:])], axis=-1)


def warp_crop(rgb: NDArray[np.uint8], matrix: Floats, size_px: int) -> NDArray[np.uint8]:
    """The crop (size_px, size_px, C) of a picture; edges are continued. Reductions average, so they do not alias."""
    import cv2

    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    factor = int(np.clip(np.floor(1 / max(scale, 1e-6)), 1, _MAX_OVERSAMPLING))
    fine = np.asarray(matrix, np.float64) * factor
    fine[:, 2] += (factor - 1) / 2
    side = size_px * factor
    kind = cv2.INTER_CUBIC if scale * factor >= 1 else cv2.INTER_LINEAR
    crop = cv2.warpAffine(rgb, fine, (side, side), flags=kind, borderMode=cv2.BORDER_REPLICATE)
    if factor > 1:
        crop = cv2.resize(crop, (size_px, size_px), interpolation=cv2.INTER_AREA)
    return np.asarray(crop, np.uint8)
