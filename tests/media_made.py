"""Small clips made in code, each with one property that footage from the world has.

Every picture tells its own number: see `picture` and `number_in`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

NTSC_FILM = Fraction(24000, 1001)
NTSC = Fraction(30000, 1001)
PAL = Fraction(25)

SAMPLES = Path(__file__).parents[1] / "media" / "samples"

_BITS = 10


def picture(number: int, width_px: int = 128, height_px: int = 96) -> NDArray[np.uint8]:
    """Skin tone, a red patch upper left, and `number` in ten black or white blocks along the bottom."""
    rgb = np.empty((height_px, width_px, 3), np.uint8)
    rgb[...] = (200, 160, 140)
    rgb[: height_px // 3, : width_px // 3] = (190, 40, 40)
    block_px, top = width_px // _BITS, height_px - height_px // 4
    for bit in range(_BITS):
        rgb[top:, bit * block_px : (bit + 1) * block_px] = 235 if number >> bit & 1 else 20
    return rgb


def number_in(rgb: NDArray[np.uint8]) -> int:
    """The number that `picture` wrote, after any compression."""
    height_px, width_px = rgb.shape[:2]
    block_px, row = width_px // _BITS, height_px - height_px // 8
    blocks = (rgb[row, block_px // 2 + bit * block_px].mean() > 127 for bit in range(_BITS))
    return sum(1 << bit for bit, lit in enumerate(blocks) if lit)


def clip(
    path: Path,
    times: Sequence[Fraction] | int = 24,
    rate: Fraction = PAL,
    size_px: tuple[int, int] = (128, 96),
    *,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    time_base: Fraction | None = None,
    rotation_deg: int = 0,
    mirrored: bool = False,
    pixel_aspect: Fraction = Fraction(1),
    tone_hz: float = 0.0,
    options: dict[str, str] | None = None,
    movflags: str = "",
) -> Path:
    """A clip of numbered pictures: a count of them at `rate`, or one at each of `times`. tone_hz: adds a sine."""
    if isinstance(times, int):
        times = [n / rate for n in range(times)]
    time_base = time_base or 1 / rate
    with av.open(str(path), "w", options={"movflags": movflags} if movflags else {}) as container:
        stream: Any = container.add_stream(codec, rate=rate, options=options or {})
        stream.width, stream.height, stream.pix_fmt = *size_px, pixel_format
        stream.codec_context.time_base = time_base
        stream.codec_context.sample_aspect_ratio = pixel_aspect
        if rotation_deg or mirrored:
            stream.set_display_rotation(rotation_deg, hflip=mirrored)
        sound: Any = container.add_stream("aac", rate=48000, layout="mono") if tone_hz else None
        for number, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(picture(number, *size_px), format="rgb24")
            frame = frame.reformat(format=pixel_format, dst_colorspace=5, dst_color_range=1)
            frame.pts, frame.time_base = round(time / time_base), time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound is not None:
            _add_tone(container, sound, tone_hz, float(times[-1] + 1 / rate))
    return path


def sound_only(path: Path, seconds: float = 1.0, tone_hz: float = 440.0) -> Path:
    with av.open(str(path), "w") as container:
        _add_tone(container, container.add_stream("aac", rate=48000, layout="mono"), tone_hz, seconds)
    return path


def film_rate(path: Path, n_frames: int = 48) -> Path:
    """23.976 frames a second."""
    return clip(path, n_frames, NTSC_FILM)


def ntsc_rate(path: Path, n_frames: int = 60) -> Path:
    """29.97 frames a second."""
    return clip(path, n_frames, NTSC)


def variable_rate(path: Path, n_frames: int = 40) -> Path:
    """As telephones record: every third picture stays twice as long."""
    ticks = np.cumsum([0, *(2 if n % 3 == 2 else 1 for n in range(n_frames - 1))])
    return clip(path, [Fraction(int(t), 30) for t in ticks], Fraction(30), time_base=Fraction(1, 90000))


def with_gap(path: Path, n_frames: int = 30, gap_s: Fraction = Fraction(2)) -> Path:
    """Recording that stopped for `gap_s` after half of the pictures."""
    times = [n / PAL + (gap_s if n >= n_frames // 2 else 0) for n in range(n_frames)]
    return clip(path, times, PAL, time_base=Fraction(1, 12800))


def rotated(path: Path, rotation_deg: int = 90, n_frames: int = 16) -> Path:
    """Stored lying, shown upright. rotation_deg: counter-clockwise turn that the display matrix asks for."""
    return clip(path, n_frames, rotation_deg=rotation_deg)


def odd_size(path: Path, n_frames: int = 16) -> Path:
    """Odd width and height, which 4:2:0 H.264 cannot have, and 4:4:4 can."""
    return clip(path, n_frames, size_px=(131, 97), pixel_format="yuv444p")


def ten_bit(path: Path, n_frames: int = 16) -> Path:
    return clip(path, n_frames, pixel_format="yuv420p10le")


def four_frames(path: Path) -> Path:
    return clip(path, 4)


def truncated(path: Path, n_frames: int = 60) -> Path:
    """A copy that stopped half-way, index at the front: it opens, and promises more than there is."""
    clip(path, n_frames, movflags="faststart", options={"crf": "1", "g": "1"})
    return cut_to(path, 0.5)


def truncated_index(path: Path, n_frames: int = 60) -> Path:
    """A recording that was never closed: the index, written last, is missing."""
    return cut_to(clip(path, n_frames), 0.5)


def zero_length(path: Path) -> Path:
    """No byte at all."""
    path.write_bytes(b"")
    return path


def no_pictures(path: Path) -> Path:
    """A well-formed file whose video stream never got a picture."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        container.start_encoding()
    return path


def cut_to(path: Path, share: float) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def sine(seconds: float, rate_hz: int, tone_hz: float = 440.0, level: float = 0.3) -> NDArray[np.float32]:
    return (level * np.sin(2 * np.pi * tone_hz * np.arange(round(seconds * rate_hz)) / rate_hz)).astype(np.float32)


def blocks_of(samples: NDArray[np.float32], n_samples: int) -> Iterable[NDArray[np.float32]]:
    return (samples[at : at + n_samples] for at in range(0, len(samples), n_samples))


def _add_tone(container: Any, stream: Any, tone_hz: float, seconds: float) -> None:
    at = 0
    for block in blocks_of(sine(seconds, 48000, tone_hz), 1024):
        frame = av.AudioFrame.from_ndarray(block[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48000, at, Fraction(1, 48000)
        container.mux(stream.encode(frame))
        at += len(block)
    container.mux(stream.encode(None))
