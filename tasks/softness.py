"""How softly each frame of a shot shows its faces, followed over neighbouring frames: a pull of focus, a smear."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from tasks.shot_frames import Seen, ShotFrame

if TYPE_CHECKING:
    from av_models.swap.plate import PlateLook

__all__ = ["REACH", "Edges", "blur_of", "edges_in", "with_near"]

T = TypeVar("T")
REACH = 2
"""Frames on either side that are looked at, so that what is measured does not tremble."""

_WEIGHTS = {0: 4.0, 1: 3.0, 2: 1.0}
_JUMP = 0.5
"""Of the distance of the eyes' outer corners: who moves farther from one frame to the next is seen after a cut."""


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """One face in one frame.

    more (2,): by how much softer it is than sharp frames, None where that is not seen.  centre (2,): of the face, in
    pixels of the whole picture.  unit: those beside one in which softness is counted.  scene: of the frame.
    """

    more: np.ndarray | None
    centre: np.ndarray
    eyes_px: float
    time_s: float
    unit: float
    scene: int


def edges_in(frame: ShotFrame, seen: Seen, matrix: np.ndarray, look: PlateLook) -> Edges:
    """matrix (2,3): from the frame's plate to the painted face."""
    from av_models.swap.softness import BRIEF, edge_power, shrink_for, softer

    usual, points = float(look.scale), seen.landmarks
    scale, shrink = float(np.linalg.det(matrix[:, :2]) ** -0.5), shrink_for(usual)
    power = edge_power(frame.shallow, points, shrink, scale / usual, BRIEF)
    known = power is not None and bool(np.isfinite(look.edges).all())
    more = softer(power, look.edges) if known and power is not None else None
    centre, eyes_px = points.mean(0) + frame.box[:2], float(np.hypot(*(points[45] - points[36])))
    return Edges(more, centre, eyes_px, frame.time_s, shrink * scale / usual, frame.scene)


def with_near(items: Iterable[T], reach: int = REACH) -> Iterator[tuple[T, dict[int, T]]]:
    """Each item with those up to `reach` before and after it, by how far they are away; itself at 0."""
    held: list[T] = []
    ahead = 0  # of those held, how many are still to be given out
    for item in items:
        held = [*held, item][-2 * reach - 1 :]
        ahead += 1
        if ahead > reach:
            yield _centred(held, ahead, reach)
            ahead -= 1
    for left in range(ahead, 0, -1):
        yield _centred(held, left, reach)


def _centred(held: list[T], left: int, reach: int) -> tuple[T, dict[int, T]]:
    """The one that is `left` from the end, and those around it."""
    place = len(held) - left
    return held[place], {k - place: one for k, one in enumerate(held) if abs(k - place) <= reach}


def blur_of(near: dict[int, Edges | None], rate: Fraction, matrix: np.ndarray, look: PlateLook) -> np.ndarray:
    """(2,2) covariance of what the painted face is blurred by, in its own pixels.

    near: the face at 0 and around it, None where there is none.  rate: of the footage.  matrix (2,3): from the plate
    to the painted face.
    """
    from av_models.swap.softness import in_painted, smear, without_doubt

    own = near[0]
    assert own is not None
    joined = _joined(near)
    seen = [(_WEIGHTS[abs(at)], one.more) for at, one in joined.items() if one.more is not None]
    more = np.average([row for _, row in seen], 0, [weight for weight, _ in seen]) if seen else np.zeros(2)
    softness = smear(float(look.soft), without_doubt(more), _moved(joined, rate) / own.unit)
    turn = matrix[:, :2] / np.sqrt(np.linalg.det(matrix[:, :2]))
    return np.asarray(in_painted(turn @ softness @ turn.T, float(look.scale)))


def _joined(near: dict[int, Edges | None]) -> dict[int, Edges]:
    """Those that no cut and no frame without the face parts from the one at 0."""
    own: Any = near[0]
    found = {0: own}
    for step in (-1, 1):
        last, at = own, step
        while (one := near.get(at)) is not None and _together(one, last):
            found[at], last, at = one, one, at + step
    return found


def _together(one: Edges, other: Edges) -> bool:
    """No cut lies between neighbours; one that nobody found leaves a face elsewhere."""
    return one.scene == other.scene and bool(np.hypot(*(one.centre - other.centre)) < _JUMP * other.eyes_px)


def _moved(joined: dict[int, Edges], rate: Fraction) -> np.ndarray:
    """(2,): the face's way in one frame of the footage; frames of a shot may lie closer, or stand still."""
    first, last = joined.get(-1, joined[0]), joined.get(1, joined[0])
    frames = (last.time_s - first.time_s) * float(rate)
    return np.asarray((last.centre - first.centre) / frames) if frames > 0 else np.zeros(2)
