"""Times in seconds as whole hops."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from av_models.domain.errors import InputError

from .mels import HOP, RATE_HZ

__all__ = ["hops_of"]


def hops_of(ends_s: Sequence[Fraction], n_hops: int) -> NDArray[np.int64]:
    """Hops of phones that end at these seconds, the first of which starts at 0: nearest edges, at least one hop each,
    n_hops in all. InputError when there are more phones than hops."""
    if len(ends_s) > n_hops:
        raise InputError(f"{len(ends_s)} phones do not fit into {n_hops * HOP / RATE_HZ:.2f} s.", "Allow more time.")
    edges = [round(end * RATE_HZ / HOP) for end in ends_s]
    edges[-1] = n_hops
    for index in range(len(edges)):
        least = (edges[index - 1] if index else 0) + 1
        edges[index] = min(max(edges[index], least), n_hops - (len(edges) - 1 - index))
    return np.array([end - first for first, end in pairwise([0, *edges])], np.int64)
