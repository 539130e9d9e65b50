"""The sound that footage came with, in step with its picture, for a programme that keeps it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np

from ..domain.errors import MediaError
from ..domain.time import sample_at
from .container import main_picture_stream, open_media
from .disk import new_file
from .ffmpeg_command import run_graph
from .loudness import PROGRAMME_RATE_HZ
from .sound_track import BLOCK_SAMPLES, Sound, SoundFile, write_sound

__all__ = ["differs", "kept_sound", "silence"]


def kept_sound(path: Path, out: Path, n_samples: int) -> SoundFile:
    """The first sound track at 48 kHz, mono or stereo: sample 0 falls on the first picture, and there are `n_samples`.

    A track that starts later begins with silence, one that starts earlier is cut; holes in it become silence.
    Errors: MediaError when there is no sound or it cannot be decoded, ResourceError (disk full).
    """
    import ffmpeg

    n_channels, first = _channels_and_start(path)
    exact = {"async": 1, "first_pts": first}
    heard = ffmpeg.input(str(path)).audio.filter("aresample", PROGRAMME_RATE_HZ, **exact)
    heard = heard.filter("asetpts", "N/SR/TB").filter("apad", whole_len=n_samples)
    cut = heard.filter("atrim", end_sample=n_samples)
    with new_file(out) as part:
        settings = {"f": "f32le", "ar": PROGRAMME_RATE_HZ, "ac": n_channels}
        run_graph(cut.output(str(part), **settings), path, "decoding its sound")
    return SoundFile(out, n_channels)


def silence(out: Path, n_samples: int) -> SoundFile:
    """For footage without sound."""
    sizes = [BLOCK_SAMPLES] * (n_samples // BLOCK_SAMPLES) + [n_samples % BLOCK_SAMPLES]
    return write_sound(out, (np.zeros((n, 1), np.float32) for n in sizes if n), 1)


def differs(one: Sound, other: Sound) -> bool:
    """Is there any sample in which two sounds of one length differ? Says whether a mark was put into it."""
    starts = range(0, one.n_samples, BLOCK_SAMPLES)
    pieces = ((start, min(start + BLOCK_SAMPLES, one.n_samples)) for start in starts)
    return any(not np.array_equal(one.read(*piece), other.read(*piece)) for piece in pieces)


def _channels_and_start(path: Path) -> tuple[int, int]:
    """(1 or 2, the sample at which the first picture comes, counted from the start of the file)."""
    with open_media(path) as container:
        if not container.streams.audio:
            raise MediaError(str(path), "it has no sound", "Give a file with a sound track.")
        picture = main_picture_stream(container, path)
        starts = [
            stream.start_time * stream.time_base
            for stream in container.streams
            if stream.start_time is not None and stream.time_base is not None
        ]
        own = (
            picture.start_time * picture.time_base
            if picture.start_time is not None and picture.time_base
            else Fraction(0)
        )
        first = sample_at(own - min(starts, default=own), PROGRAMME_RATE_HZ)
        return min(2, container.streams.audio[0].channels), first
