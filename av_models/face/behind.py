"""Landmarks behind things: where they must lie, judging by those that are seen and by how this face moves.

A detector that is shown a microphone before a mouth still says where the lips are, and says anything: on the chin, on
the rim of the microphone. What a person's own face does as a whole (principal components of its landmarks over the
frames in which nothing is in front) tells the hidden points from the others.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .warp import invert, mean_shape, similarity, transform

__all__ = ["from_what_is_seen"]

Floats = NDArray[np.floating[Any]]

_LEAST_LESSONS = 24
_MOST_LESSONS = 600
_N_COMPONENTS = 12
_FEWEST_SEEN = 20
"""Points; with fewer what a detector says is as good a guess."""

_ROUNDS = 6
_NOISE = 0.008
"""Of a landmark, as a share of the distance between the outer corners of the eyes."""


def from_what_is_seen(landmarks: Floats, covered: Floats) -> Floats:
    """Landmarks (N,68,2), with those that something covers moved to where the others say that they are.

    covered (N,68) 0..1. Frames with NaN stay as they are; so do all where too few frames show the whole face.
    """
    moved = np.array(landmarks, np.float64)
    known = np.isfinite(moved).all((1, 2))
    plain = np.flatnonzero(known & (covered.max(1) <= 0))
    partly = np.flatnonzero(known & (covered.max(1) > 0) & ((covered < 0.5).sum(1) >= _FEWEST_SEEN))
    if len(plain) < _LEAST_LESSONS or not len(partly):
        return moved
    face = _Face(moved[plain[:: -(-len(plain) // _MOST_LESSONS)]])
    for frame in partly:
        share = covered[frame][:, None]
        moved[frame] = (1 - share) * moved[frame] + share * face.explain(moved[frame], 1 - covered[frame])
    return moved


class _Face:
    """How one person's landmarks move, in units of the distance between the outer corners of the eyes."""

    def __init__(self, shapes: Floats) -> None:
        mean = mean_shape(shapes)
        self.mean = (mean - mean.mean(0)) / np.hypot(*(mean[45] - mean[36]))
        own = transform(shapes, similarity(shapes, self.mean))
        self.mean = own.mean(0)
        _, power, self.ways = np.linalg.svd((own - self.mean).reshape(len(own), -1), full_matrices=False)
        self.ways = self.ways[:_N_COMPONENTS]
        self.ridge = np.diag((_NOISE / np.maximum(power[:_N_COMPONENTS] / np.sqrt(len(own)), 1e-6)) ** 2)

    def explain(self, points: Floats, seen: Floats) -> Floats:
        """(68,2): of points (68,2), of which seen (68,) 0..1 are believed."""
        shape, weight = self.mean, np.repeat(seen, 2)
        for _ in range(_ROUNDS):
            to_own = similarity(points, shape, seen)
            off = (transform(points, to_own) - self.mean).ravel() * weight
            square = (self.ways * weight) @ self.ways.T
            shape = self.mean + (np.linalg.solve(square + self.ridge, self.ways @ off) @ self.ways).reshape(-1, 2)
        return transform(shape, invert(to_own))
