"""Heads beside other heads: nobody is bent who never agreed to be changed, and no two heads pull at one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..domain.swap import Region, SwapOptions
from ..face.warp import transform

__all__ = ["always_apart", "head_box", "reshape_beside"]

Floats = NDArray[np.floating[Any]]

_HAIR, _EARS = 0.6, 0.35
"""A head beyond its landmarks: above, in heights of the face; to the sides, in widths."""


def reshape_beside(options: SwapOptions, n_people: int, own: Floats, others: Sequence[Floats]) -> float:
    """How far a head is brought to the source's outline: `options.reshape`, or not at all.

    n_people: who are seen in the footage.  own, others (N,68,2): landmarks of this person and of those who are changed
    in the same pass, NaN where they are not seen.

    A jaw that stays the actor's keeps its own. Where anybody is seen who is not changed in this pass nothing is moved:
    the picture round a head may be the face of somebody who never agreed to that. Two heads of the pass both move, but
    never into one another (`head_box`); where they ever touch, neither does.
    """
    if Region.JAW in options.keep or n_people > 1 + len(others):
        return 0.0
    return options.reshape if all(always_apart(own, other) for other in others) else 0.0


def always_apart(own: Floats, other: Floats) -> bool:
    """Whether two heads (N,68,2) never touch in any frame. Who is not seen is taken to be where they were seen nearest
    in time."""
    ours, theirs = _known(own), _known(other)
    if not len(ours) or not len(theirs):
        return True
    frames = np.union1d(ours, theirs)
    one, two = _heads(own[_nearest(ours, frames)]), _heads(other[_nearest(theirs, frames)])
    meet = (one[:, :2] < two[:, 2:]) & (two[:, :2] < one[:, 2:])
    return not bool(meet.all(1).any())


def head_box(landmarks: Floats, matrix: Floats, size_px: int) -> Floats:
    """(4,) left, top, right, bottom of a head with hair and ears, landmarks (68,2) px, in units of a crop's side.

    matrix (2,3): from the picture's pixels to those of the crop of size_px.
    """
    left, top, right, bottom = _heads(landmarks[None])[0]
    corners = np.array([(left, top), (right, top), (left, bottom), (right, bottom)])
    lies = (transform(corners, matrix) + 0.5) / size_px
    return np.concatenate([lies.min(0), lies.max(0)])


def _known(points: Floats) -> NDArray[np.intp]:
    return np.flatnonzero(np.isfinite(points).all((1, 2)))


def _nearest(known: NDArray[np.intp], frames: NDArray[np.intp]) -> NDArray[np.intp]:
    after = np.clip(np.searchsorted(known, frames), 0, len(known) - 1)
    before = np.maximum(after - 1, 0)
    return np.where(np.abs(frames - known[before]) <= np.abs(known[after] - frames), known[before], known[after])


def _heads(points: Floats) -> Floats:
    """(N,4) left, top, right, bottom round landmarks (N,68,2)."""
    low, high = points.min(1), points.max(1)
    wide, tall = np.moveaxis(high - low, 1, 0)
    sides = np.stack([_EARS * wide, _HAIR * tall, _EARS * wide, np.zeros_like(tall)], 1)
    return np.concatenate([low, high], 1) + sides * (-1, -1, 1, 1)
