"""Steady landmarks without lag: the head's pose is smoothed strongly, what the face does on it only where it rests.

Each frame is averaged with pairs of frames as far before as after it, so that an even movement passes unchanged and
nothing is late or early. A pair counts less the more its mean differs from the frame itself, measured in units of the
track's own noise (a bilateral filter, Tomasi and Manduchi 1998, over time): lips that close for one frame are many
noises away from the frames around them and stay as they were seen. A second pass weighs by the result of the first,
where noise no longer hides what rests and what moves.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .blink_errors import mended
from .warp import RIGID, invert, mean_shape, similarity, transform

__all__ = ["smooth"]

Floats = NDArray[np.floating[Any]]
_Parts = list[list[int]]

_JAW: _Parts = [list(range(6)), list(range(6, 11)), list(range(11, 17))]
_BROWS: _Parts = [list(range(17, 22)), list(range(22, 27))]
_NOSE: _Parts = [list(range(27, 36))]
_RIGHT_EYE: _Parts = [[36, 39], [37, 38], [40, 41]]
_LEFT_EYE: _Parts = [[42, 45], [43, 44], [46, 47]]
_MOUTH: _Parts = [[48, 54, 60, 64], [49, 50, 51, 52, 53], [55, 56, 57, 58, 59], [61, 62, 63], [65, 66, 67]]

_REACH_FRAMES = 12
_NEAR_FRAMES = 5.0
_TOLERANCES = (1.0, 0.5)
"""For each pass: a pair may differ by this many times what noise alone explains before it loses weight."""

_YIELDING, _FIRM = 0.5, 1.0
"""How fast it loses weight beyond. Firm for the mouth, whose every move counts."""


def smooth(landmarks: Floats) -> Floats:
    """Smooth one unbroken run (N, 68, 2) of one face; no row may hold NaN."""
    raw = mended(landmarks)
    if len(raw) < 3:
        return raw
    mean = mean_shape(raw)
    to_mean = similarity(raw[:, list(RIGID)], mean[list(RIGID)])
    still = transform(raw, to_mean)
    bones = mean[[36, 45, 33]]
    carried = transform(np.broadcast_to(bones, (len(raw), *bones.shape)), invert(to_mean))
    pose = invert(similarity(_steadied(carried, [[0, 1, 2]], _YIELDING), bones))
    for group in (_JAW, _BROWS, _NOSE, _RIGHT_EYE, _LEFT_EYE, _MOUTH):
        points = [point for part in group for point in part]
        starts = np.cumsum([0, *(len(part) for part in group)])
        parts = [list(range(a, b)) for a, b in pairwise(starts)]
        still[:, points] = _steadied(still[:, points], parts, _FIRM if group is _MOUTH else _YIELDING)
    return transform(still, pose)


def _steadied(points: Floats, parts: _Parts, firmness: float) -> Floats:
    """points: (N, K, 2). parts: points that move together; the part that differs most decides for all."""
    noise = [_noise_power(points[:, part]) for part in parts]
    guide = points
    for tolerance, steepness in zip(_TOLERANCES, (_YIELDING, firmness), strict=True):
        total, weight = points.copy(), np.ones((len(points), 1, 1))
        for reach in range(1, min(_REACH_FRAMES, len(points) - 1) + 1):
            apart = ((_pairs(guide, reach) - guide) ** 2).mean(axis=-1)
            excess = [apart[:, part].mean(axis=1) / (1.5 * power) for part, power in zip(parts, noise, strict=True)]
            doubt = steepness * np.maximum(np.max(excess, axis=0) - tolerance, 0)
            trust = 2 * np.exp(-0.5 * (reach / _NEAR_FRAMES) ** 2 - doubt)[:, None, None]
            total += trust * _pairs(points, reach)
            weight += trust
        guide = total / weight
    return guide


def _pairs(points: Floats, reach: int) -> Floats:
    """Mean of the frames `reach` before and after each; at the ends, of the one that there is, twice."""
    n, frame = len(points), np.arange(len(points))
    before, after = frame - reach, frame + reach
    early = np.where(before < 0, np.minimum(after, n - 1), before)
    late = np.where(after >= n, np.maximum(before, 0), after)
    return np.asarray((points[early] + points[late]) / 2)


def _noise_power(points: Floats) -> float:
    """Variance a coordinate of what flickers from frame to frame (second differences of the calmer frames)."""
    second = points[2:] - 2 * points[1:-1] + points[:-2]
    return float(np.quantile((second**2).mean(axis=(-2, -1)) / 6, 0.4)) + 1e-9
