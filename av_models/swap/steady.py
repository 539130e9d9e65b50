"""A filter over time for painted faces, which lie aligned in their crop, so that skin stays at its pixel.

It looks one frame back and one ahead, so it does not lag. Where a frame differs from its neighbours by more than
painting trembles, something moves - lips, lids, a shadow - and it is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
T = TypeVar("T")
TREMBLE = 0.02
"""Difference, 0..1, that counts as trembling: about five 8-bit steps."""


def steadied(face: Floats, before: Floats | None, after: Floats | None, strength: float) -> Floats:
    """face, before, after (D,D,3) 0..1; strength 0..1. None: there is no such neighbour."""
    import cv2

    total, weight = np.asarray(face, np.float32).copy(), np.ones((*face.shape[:2], 1), np.float32)
    for other in (before, after):
        if other is None:
            continue
        apart = cv2.blur(np.abs(other - face).max(-1), (5, 5))
        share = (strength * np.exp(-((apart / TREMBLE) ** 2)))[..., None]
        total += share * other
        weight += share
    return np.asarray(total / weight)


def with_neighbours(items: Iterable[T]) -> Iterator[tuple[T | None, T, T | None]]:
    """Each item with the one before and the one after, None at the ends. One item is held back."""
    before: T | None = None
    held: list[T] = []
    for item in items:
        if held:
            yield before, held[0], item
            before = held.pop()
        held.append(item)
    if held:
        yield before, held[0], None


__all__ = ["steadied", "with_neighbours"]
