"""Landmarks that a blink pulls away from the bones of a face, put back.

When lids shut, detectors draw the corners of the eyes and the bridge of the nose towards the lids: with dlib's, a
crop grew or shrank by 2 to 11 percent for the frames of a blink, and a swapped face with it. Bones do not change their
shape for a few frames, so what does is an error, and is drawn between the frames before and after it. The head's
movement is told by the base of the nose meanwhile, lids stay as far shut as they were seen, and brows, mouth and jaw
where they were.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .warp import RIGID, mean_shape, similarity, transform

__all__ = ["mended"]

Floats = NDArray[np.floating[Any]]

_REACH_FRAMES = 15
"""On either side: a face's usual shape is the median of so many frames, which a blink of half of them leaves alone."""

_LEAST_FRAMES = 3 * _REACH_FRAMES
_MOST_FRAMES = 14
_STRANGE, _STILL_STRANGE = 1.75, 1.3
"""Of the shape's own noise, over all bones: an error is no less anywhere, and ends where it is less than the second."""

_LEAST_NOISE = 0.004
"""Of the distance between the eyes; of the scale, that share."""

_MOST_NOISES = 8.0
_TO_SPREAD = 1.4826
_NOSE_BASE = slice(31, 36)
_EYES = ((36, 39), (37, 38, 40, 41)), ((42, 45), (43, 44, 46, 47))
"""Corners, and what lies between them."""

_BRIDGE = (27, 28, 29, 30)


def mended(landmarks: Floats) -> Floats:
    """One unbroken run (N,68,2) of one face without NaN -> the same with such errors put back."""
    found = np.array(landmarks, np.float64)
    if len(found) < _LEAST_FRAMES:
        return found
    for first, end in _errors(_strangeness(found)):
        before, after = found[first - 1], found[end]
        for frame in range(first, end):
            share = (frame - first + 1) / (end - first + 1)
            found[frame] = _put_back(found[frame], before + share * (after - before))
    return found


def _strangeness(landmarks: Floats) -> Floats:
    """(N,): how far the bones' shape and scale are from usual at that time, in units of their own noise."""
    from scipy.ndimage import median_filter

    bones, mean = list(RIGID), mean_shape(landmarks)
    to_mean = similarity(landmarks[:, bones], mean[bones])
    still = transform(landmarks[:, bones], to_mean).reshape(len(landmarks), -1) / np.linalg.norm(mean[45] - mean[36])
    values = np.column_stack([still, np.log(np.linalg.det(to_mean[:, :, :2])) / 2])
    away = values - median_filter(values, size=(2 * _REACH_FRAMES + 1, 1), mode="nearest")
    noise = np.maximum(_TO_SPREAD * np.median(np.abs(away), axis=0), _LEAST_NOISE)
    return np.sqrt((np.clip(away / noise, -_MOST_NOISES, _MOST_NOISES) ** 2).mean(axis=1))


def _errors(strange: Floats) -> Iterator[tuple[int, int]]:
    """First and end of every error that frames without one surround, and that is short."""
    apart = np.flatnonzero(np.diff(np.concatenate([[False], strange > _STILL_STRANGE, [False]]).astype(int)))
    for first, end in apart.reshape(-1, 2).tolist():
        inside = first > 0 and end < len(strange) and end - first <= _MOST_FRAMES
        if inside and strange[first:end].max() > _STRANGE:
            yield first, end


def _put_back(seen: Floats, between: Floats) -> Floats:
    """The landmarks (68,2) of one frame. between: of the frames round the error, drawn to its time."""
    away = (seen - between)[_NOSE_BASE].mean(axis=0)
    placed = seen.copy()
    placed[list(_BRIDGE)] = between[list(_BRIDGE)] + away
    placed[_NOSE_BASE] = between[_NOSE_BASE] + away
    for corners, lids in _EYES:
        pulled = seen[list(corners)].mean(axis=0) - between[list(corners)].mean(axis=0) - away
        placed[list(corners)] = between[list(corners)] + away
        placed[list(lids)] -= pulled
    return placed
