"""The actor's head in the source's outline: the plate round a painted face is drawn out or in until both outlines meet.

Who somebody is shows in the outline of a jaw as much as inside of it. A face that is drawn to another head loses its
own; a head that is drawn to the face keeps it, and its chin goes along with lips that are driven. The background beside
the head bends with it, smoothly, and nothing moves beyond REACH. Compositors know such a field as a distortion or ST
map.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..domain.swap import Region, SwapOptions
from .head_warp import REACH, HeadWarp

Floats = NDArray[np.floating[Any]]

__all__ = ["STEADY_FRAMES", "head_warp", "outline_moves", "steady_moves"]

MOST_MOVED = 0.2
"""Of the crop's side."""

STEADY_FRAMES = 4
"""Frames on either side that say how far an outline goes, so that heads do not tremble as landmarks do."""

_SIGMA_FRAMES = 2.0
_JAW, _BROWS = slice(0, 17), slice(17, 27)
_MOVED = slice(0, 27)
"""Both: what a painted face covers ends at the jaw and close above the brows, whose ends would show beside it."""

_HELD = {
    Region.EYES: (36, 39, 42, 45),
    Region.NOSE: (27, 30, 31, 33, 35),
    Region.MOUTH: tuple(range(48, 60)),
}
"""Of a plate that keeps its own, shown where they were filmed. Under a painted face they may go anywhere; held, they
would bend the picture hard beside a cheek that is turned away."""

_CELLS = 24
"""Side of the field; it is smooth."""

_FINER = 4
"""So many times as fine it is sampled linearly, which is faster than a cubic at every pixel."""

_STILL = 5
"""Points along each side of what moves, which do not."""

_THROAT = slice(5, 12)
_BELOW = 0.25
"""So far below its jaw a neck does not move, in sides of the crop: collars would go along with every word."""

_STIFFNESS = 1e-4
_FADES = 0.25
"""Share of REACH, from its end, over which the last of a movement dies away."""

_SPARED = 0.15
"""From another's head, movements grow over at least this much of the crop's side."""

_MOST_BENT = 0.7
"""Difference of the movements of neighbouring places over their distance; at 1 the picture would fold."""


def outline_moves(plate: Floats, painted: Floats) -> NDArray[np.float64]:
    """(27,2): how far the jaw and the brows of the plate's landmarks (68,2) go until they lie on those of the painted
    face (K,2), which come first. In units of the crop's side, no farther than MOST_MOVED.

    A jaw moves only across the outline: where landmarks lie along it is nobody's shape.
    """
    moves = (np.asarray(painted, np.float64) - np.asarray(plate, np.float64)[: len(painted)])[_MOVED]
    along = np.gradient(np.asarray(plate, np.float64)[_JAW], axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], 1) / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    moves[_JAW] = across * (moves[_JAW] * across).sum(1, keepdims=True)
    length = np.linalg.norm(moves, axis=1, keepdims=True)
    return np.asarray(moves * np.minimum(1, MOST_MOVED / np.maximum(length, 1e-9)))


def steady_moves(near: dict[int, Floats]) -> NDArray[np.float64]:
    """(27,2) of the frame at 0, from those of frames around it, by how far they are away.

    A parabola through each point's way (Savitzky and Golay 1964, weighted): a chin that drops is not late.
    """
    at = np.array(sorted(near), np.float64)
    weight = np.exp(-0.5 * (at / _SIGMA_FRAMES) ** 2)
    powers = np.vander(at, min(3, len(at)), increasing=True)
    weighted = powers * weight[:, None]
    share = np.linalg.solve(weighted.T @ powers, weighted.T)[0]
    return np.tensordot(share, np.stack([near[int(k)] for k in at]), 1)


def head_warp(
    plate: Floats, moves: Floats, options: SwapOptions | None = None, others: Sequence[Floats] = ()
) -> HeadWarp:
    """plate (68,2): the actor's landmarks, in units of the painted face's crop.  moves (27,2): see `outline_moves`.
    options: what of the face stays the actor's.  others: left, top, right and bottom of what nothing moves in."""
    keep = options.keep if options is not None else ()
    filmed, moves = np.array(plate, np.float64), np.array(moves, np.float64)
    landmarks = filmed.copy()
    if Region.BROWS in keep:
        moves[_BROWS] = 0
    still = [point for region, points in _HELD.items() if region in keep for point in points]
    throat = landmarks[_THROAT] + (0, _BELOW)
    held = np.concatenate([landmarks[_MOVED] + moves, landmarks[still], throat, _ring()])
    back = np.zeros_like(held)
    back[_MOVED] = -moves
    far = max(_SPARED, 2 * float(np.linalg.norm(moves, axis=1).max()))
    field = _thin_plate(held, back) * _away(_places(), others, far)[..., None]
    gentle = min(1.0, _MOST_BENT / max(_bent(field), 1e-9))
    landmarks[_MOVED] += gentle * moves * _away(landmarks[_MOVED] + moves, others, far)[:, None]
    return HeadWarp(_finer(gentle * field), filmed, landmarks)


def _axis() -> Floats:
    return (np.arange(_CELLS) + 0.5) / _CELLS * (1 + 2 * REACH) - REACH


def _places() -> Floats:
    """(G,G,2): the middles of the cells."""
    return np.stack(np.meshgrid(_axis(), _axis()), -1)


def _away(places: Floats, boxes: Sequence[Floats], far: float) -> Floats:
    """(...) of places (...,2): 0 in the boxes, 1 where all are `far` away."""
    share = np.ones(places.shape[:-1])
    for left, top, right, bottom in boxes:
        beyond = np.maximum(np.maximum((left, top) - places, places - (right, bottom)), 0)
        share = np.minimum(share, np.linalg.norm(beyond, axis=-1) / far)
    return share


def _ring() -> Floats:
    ends = np.linspace(-REACH, 1 + REACH, _STILL)
    return np.array([(x, y) for x in ends for y in ends if {x, y} & {ends[0], ends[-1]}])


def _thin_plate(held: Floats, moves: Floats) -> Floats:
    """(G,G,2): a thin plate (Bookstein 1989) that goes by moves (K,2) at points (K,2), and nowhere at its sides."""
    n = len(held)
    system = np.zeros((n + 3, n + 3))
    system[:n, :n] = _kernel(held, held) + _STIFFNESS * np.eye(n)
    system[:n, n:] = _plane(held)
    system[n:, :n] = system[:n, n:].T
    weights = np.linalg.solve(system, np.concatenate([moves, np.zeros((3, 2))]))
    axis, places = _axis(), _places().reshape(-1, 2)
    bent = _kernel(places, held) @ weights[:n] + _plane(places) @ weights[n:]
    fade = np.clip(np.minimum(axis + REACH, 1 + REACH - axis) / (_FADES * REACH), 0, 1)
    return np.asarray(bent.reshape(_CELLS, _CELLS, 2) * np.outer(fade, fade)[..., None])


def _kernel(one: Floats, other: Floats) -> Floats:
    squared = (one**2).sum(1)[:, None] + (other**2).sum(1) - 2 * one @ other.T
    squared = np.maximum(squared, 1e-12, out=squared)
    return np.asarray(squared * np.log(squared) / 2)


def _plane(points: Floats) -> Floats:
    return np.column_stack([np.ones(len(points)), points])


def _bent(field: Floats) -> float:
    cell = (1 + 2 * REACH) / _CELLS
    return max(float(np.linalg.norm(np.diff(field, axis=axis), axis=2).max()) / cell for axis in (0, 1))


def _finer(field: Floats) -> NDArray[np.float32]:
    """(G,G,2) -> (F,F,2)."""
    import cv2

    side = _FINER * len(field)
    values = cv2.resize(np.asarray(field, np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    values[[0, -1]] = values[:, [0, -1]] = 0
    return np.asarray(values, np.float32)
