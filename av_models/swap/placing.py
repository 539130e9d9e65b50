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

__all__ = ["MOST_DRAWN", "placement"]

EYE_CORNERS = (36, 39, 42, 45)
CHIN = 8

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


def _drawn(matrix: Floats, source: Floats, person: Floats) -> Floats:
    """The similarity, stretched along the face about the line of the eyes until chin lies at chin's height."""
    eyes = person[list(EYE_CORNERS)].mean(0)
    down = matrix[:, 1] / np.linalg.norm(matrix[:, 1])
    length = (matrix[:, :2] @ source[CHIN] + matrix[:, 2] - eyes) @ down
    stretch = np.clip((person[CHIN] - eyes) @ down / length, 1 / MOST_DRAWN, MOST_DRAWN)
    turn = np.eye(2) + (stretch - 1) * np.outer(down, down)
    return np.column_stack([turn @ matrix[:, :2], turn @ (matrix[:, 2] - eyes) + eyes])
