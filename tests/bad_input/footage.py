"""Short clips of the sample people, each with one property that footage from the world has."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from media_made import SAMPLES
from numpy.typing import NDArray

__all__ = ["PAL", "people", "record"]

PAL = Fraction(25)
_SIDE_PX = 256

Picture = NDArray[np.uint8]


def people(name: str, n_frames: int, first: int = 0, side_px: int = _SIDE_PX) -> list[Picture]:
    """Pictures of a sample clip, in small."""
    import cv2

    from av_models.io.video import read_pictures

    pictures = read_pictures(SAMPLES / f"{name}.mp4", range(first, first + n_frames))
    return [cv2.resize(one.rgb, (side_px, side_px), interpolation=cv2.INTER_AREA) for one in pictures]


def record(
    path: Path,
    pictures: Sequence[Picture],
    rate: Fraction = PAL,
    *,
    times: Sequence[Fraction] | None = None,
    pixel_format: str = "yuv420p",
    rotation_deg: int = 0,
) -> Path:
    """An H.264 clip without sound. times: of each picture in s, else one after the other at `rate`."""
    times = times or [index / rate for index in range(len(pictures))]
    time_base = Fraction(1, 90_000)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=rate, options={"crf": "14", "preset": "veryfast"})
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt, stream.codec_context.time_base = pixel_format, time_base
        if rotation_deg:
            stream.set_display_rotation(rotation_deg)
        for rgb, time in zip(pictures, times, strict=True):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
            frame = frame.reformat(format=pixel_format, dst_colorspace=5, dst_color_range=1)
            frame.pts, frame.time_base = round(time / time_base), time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
