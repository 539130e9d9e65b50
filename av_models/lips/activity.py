"""When a mouth speaks, told by its picture alone: stretches in which the lips move, and the moments at which they shut.

For footage without sound, or whose sound is another text: what an onlooker sees begin, end and close.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .mouth import CHIN, GAP, mouth_codes

__all__ = ["MouthPhrase", "mouth_phrases"]

Floats = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

_WINDOW_S = 0.2
_MOVING_SHARE = 0.22
"""Of the usual reach of a speaking mouth within _WINDOW_S; smaller movements are breath and landmarks' noise."""

_LEAST_REACH = 0.02
"""Of the distance between the eyes: a mouth that never moves more than this does not speak."""

_OPEN_SHARE = 0.35
"""A mouth that stands open this far between two movements goes on speaking: a long vowel."""

_SHORTEST_PAUSE_S = 0.28
_SHORTEST_PHRASE_S = 0.15
_SHUT_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class MouthPhrase:
    """start_s, end_s: of the footage, from the first movement to the last.  shut_s: middles of closings in between."""

    start_s: float
    end_s: float
    shut_s: tuple[float, ...]

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


def mouth_phrases(landmarks: Floats, times_s: Floats) -> tuple[MouthPhrase, ...]:
    """landmarks: (N,68,2) px, NaN without a face.  times_s: (N,) of the frames. Empty for a mouth that never moves."""
    if len(times_s) < 5:
        return ()
    codes = mouth_codes(landmarks).astype(np.float64)
    good = np.isfinite(codes[:, GAP]) & np.isfinite(codes[:, CHIN])
    if good.sum() < 5:
        return ()
    step_s = float(np.median(np.diff(times_s)))
    opening = codes[:, GAP] + 0.5 * (codes[:, CHIN] - np.nanmedian(codes[:, CHIN]))
    opening = np.interp(times_s, times_s[good], opening[good])
    reach = _reach(opening, max(1, round(_WINDOW_S / step_s / 2)))
    usual = float(np.percentile(reach[good], 85))
    if usual < _LEAST_REACH:
        return ()
    low, high = np.percentile(opening[good], [5, 90])
    moving = (reach > _MOVING_SHARE * usual) & good
    speaking = moving | (good & (opening > low + _OPEN_SHARE * (high - low)))
    return tuple(
        MouthPhrase(float(times_s[first]), float(times_s[last]), _shut(codes[first : last + 1, GAP], times_s[first:]))
        for first, last in _joined(speaking, moving, times_s)
    )


def _reach(opening: Floats, half: int) -> Floats:
    """How far the opening changes within `half` frames to either side, the window's edges let go."""
    from scipy.ndimage import maximum_filter1d, minimum_filter1d

    smooth = np.convolve(np.pad(opening, 1, "edge"), (0.25, 0.5, 0.25), "valid")
    size = 2 * half + 1
    spread = maximum_filter1d(smooth, size) - minimum_filter1d(smooth, size)
    # Near either end of a movement the window already sees it; what counts is where the movement itself is.
    return np.asarray(minimum_filter1d(spread, size) if half else spread)


def _joined(speaking: Mask, moving: Mask, times_s: Floats) -> list[tuple[int, int]]:
    """First and last frame of runs of speaking, short pauses bridged, from the first movement in each to the last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], speaking, [False]]).astype(int))).reshape(-1, 2)
    runs: list[tuple[int, int]] = []
    for first, end in edges.tolist():
        if runs and times_s[first] - times_s[runs[-1][1]] < _SHORTEST_PAUSE_S:
            runs[-1] = (runs[-1][0], end - 1)
        else:
            runs.append((first, end - 1))
    moved = [np.flatnonzero(moving[first : last + 1]) + first for first, last in runs]
    spans = [(int(frames[0]), int(frames[-1])) for frames in moved if len(frames)]
    return [(first, last) for first, last in spans if times_s[last] - times_s[first] >= _SHORTEST_PHRASE_S]


def _shut(gap: Floats, times_s: Floats) -> tuple[float, ...]:
    """Middles of the stretches in which the inner gap is next to nothing, but for those at either end."""
    if len(gap) < 3 or not np.isfinite(gap).any():
        return ()
    low, high = np.nanpercentile(gap, [2, 90])
    closed = np.nan_to_num(gap, nan=1.0) < low + _SHUT_SHARE * (high - low)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], closed, [False]]).astype(int))).reshape(-1, 2)
    inner = [(first, end) for first, end in edges.tolist() if first > 0 and end < len(gap)]
    return tuple(float(times_s[first] + times_s[end - 1]) / 2 for first, end in inner)
