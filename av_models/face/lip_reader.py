"""How far lips are parted, read from their picture.

Landmarks take a shadow or the teeth for a lip: on rendered strangers they know with r = 0.6 how far nearly shut lips
are parted, and now and then a shut mouth gets open lips for a frame. A small network that was trained once on many
fictional people with exact labels (`lip_reader.md`) sees the picture instead. The two err in different places, so each
track's lower lips are moved to what both say together. What is read counts only where it follows the landmarks as
a whole: on faces that it cannot read, they stay as they were found.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .lip_network import LipReader

__all__ = ["LEAST_AGREEMENT", "lip_window", "read_gap", "with_lips_as_read"]

Floats = NDArray[np.floating[Any]]
Pixels = NDArray[np.uint8]

ROWS, COLUMNS = slice(156, 268), slice(88, 232)
"""Where the lips lie in the crop of `fit.FIT_PX`."""

LEAST_AGREEMENT = 0.7
"""Correlation of what is read with the landmarks' own gap over a track."""

_LEAST_FRAMES = 24
_OUTER_SHARE, _READ_SHARE = 0.2, 0.7
"""Of a fused gap, from the outer lips and from the picture; the rest is the landmarks' own. Best on people whom the
reader never saw."""

_UPPER, _LOWER, _OUTER_UPPER, _OUTER_LOWER = 62, 66, 51, 57
_LOWER_LIP = (55, 56, 57, 58, 59, 65, 66, 67)
_CORNERS = {55: 0.5, 59: 0.5, 65: 0.8, 67: 0.8}
"""Points near the corners of the mouth part less than those in its middle."""


def lip_window(crop: Pixels) -> Pixels:
    """crop (FIT_PX,FIT_PX,3) RGB -> grey picture (H,W) of the lips."""
    import cv2

    return np.asarray(cv2.cvtColor(crop[ROWS, COLUMNS], cv2.COLOR_RGB2GRAY), np.uint8)


def read_gap(crop: Pixels) -> float:
    """How far lips are parted in a crop as `fit.Fit` has it; in no unit, more is wider."""
    import torch

    with torch.inference_mode():
        window = torch.from_numpy(lip_window(crop)).float()[None, None] / 255
        return float(_reader()(window)[0, 0])


def with_lips_as_read(landmarks: Floats, gaps: Floats) -> Floats:
    """landmarks (N,68,2) px of one track, gaps (N,) read in the same frames, NaN in both where there is no face ->
    landmarks whose lower lips lie where landmarks and picture together say; as they were where the two disagree."""
    points = np.asarray(landmarks, np.float64)
    seen = np.isfinite(points).all((1, 2)) & np.isfinite(gaps)
    if seen.sum() < _LEAST_FRAMES:
        return points
    unit = np.linalg.norm(points[:, 45] - points[:, 36], axis=1)
    inner, outer = (_apart(points, *pair) / unit for pair in ((_UPPER, _LOWER), (_OUTER_UPPER, _OUTER_LOWER)))
    if _correlation(inner[seen] + outer[seen], gaps[seen]) < LEAST_AGREEMENT:
        return points
    told = [_in_units_of(inner, one, seen) for one in (outer, gaps)]
    fused = _OUTER_SHARE * told[0] + _READ_SHARE * told[1] + (1 - _OUTER_SHARE - _READ_SHARE) * inner
    farther = np.where(seen, np.maximum(fused, 0) - inner, 0.0) * unit
    return _lowered(points, farther)


def _apart(points: Floats, a: int, b: int) -> Floats:
    return np.asarray(np.linalg.norm(points[:, a] - points[:, b], axis=1))


def _in_units_of(wanted: Floats, other: Floats, seen: NDArray[np.bool_]) -> Floats:
    """`other` (N,) with the middle and the spread of `wanted`."""
    middle, spread = np.median(other[seen]), other[seen].std()
    return np.asarray((other - middle) / max(float(spread), 1e-6) * wanted[seen].std() + np.median(wanted[seen]))


def _correlation(one: Floats, other: Floats) -> float:
    spread = float(one.std() * other.std())
    return float(((one - one.mean()) * (other - other.mean())).mean() / spread) if spread > 1e-12 else 0.0


def _lowered(points: Floats, by_px: Floats) -> Floats:
    """The lower lip moved down the face by (N,) px."""
    eyes = points[:, 45] - points[:, 36]
    down = np.stack([-eyes[:, 1], eyes[:, 0]], 1) / np.maximum(np.linalg.norm(eyes, axis=1), 1e-6)[:, None]
    moved = points.copy()
    for point in _LOWER_LIP:
        moved[:, point] += _CORNERS.get(point, 1.0) * np.nan_to_num(by_px)[:, None] * down
    return moved


@lru_cache
def _reader() -> LipReader:
    from .lip_network import load_lip_reader

    return load_lip_reader()
