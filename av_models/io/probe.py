"""Is this file footage that can be worked with? Asked before anything expensive begins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from av_models.domain.errors import MediaError
from av_models.domain.media import AudioStream, Footage

from .colour import shown_size, turn_of
from .container import PictureTable, main_picture_stream, open_media, picture_table
from .store import Store

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

__all__ = ["probe_footage"]

_LEAST_FRAMES = 12
_MOST_HELD_S = 10
"""A picture that stands longer is none of a performance."""

_LEAST_SIDE_PX, _MOST_SIDE_PX = 64, 8192
_EXPORT = "Export or copy it again."

STANDARD_RATES = tuple(Fraction(r) for r in (24, 25, 30, 48, 50, 60, 100, 120)) + tuple(
    Fraction(r * 1000, 1001) for r in (24, 30, 48, 60, 120)
)


@dataclass(frozen=True, slots=True)
class _Claims:
    """What the header promises; it outlives a tail that was cut off."""

    n_frames: int
    end: Fraction | None
    rates: tuple[Fraction, ...]
    audio: AudioStream | None


def probe_footage(path: Path, store: Store) -> Footage:
    """Check a video file and keep it in the store.

    Errors: MediaError for a file that is missing, no video, truncated, without pictures, shorter than 12 frames, of an
    absurd size or with time stamps that jump; ResourceError when the store's disk is full.
    """
    with open_media(path) as container:
        stream = main_picture_stream(container, path)
        claims = _read_claims(container, stream)
        table = picture_table(path)
        _refuse_short(path, claims, table)
        _refuse_jumps(path, table)
        frame = _first_frame(container, stream, path)
        turn = turn_of(frame)
        size_px = shown_size(frame.width, frame.height, turn, Fraction(stream.sample_aspect_ratio or 1))
    _refuse_size(path, size_px)
    rate, steady = _rate_of(table, claims.rates)
    return Footage(
        media=store.put_file(path),
        name=path.name,
        width_px=size_px[0],
        height_px=size_px[1],
        n_frames=len(table.pts),
        rate=rate,
        duration=table.times[-1] + (table.last * table.time_base or 1 / rate),
        variable_rate=not steady,
        bit_depth=max(component.bits for component in frame.format.components),
        rotation_deg=-90 * turn[0] % 360,
        audio=claims.audio,
    )


def _read_claims(container: InputContainer, stream: VideoStream) -> _Claims:
    sound = container.streams.audio[0] if container.streams.audio else None
    end = None
    if stream.duration and stream.time_base:
        end = stream.duration * Fraction(stream.time_base)
    elif container.duration:
        end = Fraction(container.duration, 1_000_000)
    return _Claims(
        n_frames=stream.frames,
        end=end,
        rates=tuple(Fraction(r) for r in (stream.average_rate, stream.base_rate, stream.guessed_rate) if r),
        audio=AudioStream(sound.rate, sound.channels) if sound else None,
    )


def _first_frame(container: InputContainer, stream: VideoStream, path: Path) -> VideoFrame:
    import av

    try:
        frame = next(container.decode(stream), None)
    except (av.error.FFmpegError, ValueError) as error:
        raise MediaError(str(path), f"its first picture cannot be decoded ({error})", _EXPORT, "frame 0") from error
    if frame is None:
        raise MediaError(str(path), "its first picture cannot be decoded", _EXPORT, "frame 0")
    return frame


def _refuse_short(path: Path, claims: _Claims, table: PictureTable) -> None:
    n_frames = len(table.pts)
    # The margins are for edit lists, which hide a few frames, and for sound that outlasts the picture.
    too_few = n_frames + table.n_hidden < claims.n_frames - max(2, claims.n_frames // 50)
    too_soon = claims.end is not None and table.times[-1] < claims.end * Fraction(9, 10) - 1
    if too_few or too_soon:
        promised = f"{claims.n_frames} frames" if claims.n_frames else f"{float(claims.end or 0):.1f} s"
        problem = f"it is truncated: its header promises {promised}, {n_frames} frames can be read"
        remedy = f"Copy it again; or keep what is left with `ffmpeg -i {path.name} -c copy rest.mp4`."
        raise MediaError(str(path), problem, remedy, f"frame {n_frames}")
    if n_frames < _LEAST_FRAMES:
        problem = f"it has {n_frames} frames, too few to follow a face"
        raise MediaError(str(path), problem, f"Give at least {_LEAST_FRAMES} frames; some seconds are better.")


def _refuse_jumps(path: Path, table: PictureTable) -> None:
    times = table.times
    for frame, (before, after) in enumerate(pairwise(times), start=1):
        if after - before > _MOST_HELD_S:
            problem = f"no picture comes for {float(after - before):.1f} s: its time stamps jump, or it was interrupted"
            raise MediaError(str(path), problem, "Cut it there, or export it again.", f"frame {frame}")


def _refuse_size(path: Path, size_px: tuple[int, int]) -> None:
    if min(size_px) < _LEAST_SIDE_PX or max(size_px) > _MOST_SIDE_PX:
        problem = f"its picture measures {size_px[0]}x{size_px[1]} px"
        remedy = f"Scale it so that both sides are between {_LEAST_SIDE_PX} and {_MOST_SIDE_PX} px."
        raise MediaError(str(path), problem, remedy)


def _rate_of(table: PictureTable, claimed: Iterable[Fraction]) -> tuple[Fraction, bool]:
    """(rate, True) if one rate explains every time to within rounding, else (average rate, False)."""
    times = table.times
    average = (len(times) - 1) / times[-1]
    # Matroska and FLV round times to whole milliseconds.
    slack = max(table.time_base * Fraction(3, 2), Fraction(1, 1000))
    for rate in sorted({_snapped(r) for r in (*claimed, average)}, key=lambda r: abs(r - average)):
        if all(abs(time - index / rate) <= slack for index, time in enumerate(times)):
            return rate, True
    return _snapped(average), False


def _snapped(rate: Fraction) -> Fraction:
    """A standard rate within 0.03 %, else the simplest fraction nearby: measured averages carry rounding noise."""
    nearest = min(STANDARD_RATES, key=lambda standard: abs(standard - rate))
    return nearest if abs(nearest - rate) < nearest * Fraction(3, 10_000) else rate.limit_denominator(1001)
