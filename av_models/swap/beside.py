"""Whose heads may be reshaped: nobody is bent who never agreed to be changed, and no two heads pull at one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..domain.swap import Region, SwapOptions
from ..face.warp import FACE_SHARE
from .reshape import REACH

__all__ = ["always_apart", "reshape_beside"]

Floats = NDArray[np.floating[Any]]

_SPARE = 1.1
"""Reach farther than a head's picture moves: crops are fitted to more than brows and chin."""

_HAIR, _EARS = 0.6, 0.35
"""A head beyond its landmarks: above, in heights of the face; to the sides, in widths."""


def reshape_beside(options: SwapOptions, n_people: int, own: Floats, others: Sequence[Floats]) -> float:
    """How far a head is brought to the source's outline: `options.reshape`, or not at all.

    n_people: who are seen in the footage.  own, others (N,68,2): landmarks of this person and of those who are changed
    in the same pass, NaN where they are not seen.

    A jaw that stays the actor's keeps its own. Where anybody is seen who is not changed in this pass nothing is moved:
    the picture round a head may be the face of somebody who never agreed to that. Nor is it where two heads of the
    pass ever come within reach of one another.
    """
    if Region.JAW in options.keep or n_people > 1 + len(others):
        return 0.0
    return options.reshape if all(always_apart(own, other) for other in others) else 0.0


def always_apart(own: Floats, other: Floats) -> bool:
    """Whether what moves round one head (N,68,2) never touches the other head in any frame. Who is not seen is taken to
    be where they were seen nearest in time."""
    ours, theirs = _known(own), _known(other)
    if not len(ours) or not len(theirs):
        return True
    frames = np.union1d(ours, theirs)
    moved, head = _moved(own[_nearest(ours, frames)]), _head(other[_nearest(theirs, frames)])
    meet = (moved[:, :2] < head[:, 2:]) & (head[:, :2] < moved[:, 2:])
    return not bool(meet.all(1).any())


def _known(points: Floats) -> NDArray[np.intp]:
    return np.flatnonzero(np.isfinite(points).all((1, 2)))


def _nearest(known: NDArray[np.intp], frames: NDArray[np.intp]) -> NDArray[np.intp]:
    after = np.clip(np.searchsorted(known, frames), 0, len(known) - 1)
    before = np.maximum(after - 1, 0)
    return np.where(np.abs(frames - known[before]) <= np.abs(known[after] - frames), known[before], known[after])


def _moved(points: Floats) -> Floats:
    """(N,4) left, top, right, bottom of the square that may move, as the head is tilted."""
    brows, chin = points[:, 17:27].mean(1), points[:, 8]
    side = np.linalg.norm(chin - brows, axis=1, keepdims=True) / FACE_SHARE
    level = points[:, 42:48].mean(1) - points[:, 36:42].mean(1)
    tilted = np.abs(level).sum(1, keepdims=True) / np.maximum(np.linalg.norm(level, axis=1, keepdims=True), 1e-9)
    half = side * (0.5 + REACH) * tilted * _SPARE
    middle = (brows + chin) / 2
    return np.concatenate([middle - half, middle + half], 1)


def _head(points: Floats) -> Floats:
    low, high = points.min(1), points.max(1)
    beyond = (high - low) * (_EARS, _HAIR)
    return np.concatenate([low - beyond, high + beyond], 1)
