"""How far lips are parted, read from their picture.

Landmarks take a shadow or the teeth for a lip: on rendered strangers they know with r = 0.6 how far nearly shut lips
are parted, and now and then a shut mouth gets open lips for a frame. A small network that was trained once on many
fictional people with exact labels (`lip_reader.md`) sees the picture instead, and where the two are far apart, the
lower lip is moved towards what it says. Small differences stay, so that lips are measured in one way throughout. What
is read counts only where it follows the landmarks as a whole: on faces that it cannot read, they stay as they were
found.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .lip_network import LipReader

__all__ = ["lip_window", "read_gaps", "with_lips_as_read"]

Floats = NDArray[np.floating[Any]]
Pixels = NDArray[np.uint8]

ROWS, COLUMNS = slice(156, 268), slice(88, 232)
"""Where the lips lie in the crop of `fit.FIT_PX`."""

_LEAST_AGREEMENT = 0.7
"""Correlation of what is read with the landmarks' own gap over a track."""

_LEAST_FRAMES = 24
_READ_SHARE = 0.8
"""Of a gap that landmarks and picture tell together. Best on people whom the reader never saw was 0.7 to 0.8."""

_TOLERATED = 0.5
"""In spreads of the landmarks' own gap: what differs by less is left alone, and by so much less is moved what differs
by more. With everything moved, painted lips closed less often as landmarks see it (15 of 19, with this 19)."""

_INNER, _OUTER = (62, 66), (51, 57)
"""The middle of the upper and of the lower lip."""

_LOWER_INNER = {65: 0.8, 66: 1.0, 67: 0.8}
_LOWER_OUTER = {55: 0.5, 56: 1.0, 57: 1.0, 58: 1.0, 59: 0.5}
"""Points, and how far they go: near the corners of the mouth lips part less than in its middle."""


def lip_window(crop: Pixels) -> Pixels:
    """crop (FIT_PX,FIT_PX,3) RGB -> grey picture (H,W) of the lips."""
    import cv2

    return np.asarray(cv2.cvtColor(crop[ROWS, COLUMNS], cv2.COLOR_RGB2GRAY), np.uint8)


def read_gaps(windows: Pixels) -> Floats:
    """How far lips are parted in windows (B,H,W), see `lip_window`: (B,), in no unit, more is wider. Many at once: one
    by one, threads wait for one another for longer than they work."""
    import torch

    with torch.inference_mode():
        return np.asarray(_reader()(torch.from_numpy(windows).float()[:, None] / 255)[:, 0].numpy())


def with_lips_as_read(landmarks: Floats, gaps: Floats) -> Floats:
    """landmarks (N,68,2) px of one track, gaps (N,) read in the same frames, NaN in both where there is no face ->
    landmarks whose lower lips are nearer to what is read where that is far away; all as they were where the two do not
    follow one another."""
    points = np.asarray(landmarks, np.float64)
    seen = np.isfinite(points).all((1, 2)) & np.isfinite(gaps)
    if seen.sum() < _LEAST_FRAMES:
        return points
    unit = np.linalg.norm(points[:, 45] - points[:, 36], axis=1)
    inner, outer = (_apart(points, *pair) / unit for pair in (_INNER, _OUTER))
    if _correlation(inner[seen] + outer[seen], gaps[seen]) < _LEAST_AGREEMENT:
        return points
    moved = _lowered(points, unit * _wrong_by(inner, gaps, seen), _LOWER_INNER)
    return _lowered(moved, unit * _wrong_by(outer, gaps, seen), _LOWER_OUTER)


def _wrong_by(own: Floats, gaps: Floats, seen: NDArray[np.bool_]) -> Floats:
    """(N,): what is to be added to the landmarks' own gap."""
    spread = own[seen].std()
    read = (gaps - np.median(gaps[seen])) / max(float(gaps[seen].std()), 1e-6) * spread + np.median(own[seen])
    apart = np.where(seen, np.maximum(_READ_SHARE * read + (1 - _READ_SHARE) * own, 0) - own, 0.0)
    return np.asarray(np.sign(apart) * np.maximum(np.abs(apart) - _TOLERATED * spread, 0))


def _apart(points: Floats, a: int, b: int) -> Floats:
    return np.asarray(np.linalg.norm(points[:, a] - points[:, b], axis=1))


def _correlation(one: Floats, other: Floats) -> float:
    spread = float(one.std() * other.std())
    return float(((one - one.mean()) * (other - other.mean())).mean() / spread) if spread > 1e-12 else 0.0


def _lowered(points: Floats, by_px: Floats, lip: dict[int, float]) -> Floats:
    """Points of a lip moved down the face by (N,) px."""
    eyes = points[:, 45] - points[:, 36]
    down = np.stack([-eyes[:, 1], eyes[:, 0]], 1) / np.maximum(np.linalg.norm(eyes, axis=1), 1e-6)[:, None]
    moved = points.copy()
    for point, share in lip.items():
        moved[:, point] += share * by_px[:, None] * down
    return moved


@lru_cache
def _reader() -> LipReader:
    from .lip_network import load_lip_reader

    return load_lip_reader()
