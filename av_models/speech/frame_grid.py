"""Times in seconds as whole frames of a network."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from av_models.domain.errors import InputError

__all__ = ["frames_of"]


def frames_of(ends_s: Sequence[Fraction], n_frames: int, frame_s: Fraction) -> NDArray[np.int64]:
    """Frames of phones that end at these seconds, the first of which starts at 0: nearest edges, at least one frame
    each, n_frames in all. InputError when there are more phones than frames."""
    if len(ends_s) > n_frames:
        room_s = float(n_frames * frame_s)
        raise InputError(f"{len(ends_s)} phones do not fit into {room_s:.2f} s.", "Allow more time.")
    edges = [round(end / frame_s) for end in ends_s]
    edges[-1] = n_frames
    for index in range(len(edges)):
        least = (edges[index - 1] if index else 0) + 1
        edges[index] = min(max(edges[index], least), n_frames - (len(edges) - 1 - index))
    return np.array([end - first for first, end in pairwise([0, *edges])], np.int64)
