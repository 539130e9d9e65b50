"""Frames of a swap that are worth a look, each with its reason and a thumbnail."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from av_models.domain.swap import Doubt, DoubtRange
from tasks.painting import Finished
from tasks.workspace import store

__all__ = ["Doubtful"]

GAP_FRAMES = 3
"""Ranges of one doubt that lie closer are one: nobody wants to look twice."""

MOST_RANGES = 8
THUMBNAIL_PX = 192


@dataclass(slots=True)
class _Range:
    first: int
    last: int
    doubt: Doubt
    confidence: float
    thumbnail: np.ndarray


class Doubtful:
    """Collects them while a shot is made; the least sure MOST_RANGES ranges are kept."""

    def __init__(self) -> None:
        self._ranges: list[_Range] = []

    def see(self, one: Finished) -> None:
        if one.doubt is None:
            return
        index, last = one.frame.index, self._ranges[-1] if self._ranges else None
        if last is None or last.doubt is not one.doubt or index - last.last > GAP_FRAMES:
            self._ranges.append(_Range(index, index, one.doubt, one.confidence, _thumbnail(one)))
            return
        last.last = index
        if one.confidence < last.confidence:
            last.confidence, last.thumbnail = one.confidence, _thumbnail(one)

    def ranges(self) -> tuple[DoubtRange, ...]:
        """In the order of the frames."""
        from av_models.io.preview import encode_jpeg

        worst = sorted(self._ranges, key=lambda one: one.confidence)[:MOST_RANGES]
        return tuple(
            DoubtRange(
                one.first,
                one.last,
                one.doubt,
                round(one.confidence, 3),
                store().put_bytes(encode_jpeg(one.thumbnail), ".jpg"),
            )
            for one in sorted(worst, key=lambda one: one.first)
        )


def _thumbnail(one: Finished) -> np.ndarray:
    """The faces with some room round them, in 8 bits."""
    import cv2

    points = np.concatenate([seen.landmarks for seen in one.frame.seen if seen is not None])
    low, high = points.min(0), points.max(0)
    half = 0.75 * float((high - low).max())
    middle = (low + high) / 2
    left, top = np.maximum(middle - half, 0).astype(int)
    right, bottom = np.maximum(middle + half, (left + 8, top + 8)).astype(int)
    part = one.picture[top:bottom, left:right]
    if part.dtype != np.uint8:
        part = (part >> 8).astype(np.uint8)
    scale = THUMBNAIL_PX / max(part.shape[:2])
    return np.asarray(cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
