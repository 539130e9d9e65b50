"""Opening media files, and the table of their pictures that demuxing alone can give."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from av_models.domain.errors import MediaError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

__all__ = ["PictureTable", "main_picture_stream", "open_media", "picture_table"]

_MOST_BACK_S = Fraction(1, 2)
"""Packets are sent in the order of their decoding times; rounding alone takes none back so far."""

REWRAP = "Rewrap it with `ffmpeg -fflags +genpts -i IN -c copy OUT.mp4`, or export it again"


@dataclass(frozen=True, slots=True)
class PictureTable:
    """What the packets say about the pictures, in presentation order.

    pts: in units of time_base, strictly increasing.  keys: indices of the pictures at which decoding can begin.
    last: duration of the last picture in units of time_base, 0 if the file does not say.  n_hidden: pictures that the
    file holds but does not show, as where it was cut without being encoded again.
    """

    pts: tuple[int, ...]
    keys: tuple[int, ...]
    time_base: Fraction
    last: int
    n_hidden: int = 0

    @property
    def times(self) -> tuple[Fraction, ...]:
        """Seconds; the first picture is at 0."""
        return tuple((pts - self.pts[0]) * self.time_base for pts in self.pts)

    def key_before(self, index: int, steps_back: int = 0) -> int:
        """The key picture from which `index` can be decoded, or one that lies `steps_back` key pictures earlier."""
        return self.keys[max(0, bisect_right(self.keys, index) - 1 - steps_back)] if self.keys else 0


@contextmanager
def open_media(path: Path) -> Iterator[InputContainer]:
    """Open a file of sound or picture. Errors: MediaError when it is missing, empty or not media."""
    import av

    if not path.is_file():
        problem = "this is a folder, not a file" if path.is_dir() else "no such file"
        raise MediaError(str(path), problem, "Check the path: it must name a video or sound file.")
    if path.stat().st_size == 0:
        raise MediaError(str(path), "the file is empty (0 bytes)", "Copy or export it again.")
    try:
        container = av.open(str(path), metadata_errors="ignore")
    except PermissionError as error:
        raise MediaError(str(path), "you may not read this file", "Give yourself the right to read it.") from error
    except (av.error.FFmpegError, OSError, ValueError) as error:
        problem = "it is not a media file, or its head or tail is missing"
        remedy = "If it was copied or downloaded, do that again; `ffmpeg -i FILE` tells more."
        raise MediaError(str(path), problem, remedy) from error
    with container:
        yield container


def main_picture_stream(container: InputContainer, path: Path) -> VideoStream:
    """The moving picture of a file; cover art does not count. Errors: MediaError when there is none."""
    from av.stream import Disposition

    moving = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if moving:
        return moving[0]
    what = "it holds sound only" if container.streams.audio else "it holds no picture"
    raise MediaError(str(path), what, "Give a video: a file that shows a person.")


def picture_table(path: Path) -> PictureTable:
    """The pictures of a file without decoding any. Kept in memory for files that do not change meanwhile."""
    if not path.is_file():
        with open_media(path):
            pass
    state = os.stat(path)
    return _table_of(path, state.st_size, state.st_mtime_ns)


def _refuse_step_back(path: Path, ticks: int, stream: VideoStream, frame: int) -> None:
    step_s = ticks * Fraction(stream.time_base or 1)
    if step_s > _MOST_BACK_S:
        problem = f"its time stamps jump back by {float(step_s):.1f} s: it is several recordings in one"
        raise MediaError(str(path), problem, "Cut it there, or export it again.", f"frame {frame}")


@lru_cache(maxsize=16)
def _table_of(path: Path, n_bytes: int, changed_ns: int) -> PictureTable:
    import av

    seen: dict[int, bool] = {}
    latest: int | None = None
    sent: int | None = None
    last, n_hidden = 0, 0
    with open_media(path) as container:
        stream = main_picture_stream(container, path)
        try:
            for packet in container.demux(stream):
                # Packets without data end the stream; packets to discard lie outside the edit list.
                if packet.size == 0 or packet.is_discard:
                    n_hidden += packet.is_discard
                    continue
                if packet.pts is None:
                    raise MediaError(str(path), "its pictures carry no times", f"{REWRAP}.", f"frame {len(seen)}")
                seen[packet.pts] = packet.is_keyframe
                if latest is None or packet.pts >= latest:
                    latest, last = packet.pts, packet.duration or 0
                if packet.dts is not None:
                    _refuse_step_back(path, (sent or packet.dts) - packet.dts, stream, len(seen))
                    sent = packet.dts
        except av.error.FFmpegError as error:
            problem = f"the file is damaged ({error.strerror})"
            raise MediaError(str(path), problem, "Copy or export it again.", f"frame {len(seen)}") from error
        if stream.time_base is None or not seen:
            raise MediaError(str(path), "its video has no pictures", "Export it again with at least 12 frames.")
        pts = tuple(sorted(seen))
        keys = tuple(index for index, at in enumerate(pts) if seen[at])
        return PictureTable(pts, keys, Fraction(stream.time_base), last, n_hidden)
