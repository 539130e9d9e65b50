"""Where the painted face lies on the actor's, and how large.

Each crop is scaled by its own brow-to-chin height. Laid on one another as they are, a person with a short chin gets
eyes that are too far apart for the head: the size of the pasted face would be an accident of the crop.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..domain.swap import FaceSize
from ..face.warp import RIGID, similarity

Floats = NDArray[np.floating[Any]]

__all__ = ["MOST_DRAWN", "MOST_OUTLINE", "drawn_outline", "placement"]

EYE_CORNERS = (36, 39, 42, 45)
CHIN = 8

JAW = slice(0, 17)

_FOLLOWS = np.clip((8 - np.abs(np.arange(17) - 8) - 1) / 4, 0, 1)
"""From the temples, which stay where they are, or the corners of the eyes would be drawn out, to the jaw and chin."""

MOST_OUTLINE = 0.12
"""Of the crop's side."""

MOST_DRAWN = 1.3
"""How far a face is drawn out for a long chin, or in for a short one; more is a caricature."""


def placement(source: Floats, person: Floats, size: FaceSize, scale: float = 1.0) -> NDArray[np.float64]:
    """The matrix (2,3) that lays the source's mean shape (68,2) on the person's, in units of the crop's side.

    scale: a factor on top, about the middle of the face. A similarity but for FaceSize.HEAD, which has a stretch of
    its own along the face.
    """
    source, person = np.asarray(source, np.float64), np.asarray(person, np.float64)
    points = list(range(len(source)) if size is FaceSize.ACTOR else EYE_CORNERS)
    matrix: Floats = np.asarray(similarity(source[points], person[points]), np.float64)
    if size is FaceSize.HEAD:
        matrix = _drawn(matrix, source, person)
    middle = person[list(RIGID)].mean(0)
    matrix[:, :2] *= scale
    matrix[:, 2] = scale * (matrix[:, 2] - middle) + middle
    return np.asarray(matrix, np.float64)


def drawn_outline(source: Floats, person: Floats, place: Floats, strength: float = 1.0) -> NDArray[np.float64]:
    """(68,2): how far each point of the source's mean shape goes, in units of its crop, until the outline of the jaw
    lies on the person's. Brows, eyes, nose and lips keep their place.

    The head is the actor's, so a chin that ends higher shows two, and one that ends lower hides the neck. strength: 0
    leaves the source's outline, 1 goes all the way, but no farther than MOST_OUTLINE.
    """
    linear = np.linalg.inv(place[:, :2])
    wanted = (np.asarray(person, np.float64)[JAW] - place[:, 2]) @ linear.T
    moves = np.zeros((len(source), 2))
    moves[JAW] = strength * _FOLLOWS[:, None] * (wanted - np.asarray(source, np.float64)[JAW])
    length = np.linalg.norm(moves, axis=1, keepdims=True)
    return np.asarray(moves * np.minimum(1, MOST_OUTLINE / np.maximum(length, 1e-9)))


def _drawn(matrix: Floats, source: Floats, person: Floats) -> Floats:
    """The similarity, stretched along the face about the line of the eyes until chin lies at chin's height."""
    eyes = person[list(EYE_CORNERS)].mean(0)
    down = matrix[:, 1] / np.linalg.norm(matrix[:, 1])
    length = (matrix[:, :2] @ source[CHIN] + matrix[:, 2] - eyes) @ down
    stretch = np.clip((person[CHIN] - eyes) @ down / length, 1 / MOST_DRAWN, MOST_DRAWN)
    turn = np.eye(2) + (stretch - 1) * np.outer(down, down)
    return np.column_stack([turn @ matrix[:, :2], turn @ (matrix[:, 2] - eyes) + eyes])
