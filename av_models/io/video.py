"""Pictures in, pictures out: exact times, true colour, bounded memory, any order."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from av_models.domain.errors import InputError, MediaError

from .colour import BT709, AnyRgb, Rgb, to_yuv
from .container import PictureTable, main_picture_stream, open_media, picture_table
from .decoded import Decoded
from .disk import new_file

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

__all__ = ["Picture", "VideoWriter", "frame_times", "read_nearest", "read_pairs_at", "read_pictures"]

_HELD_FRAMES = 16
_WORTH_A_SEEK = 8


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """index: in presentation order. time: seconds from the first one. rgb: H x W x 3 uint8, upright, square pixels."""

    index: int
    time: Fraction
    rgb: Rgb


def frame_times(path: Path) -> tuple[Fraction, ...]:
    """Seconds at which each picture begins, by demuxing only; the first is at 0. Errors: MediaError."""
    return picture_table(path).times


def read_pictures(path: Path, indices: Iterable[int] | None = None) -> Iterator[Picture]:
    """The pictures of a video, or those at `indices` in that very order (repeats and steps backwards are welcome).

    At most 16 decoded frames are held. Untagged colours: see `colour.to_rgb`.
    Errors: MediaError names the frame that cannot be decoded; IndexError for an index that the file does not have.
    """
    table = picture_table(path)
    times = table.times
    with _Decoder(path, table) as decoder:
        for index in range(len(times)) if indices is None else indices:
            if not 0 <= index < len(times):
                raise IndexError(f"{path} has {len(times)} frames, there is no frame {index}")
            yield Picture(index, times[index], np.asarray(decoder.picture(index).rgb(), np.uint8))


def read_pairs_at(path: Path, times: Sequence[Fraction]) -> Iterator[tuple[Decoded, Decoded, float]]:
    """For each time the picture before it, the picture after it, and the position 0..1 between the two.

    Exactly on a picture the position is 0 and that picture comes twice; times outside the footage give its ends.
    """
    table = picture_table(path)
    starts = table.times
    with _Decoder(path, table) as decoder:
        for time in times:
            before = max(0, bisect_right(starts, time) - 1)
            first = decoder.picture(before)
            if time <= starts[before] or before + 1 == len(starts):
                yield first, first, 0.0
                continue
            position = (time - starts[before]) / (starts[before + 1] - starts[before])
            yield first, decoder.picture(before + 1), float(position)


def read_nearest(path: Path, times: Sequence[Fraction]) -> Iterator[Rgb]:
    """For each time the picture that is nearest, nothing interpolated: for looking at, not for the result."""
    shown: tuple[Decoded | None, Rgb] = None, np.zeros((0, 0, 3), np.uint8)
    for before, after, position in read_pairs_at(path, times):
        nearest = before if position < 0.5 else after
        if nearest is not shown[0]:
            shown = nearest, np.asarray(nearest.rgb(), np.uint8)
        yield shown[1]


class _Decoder:
    """Random access by decoding on from the nearest key picture; the latest frames are kept for steps backwards."""

    def __init__(self, path: Path, table: PictureTable) -> None:
        self._path = path
        self._table = table
        self._index_of = {pts: index for index, pts in enumerate(table.pts)}
        self._held: OrderedDict[int, Decoded] = OrderedDict()
        self._cleanup = ExitStack()
        self._reached = -1

    def __enter__(self) -> Self:
        self._container = self._cleanup.enter_context(open_media(self._path))
        self._stream = main_picture_stream(self._container, self._path)
        self._stream.thread_type = "AUTO"
        self._coming = self._decoded()
        return self

    def __exit__(self, *_: object) -> None:
        self._held.clear()
        self._coming.close()
        self._cleanup.close()

    def picture(self, index: int) -> Decoded:
        """The same object for as long as it is held."""
        if index in self._held:
            return self._held[index]
        ahead = index > self._reached and self._table.key_before(index) - self._reached < _WORTH_A_SEEK
        if (ahead and self._advance(index)) or self._seek(index):
            return self._held[index]
        raise self._broken(index, "this frame cannot be decoded")

    def _seek(self, index: int) -> bool:
        """Begin again at a key picture. Containers that seek by decoding time may land too late: then further back."""
        for steps_back in (0, 1, 4):
            key = self._table.key_before(index, steps_back)
            self._restart(self._table.pts[key] if key else None)
            if self._advance(index):
                return True
        self._restart(None)
        return self._advance(index)

    def _restart(self, pts: int | None) -> None:
        self._coming.close()
        self._reached = -1
        self._held.clear()
        # Ten seconds before zero: edit lists and leading pictures put the true beginning below the first time stamp.
        target = pts if pts is not None else self._table.pts[0] - int(10 / self._table.time_base)
        self._container.seek(target, stream=self._stream, backward=True)
        self._coming = self._decoded()

    def _advance(self, index: int) -> bool:
        """Decode up to `index`; False if the decoder has passed it without giving it."""
        while self._reached < index:
            try:
                self._reached, frame = next(self._coming)
            except StopIteration:
                return False
            self._held[self._reached] = Decoded(frame, Fraction(self._stream.sample_aspect_ratio or 1))
            while len(self._held) > _HELD_FRAMES:
                self._held.popitem(last=False)
        return index in self._held

    def _decoded(self) -> Generator[tuple[int, VideoFrame], None, None]:
        import av

        try:
            for frame in self._container.decode(self._stream):
                index = self._index_of.get(frame.pts) if frame.pts is not None else None
                # After a seek the first pictures may be damaged only because what they refer to was not decoded.
                if index is not None and not frame.is_corrupt:
                    yield index, frame
        except av.error.FFmpegError as error:
            raise self._broken(self._reached + 1, f"this frame cannot be decoded ({error.strerror})") from error

    def _broken(self, index: int, problem: str) -> MediaError:
        time = self._table.times[min(index, len(self._table.pts) - 1)]
        remedy = f"Copy or export the file again, or cut it before {float(time):.2f} s."
        return MediaError(str(self._path), problem, remedy, f"frame {index}")


class VideoWriter:
    """H.264 in MP4 at a constant rational rate, BT.709 both converted and tagged; the file appears when it is complete.

    width_px, height_px: even for 4:2:0, the caller crops.  crf: 0 (lossless) to 51.  preset: of x264.  pixel_format:
    such as 'yuv420p10le' for 10 bits.
    Use as a context manager; an error inside it leaves no file behind.
    """

    def __init__(
        self,
        path: Path,
        width_px: int,
        height_px: int,
        rate: Fraction,
        crf: int,
        preset: str,
        pixel_format: str = "yuv420p",
    ) -> None:
        if pixel_format.startswith("yuv420p") and (width_px % 2 or height_px % 2):
            problem = f"A picture of {width_px}x{height_px} px cannot be written: 4:2:0 needs even sides."
            raise InputError(problem, "Crop one line or column.")
        self.path = path
        self.n_frames = 0
        self._size = (height_px, width_px, 3)
        self._rate = Fraction(rate)
        self._pixel_format = pixel_format
        self._options = {"crf": str(crf), "preset": preset}
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        import av

        with ExitStack() as opening:
            part = opening.enter_context(new_file(self.path))
            self._container = opening.enter_context(av.open(str(part), "w", format="mp4"))
            self._stream = self._add_stream()
            self._cleanup = opening.pop_all()
        return self

    def write(self, rgb: AnyRgb) -> None:
        """Append one picture, H x W x 3 of 8 or 16 bits. Errors: ValueError (shape or type), ResourceError (disk
        full)."""
        if rgb.shape != self._size or rgb.dtype not in (np.uint8, np.uint16):
            raise ValueError(f"expected uint8 {self._size} or uint16, got {rgb.dtype} {rgb.shape}")
        self.write_frame(to_yuv(rgb, self._pixel_format))

    def write_frame(self, frame: VideoFrame) -> None:
        """Append one picture that is of the file's size and format already; it gets the next time."""
        frame.pts, frame.duration, frame.time_base = self.n_frames, 1, 1 / self._rate
        self._container.mux(self._stream.encode(frame))
        self.n_frames += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        if kind is not None:
            return self._cleanup.__exit__(kind, error, trace)
        with self._cleanup:
            self._container.mux(self._stream.encode(None))
        return None

    def _add_stream(self) -> Any:
        height_px, width_px, _ = self._size
        stream = self._container.add_stream("libx264", rate=self._rate, options=self._options)
        stream.width, stream.height, stream.pix_fmt = width_px, height_px, self._pixel_format
        stream.codec_context.time_base = 1 / self._rate
        tags = stream.codec_context
        tags.colorspace = tags.color_primaries = tags.color_trc = BT709
        tags.color_range = 1
        return stream
