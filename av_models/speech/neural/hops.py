"""Times in seconds as whole hops."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from av_models.speech.frame_grid import frames_of

from .mels import HOP, RATE_HZ

__all__ = ["hops_of"]


def hops_of(ends_s: Sequence[Fraction], n_hops: int) -> NDArray[np.int64]:
    """As `frames_of`: a frame is a hop."""
    return frames_of(ends_s, n_hops, Fraction(HOP, RATE_HZ))
