"""A decoded picture that becomes RGB only where somebody looks, and keeps every other sample as it was filmed."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .colour import BT709, AnyRgb, cropped, is_full_range, matrix_of, to_rgb, to_yuv, turn_of

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

__all__ = ["NOWHERE", "Box", "Decoded", "around"]

Box = tuple[int, int, int, int]
"""left, top, right, bottom in pixels."""

NOWHERE: Box = (0, 0, 0, 0)

MARGIN_PX = 8
"""So far from its edge a converted box may differ from the whole picture, converted: chroma is interpolated."""

_STEP_PX = 32
"""Sides of boxes are multiples of it: a converter serves one size, and a face has another one in every frame."""

_DEPTHS = {"yuv420p": np.uint8, "yuv420p10le": np.uint16}


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """frame: as the decoder gave it.  pixel_aspect: width over height of its samples."""

    frame: VideoFrame
    pixel_aspect: Fraction

    def rgb(self, deep: bool = False) -> AnyRgb:
        """The whole picture as a player shows it, see `colour.to_rgb`."""
        return to_rgb(self.frame, turn_of(self.frame), self.pixel_aspect, deep)

    def stays(self, pixel_format: str) -> bool:
        """Whether the picture can be encoded in that format as it is: 4:2:0, BT.709, limited range, upright, square."""
        frame = self.frame
        as_shown = frame.format.name == pixel_format and matrix_of(frame) == BT709 and not is_full_range(frame)
        whole = self.pixel_aspect == 1 and turn_of(frame) == (0, False) and not (frame.width % 2 or frame.height % 2)
        return pixel_format in _DEPTHS and as_shown and whole

    def window(self, box: Box, deep: bool = False) -> AnyRgb:
        """The box of the picture as RGB. Its sides are even, and the picture `stays`."""
        left, top, right, bottom = box
        if left == right or top == bottom:
            return np.zeros((0, 0, 3), np.uint16 if deep else np.uint8)
        return to_rgb(cropped(self.frame, left, top, right - left, bottom - top), (0, False), Fraction(1), deep)

    def with_window(self, box: Box, rgb: AnyRgb) -> VideoFrame:
        """The same picture with `rgb` in the box but for its margin; all else is untouched to the bit."""
        made = _like(self.frame)
        for mine, whole, _ in _planes(made, self.frame):
            mine[:] = whole
        if not rgb.size:
            return made
        changed = to_yuv(rgb, self.frame.format.name)
        left, top, right, bottom = _inside(box, (self.frame.width, self.frame.height))
        for mine, part, half in _planes(made, changed):
            at_x, at_y = (left - box[0]) // half, (top - box[1]) // half
            rows, columns = (bottom - top) // half, (right - left) // half
            mine[top // half : bottom // half, left // half : right // half] = part[
                at_y : at_y + rows, at_x : at_x + columns
            ]
        return made


def around(points: NDArray[np.floating[Any]], width_px: int, height_px: int) -> Box:
    """The even box within the picture that holds the points (N,2) and a margin; for points outside one at its edge."""
    limits = np.array([width_px, height_px])
    most = np.maximum(limits - _STEP_PX, 0)
    low = np.clip(np.floor(points.min(0)) - 2 * MARGIN_PX, 0, most).astype(int) // 2 * 2
    high = np.maximum(np.ceil(points.max(0)) + 2 * MARGIN_PX, low + 1).astype(int)
    high = np.minimum(low - (low - high) // _STEP_PX * _STEP_PX, limits)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _inside(box: Box, size: tuple[int, int]) -> Box:
    """Without the margin, which the picture's own edge does not have."""
    left, top = (at + MARGIN_PX if at else 0 for at in box[:2])
    right, bottom = (at - MARGIN_PX if at < limit else limit for at, limit in zip(box[2:], size, strict=True))
    return left, top, max(left, right), max(top, bottom)


def _like(frame: VideoFrame) -> VideoFrame:
    """An empty picture of the same kind. Where its chroma lies PyAV cannot say: on the left, as nearly all footage."""
    from av import VideoFrame as Frame

    made = Frame(frame.width, frame.height, frame.format.name)
    made.colorspace, made.color_range = frame.colorspace, frame.color_range
    made.color_trc, made.color_primaries = frame.color_trc, frame.color_primaries
    return made


def _planes(first: VideoFrame, second: VideoFrame) -> list[tuple[NDArray[Any], NDArray[Any], int]]:
    """The samples of both, plane by plane, and how many pixels one of them covers along a side. Views, no copies."""
    depth = _DEPTHS[first.format.name]
    pairs = zip(first.planes, second.planes, (1, 2, 2), strict=True)
    return [(_samples(one, depth), _samples(other, depth), half) for one, other, half in pairs]


def _samples(plane: Any, depth: Any) -> NDArray[Any]:
    rows: NDArray[Any] = np.frombuffer(plane, depth).reshape(plane.height, -1)
    return rows[:, : plane.width]
