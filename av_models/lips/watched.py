"""What a performance shows besides its landmarks: cuts, blinks, and a mouth that something hides.

The lids of 68 landmarks follow a blink weakly on some faces; the eyes' own pictures tell it on all: while the lids are
down they are unlike what they are most of the time. A mouth is hidden while the lower face lacks the red of its lips.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..face.shots import ShotCuts

__all__ = ["Watched", "watch_performance"]

Floats = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]
Rgb = NDArray[np.uint8]

_EYE_PX = (32, 22)
_EYE_WIDTHS = 1.7
_MOUTH_PX = (32, 24)
_MOUTH_WIDTHS = 1.5
_MOUTH_BELOW_EYES = 1.05
_USUAL_S = 1.6
"""Half of the stretch whose middle likeness is the eyes' usual one; gaze and light change more slowly."""

_BLINK_DROP = 0.13
_LID_MOVES = 0.04
_LID_SHARE = 0.3
_LONGEST_BLINK_S = 0.6
_BLINK_MARGIN_S = 0.05
_HIDDEN_SHARE = 0.65
"""On two rendered people the lips are never below 0.73 of their usual redness, a hand of their skin's colour before
the mouth leaves 0.36 to 0.73 of it, 0.5 and 0.64 in the middle."""

_LEAST_REDNESS = 3.0
"""In footage without colour nothing can be said."""

_SHORTEST_HIDDEN_S = 0.12


class PictureLike(Protocol):
    @property
    def index(self) -> int: ...
    @property
    def rgb(self) -> Rgb: ...


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """For every frame (N,) bool. cut: another shot begins here (never at 0).  blink: lids moving or down, with a
    margin.  hidden: something lies over the mouth."""

    cut: Mask
    blink: Mask
    hidden: Mask


def watch_performance(pictures: Iterable[PictureLike], landmarks: Floats, rate: float) -> Watched:
    """Look once at every frame. landmarks: (N,68,2) px, NaN where there is no face.  rate: frames a second."""
    n = len(landmarks)
    cuts, cut = ShotCuts(), np.zeros(n, bool)
    eyes = np.zeros((n, _EYE_PX[1], 2 * _EYE_PX[0]), np.float32)
    redness = np.zeros(n)
    seen = np.asarray(np.isfinite(landmarks).all((1, 2)), bool)
    for picture in pictures:
        at = picture.index
        cut[at] = cuts.is_cut(picture.rgb) and at > 0
        if seen[at]:
            eyes[at] = _eyes(picture.rgb, landmarks[at])
            redness[at] = _redness(picture.rgb, landmarks[at])
    return Watched(cut, _blinks(eyes, seen, cut, rate), _hidden(redness, seen, rate))


def _eyes(rgb: Rgb, points: Floats) -> Floats:
    """Both eyes upright and side by side, grey, of zero mean and unit deviation each."""
    import cv2

    views = []
    for outer, inner in ((36, 39), (42, 45)):
        view = _upright(rgb, points[outer], points[inner], _EYE_WIDTHS, _EYE_PX)
        grey = cv2.cvtColor(view, cv2.COLOR_RGB2GRAY).astype(np.float32)
        views.append((grey - grey.mean()) / (grey.std() + 1.0))
    return np.hstack(views)


def _redness(rgb: Rgb, points: Floats) -> float:
    """How much redder the lips are than the skin round them (a* of CIE Lab). The place is told by the eyes, since
    what hides a mouth also moves its landmarks."""
    import cv2

    right, left = points[36:42].mean(0), points[42:48].mean(0)
    across = left - right
    middle = (right + left) / 2 + _MOUTH_BELOW_EYES * np.array([-across[1], across[0]])
    view = _upright(rgb, middle - across / 2, middle + across / 2, _MOUTH_WIDTHS, _MOUTH_PX)
    red = cv2.cvtColor(view.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[..., 1]
    return float(np.percentile(red, 93) - np.percentile(red, 40))


def _upright(rgb: Rgb, left: Floats, right: Floats, widths: float, size_px: tuple[int, int]) -> Rgb:
    """The picture round the middle of two points, turned so that they lie level; `widths` of their distance wide."""
    import cv2

    across = right - left
    length = float(np.hypot(*across)) + 1e-6
    unit, scale = across / length, size_px[0] / (widths * length)
    matrix = np.array([[unit[0], unit[1], 0.0], [-unit[1], unit[0], 0.0]]) * scale
    matrix[:, 2] = np.array(size_px) / 2 - matrix[:, :2] @ ((left + right) / 2)
    flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.warpAffine(rgb, matrix, size_px, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _blinks(eyes: Floats, seen: Mask, cut: Mask, rate: float) -> Mask:
    """Short dips of the eyes' likeness to what they usually are, shot by shot."""
    blink = np.zeros(len(eyes), bool)
    for first, end in _shots(cut):
        there = np.flatnonzero(seen[first:end]) + first
        if len(there) < 8:
            continue
        usual = np.median(eyes[there], axis=0)
        likeness = (eyes[there] * usual).mean((1, 2))
        drop = _running_median(likeness, max(3, round(_USUAL_S * rate))) - likeness
        for begin, stop in _runs(drop > _LID_MOVES):
            deep = drop[begin:stop] > _LID_SHARE * drop[begin:stop].max()
            for lid, lift in _runs(deep) if drop[begin:stop].max() > _BLINK_DROP else ():
                if lift - lid <= _LONGEST_BLINK_S * rate + 1:
                    blink[there[begin + lid] : there[begin + lift - 1] + 1] = True
    return _widened(blink, round(_BLINK_MARGIN_S * rate))


def _hidden(redness: Floats, seen: Mask, rate: float) -> Mask:
    """Stretches without lips: far less red in the lower face than it usually has."""
    hidden = np.zeros(len(redness), bool)
    there = np.flatnonzero(seen)
    usual = float(np.median(redness[there])) if len(there) else 0.0
    if usual < _LEAST_REDNESS:
        return hidden
    hidden[there] = redness[there] < _HIDDEN_SHARE * usual
    for first, end in _runs(hidden):
        if end - first < _SHORTEST_HIDDEN_S * rate:
            hidden[first:end] = False
    return hidden


def _shots(cut: Mask) -> list[tuple[int, int]]:
    edges = [0, *np.flatnonzero(cut).tolist(), len(cut)]
    return [(first, end) for first, end in pairwise(edges) if end > first]


def _runs(mask: Mask) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(int)))
    return [(int(first), int(end)) for first, end in edges.reshape(-1, 2)]


def _running_median(values: Floats, half: int) -> Floats:
    from scipy.ndimage import median_filter

    return np.asarray(median_filter(values, size=2 * half + 1, mode="nearest"))


def _widened(mask: Mask, by: int) -> Mask:
    return np.convolve(mask, np.ones(2 * by + 1), "same") > 0.5 if by else mask
