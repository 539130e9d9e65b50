"""Music and effects under the dialogue: checked when they come in, then looped or cut, faded, and read in pieces."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from av_models.domain.errors import MediaError
from av_models.domain.production import Bed, BedMix

from .container import open_media
from .disk import new_file
from .ffmpeg_command import run_graph
from .loudness import PROGRAMME_RATE_HZ, measure_sound
from .sound_track import Sound, SoundFile
from .store import Store

__all__ = ["LaidBed", "decode_sound", "probe_bed"]

Samples = NDArray[np.float32]

_LEAST_S = 1.0
_SEAM = PROGRAMME_RATE_HZ // 50
"""Samples over which the end of a loop is crossfaded into its beginning: no click, and no audible change of music."""


def probe_bed(path: Path, store: Store) -> Bed:
    """Check a file of music or effects and keep it in the store. Any rate and number of channels; of a video its sound.

    Errors: MediaError for a file that is missing, has no sound, is silent or shorter than 1 s.
    """
    with tempfile.TemporaryDirectory(prefix="understudy-bed-") as folder:
        sound = decode_sound(path, Path(folder) / "bed.f32")
        if sound.n_samples < _LEAST_S * PROGRAMME_RATE_HZ:
            problem = f"it lasts {sound.n_samples / PROGRAMME_RATE_HZ:.2f} s, too short for a bed"
            raise MediaError(str(path), problem, f"Give at least {_LEAST_S:g} s of music or effects.")
        lufs = measure_sound(sound, PROGRAMME_RATE_HZ).integrated_lufs
    if not math.isfinite(lufs):
        raise MediaError(str(path), "it is silent", "Leave it away, or give a file that can be heard.")
    return Bed(store.put_file(path), path.name, sound.n_samples, sound.n_channels, lufs)


def decode_sound(path: Path, out: Path, n_channels: int | None = None, most_s: float | None = None) -> SoundFile:
    """The first sound track as float samples at 48 kHz on disk. n_channels: 1 or 2; mono stays mono unless given.

    More than two channels are mixed down as FFmpeg does by ITU-R BS.775.  most_s: no more than so many seconds.
    Errors: MediaError when there is no sound or it cannot be decoded, ResourceError (disk full).
    """
    import ffmpeg

    with open_media(path) as container:
        if not container.streams.audio:
            raise MediaError(str(path), "it has no sound", "Give a file with a sound track.")
        n_channels = n_channels or min(2, container.streams.audio[0].channels)
    coming = ffmpeg.input(str(path), vn=None, **({} if most_s is None else {"t": most_s}))
    settings = {"f": "f32le", "ar": PROGRAMME_RATE_HZ, "ac": n_channels}
    with new_file(out) as part:
        run_graph(coming.audio.output(str(part), **settings), path, "decoding its sound")
    return SoundFile(out, n_channels)


class LaidBed:
    """A bed as it lies under a programme of `n_samples`: looped or cut, with fades at both ends."""

    def __init__(self, sound: Sound, n_samples: int, mix: BedMix) -> None:
        self._sound = sound
        self._period = sound.n_samples - _SEAM
        self._loop = mix.loop and sound.n_samples < n_samples
        self.n_samples = n_samples
        self.n_channels = sound.n_channels
        self._heard = n_samples if self._loop else min(n_samples, sound.n_samples)
        self._fades = [max(1, round(s * PROGRAMME_RATE_HZ)) for s in (mix.fade_in_s, mix.fade_out_s)]

    def read(self, start: int, end: int) -> Samples:
        block = np.zeros((end - start, self.n_channels), np.float32)
        at = start
        while at < min(end, self._heard):
            piece = self._piece(at, min(end, self._heard))
            block[at - start : at - start + len(piece)] = piece
            at += len(piece)
        return block * self._fade(start, end)[:, None]

    def _piece(self, at: int, end: int) -> Samples:
        """From `at` to the next seam of the loop, or to `end`."""
        if not self._loop:
            return self._sound.read(at, end)
        turn, first = divmod(at, self._period)
        piece = self._sound.read(first, min(first + end - at, self._period))
        if turn and first < _SEAM:
            n = min(_SEAM - first, len(piece))
            share = ((first + np.arange(n, dtype=np.float32)) / _SEAM)[:, None]
            ending = self._sound.read(self._period + first, self._period + first + n)
            piece = np.concatenate([piece[:n] * np.sqrt(share) + ending * np.sqrt(1 - share), piece[n:]])
        return piece

    def _fade(self, start: int, end: int) -> Samples:
        at = np.arange(start, end, dtype=np.float64)
        ramp = np.minimum((at + 0.5) / self._fades[0], (self._heard - at - 0.5) / self._fades[1])
        return np.asarray(np.sin(np.pi / 2 * np.clip(ramp, 0, 1)) ** 2, np.float32)
