"""Between decoded pictures and RGB: colour matrix, range and the place of chroma honoured, turned and unsqueezed as the
file asks.

Chroma of 4:2:0 lies on the left of two columns, as every decoder takes it to lie where a file says nothing. swscale
takes the middle where a frame says nothing, and PyAV cannot tell it otherwise, so pictures are made by a filter graph:
each generation would else move all colour by half a pixel.
"""

from __future__ import annotations

import struct
import threading
from fractions import Fraction
from functools import cache, lru_cache, reduce
from itertools import pairwise
from operator import or_
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from av.filter import Graph
    from av.video.frame import VideoFrame
    from av.video.reformatter import VideoReformatter

__all__ = [
    "BT709",
    "AnyRgb",
    "Rgb",
    "Turn",
    "cropped",
    "is_full_range",
    "matrix_of",
    "shown_size",
    "to_rgb",
    "to_yuv",
    "turn_of",
]

Rgb = NDArray[np.uint8]
AnyRgb = NDArray[Any]
"""Of 8 or 16 bits."""

BT709 = 1
_LIMITED, _FULL = 1, 2
_UNKNOWN = 2
_MOST_TOOLS = 16
"""Boxes round a face come in a dozen sizes."""

# Ten trips to 4:2:0 and back cost a face a mean colour error of 0.2 CIE76 (bilinear: 0.6) and move no colour edge.
# Bit-exact code gives the same numbers on every processor.
_SCALING = {
    "bicubic": "BICUBIC",
    "accurate_rnd": "ACCURATE_RND",
    "full_chroma_int": "FULL_CHR_H_INT",
    "full_chroma_inp": "FULL_CHR_H_INP",
    "bitexact": "BITEXACT",
}
"""As filters call them, and as PyAV does."""

# Matrix coefficients of ITU-T H.273, table 4, as the numbers that swscale takes.
_MATRICES = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}

Turn = tuple[int, bool]
"""(quarter turns counter-clockwise, mirrored left to right before the turn)."""


def to_rgb(frame: VideoFrame, turn: Turn, pixel_aspect: Fraction, deep: bool = False) -> AnyRgb:
    """H x W x 3 as a player shows it, pixels become square. 10 bits become 8; deep: 16 bits a sample, 0..65535.

    Untagged video is read as BT.601 below 720 lines and 1280 columns, else as BT.709, as players do.
    """
    width, height = _unsqueezed(frame.width, frame.height, pixel_aspect)
    tool = _tools.reformatter((frame.width, frame.height, frame.format.name, width, height, deep))
    rgb = tool.reformat(
        frame,
        width=width,
        height=height,
        format="rgb48le" if deep else "rgb24",
        src_colorspace=matrix_of(frame),
        src_color_range=_FULL if is_full_range(frame) else _LIMITED,
        dst_color_range=_FULL,
        interpolation=_scaling(),
    ).to_ndarray()
    quarters, mirrored = turn
    if mirrored:
        rgb = rgb[:, ::-1]
    upright: AnyRgb = np.ascontiguousarray(np.rot90(rgb, quarters), rgb.dtype)
    return upright


def to_yuv(rgb: AnyRgb, pixel_format: str) -> VideoFrame:
    """Convert 8 or 16 bits to BT.709 limited range, and say so in the frame's tags."""
    from av import VideoFrame as Frame

    given = "rgb24" if rgb.dtype == np.uint8 else "rgb48le"
    frame = Frame.from_ndarray(np.ascontiguousarray(rgb), format=given)
    graph = _tools.encoding(frame.width, frame.height, given, pixel_format)
    graph.vpush(frame)
    made = graph.vpull()
    made.color_trc = made.color_primaries = BT709
    return made


def cropped(frame: VideoFrame, left: int, top: int, width_px: int, height_px: int) -> VideoFrame:
    """A part of the frame without a copy; it knows all that the frame knows. Even numbers, for 4:2:0."""
    graph, crop = _tools.cropping(frame.width, frame.height, frame.format.name, width_px, height_px)
    crop.process_command("x", str(left))
    crop.process_command("y", str(top))
    graph.vpush(frame)
    return graph.vpull()


def matrix_of(frame: VideoFrame) -> int:
    """The coefficients between YUV and RGB, as swscale numbers them; guessed where the frame does not say."""
    guess = BT709 if frame.height >= 720 or frame.width >= 1280 else 5
    return guess if frame.colorspace == _UNKNOWN else _MATRICES.get(frame.colorspace, guess)


def is_full_range(frame: VideoFrame) -> bool:
    return frame.color_range == _FULL or frame.format.name.startswith(("yuvj", "rgb", "gbr"))


def turn_of(frame: VideoFrame) -> Turn:
    """What the display matrix of the frame asks for; odd angles are rounded to quarter turns."""
    from av.sidedata import sidedata

    # Not frame.side_data: that ties frame and container into a cycle, and hundreds of pictures wait for the collector.
    container: Any = sidedata.SideDataContainer
    data = container(frame).get(sidedata.Type.DISPLAYMATRIX)
    if data is None:
        return 0, False
    # 16.16 fixed point, row vectors: (x', y') = (a x + c y, b x + d y), y downwards (ISO 14496-12, 6.2.2).
    a, b, _, c, d = struct.unpack_from("=5i", bytes(data))
    if a * d - b * c < 0:
        a, b = -a, -b
        mirrored = True
    else:
        mirrored = False
    clockwise = round(np.degrees(np.arctan2(b, a)) / 90)
    return -clockwise % 4, mirrored


def shown_size(width_px: int, height_px: int, turn: Turn, pixel_aspect: Fraction) -> tuple[int, int]:
    """Width and height after unsqueezing and turning."""
    width_px, height_px = _unsqueezed(width_px, height_px, pixel_aspect)
    return (height_px, width_px) if turn[0] % 2 else (width_px, height_px)


def _unsqueezed(width_px: int, height_px: int, pixel_aspect: Fraction) -> tuple[int, int]:
    """Stretch the short way, so that no line and no column is lost."""
    if pixel_aspect > 1:
        return round(width_px * pixel_aspect), height_px
    return width_px, round(height_px / pixel_aspect)


class _Tools(threading.local):
    """What converts pictures of one size and format after another. Setting one up takes longer than a small picture
    does, and none may be used by two threads."""

    def __init__(self) -> None:
        self.reformatter = lru_cache(maxsize=_MOST_TOOLS)(_reformatter)
        self.encoding = lru_cache(maxsize=_MOST_TOOLS)(_encoding)
        self.cropping = lru_cache(maxsize=_MOST_TOOLS)(_cropping)


def _reformatter(_: tuple[Any, ...]) -> VideoReformatter:
    from av.video.reformatter import VideoReformatter

    return VideoReformatter()


def _encoding(width_px: int, height_px: int, given: str, pixel_format: str) -> Graph:
    way = f"flags={'+'.join(_SCALING)}:out_color_matrix=bt709:out_range=tv:out_chroma_loc=left"
    return _graph(width_px, height_px, given, [("scale", way), ("format", pixel_format)])[0]


def _cropping(width_px: int, height_px: int, given: str, part_width: int, part_height: int) -> tuple[Graph, Any]:
    graph, (crop,) = _graph(width_px, height_px, given, [("crop", f"{part_width}:{part_height}:0:0:exact=1")])
    return graph, crop


def _graph(width_px: int, height_px: int, given: str, filters: list[tuple[str, str]]) -> tuple[Graph, list[Any]]:
    """Through these filters, in their order; and the filters."""
    from av import VideoFormat
    from av.filter import Graph

    graph = Graph()
    graph.threads = 1
    pictures = VideoFormat(given, width_px, height_px)
    source = graph.add_buffer(width=width_px, height=height_px, format=pictures, time_base=Fraction(1))
    steps = [graph.add(name, options) for name, options in filters]
    for one, following in pairwise([source, *steps, graph.add("buffersink")]):
        one.link_to(following)
    graph.configure()
    return graph, steps


@cache
def _scaling() -> Any:
    from av.video.reformatter import Interpolation

    return reduce(or_, (Interpolation[name] for name in _SCALING.values()))


_tools = _Tools()
