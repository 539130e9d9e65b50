"""Speaker vectors: how an embedding of the speaker encoder tells the acoustic network whose voice is asked for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["scaled_difference"]

Floats = NDArray[np.float32]

_SCALE = 16.0
"""Brings the difference of two embeddings, 256 numbers of unit length, to about unit spread."""


def scaled_difference(embedding: Floats, origin: Floats) -> Floats:
    """float32 (256,): the embedding of unit length less that of the voice that the zero vector stands for."""
    return np.asarray((embedding - origin) * _SCALE, np.float32)
