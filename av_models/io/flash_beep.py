"""Sound against picture at the mux stage, measured as broadcasters do: a white flash and a beep that belong to it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from av_models.domain.errors import MediaError
from av_models.domain.production import Preset, Profile
from av_models.domain.time import sample_at

from .audio import read_audio
from .coded_sound import encode_sound
from .coding import coding_of
from .loudness import PROGRAMME_RATE_HZ
from .mux import write_master_file
from .sound_track import ArraySound
from .video import VideoWriter, read_pictures

__all__ = ["av_offset_s", "av_offsets_s", "flash_and_beep", "mux_offset_s"]

Samples = NDArray[np.float32]

_WIDTH_PX, _HEIGHT_PX = 320, 180
_BEEP_HZ = 1000
_BEEP_S = 0.05
_NEAREST_S = 0.4


def mux_offset_s(preset: Preset, rate: Fraction, seconds: int = 6) -> float:
    """How late the sound is in a master made by `preset` at `rate`; below 0 it is early."""
    bit_depth = preset.depths[0]
    with tempfile.TemporaryDirectory(prefix="understudy-flash-") as name:
        folder = Path(name)
        clip, samples = folder / "flashes.mp4", flash_and_beep(folder / "flashes.mp4", rate, seconds)
        codec = coding_of(preset, bit_depth, Profile.DRAFT, rate, _WIDTH_PX, _HEIGHT_PX).sound
        sound = folder / ("sound.m4a" if codec == "aac" else "sound.mov")
        encode_sound(ArraySound(samples), sound, codec)
        (folder / "none.srt").write_text("")
        out = folder / f"master{preset.suffix}"
        write_master_file(
            [clip], sound, folder / "none.srt", None, out, rate, _WIDTH_PX, _HEIGHT_PX, "draft", "", "en",
            preset=preset, bit_depth=bit_depth,
        )  # fmt: skip
        return av_offset_s(out)


def av_offset_s(path: Path) -> float:
    """Median delay of the beeps behind their flashes in seconds; below 0 the sound is early. Errors: MediaError."""
    return median(offset for _, offset in av_offsets_s(path))


def av_offsets_s(path: Path) -> tuple[tuple[float, float], ...]:
    """(time of the flash, delay of its beep behind it), in seconds, as a player shows and plays them: edit lists and
    priming are honoured. The slope over time is the drift.

    Errors: MediaError when there is no pair of flash and beep.
    """
    beeps = _onsets(read_audio(path, PROGRAMME_RATE_HZ)) / PROGRAMME_RATE_HZ
    found = []
    for flash_s in _flashes(path):
        if len(beeps):
            delay_s = float(beeps[np.abs(beeps - flash_s).argmin()] - flash_s)
            if abs(delay_s) < _NEAREST_S:
                found.append((flash_s, delay_s))
    if not found:
        raise MediaError(str(path), "it holds no flash with a beep", "Measure a file made from `flash_and_beep`.")
    return tuple(found)


def flash_and_beep(clip: Path, rate: Fraction, seconds: int) -> Samples:
    """Write pictures of which the first in every second (from 1 s on) is white, and return the sound (n,) at 48 kHz
    whose beeps begin at the very sample."""
    n_frames = int(seconds * rate)
    flashes = {-(-second * rate // 1) for second in range(1, seconds)}
    samples = np.zeros(sample_at(n_frames / rate, PROGRAMME_RATE_HZ), np.float32)
    # A cosine begins at its full height, so the first sample of a beep stands out.
    beep = 0.5 * np.cos(2 * np.pi * _BEEP_HZ * np.arange(round(_BEEP_S * PROGRAMME_RATE_HZ)) / PROGRAMME_RATE_HZ)
    for flash in flashes:
        start = sample_at(flash / rate, PROGRAMME_RATE_HZ)
        samples[start : start + len(beep)] = beep[: max(0, len(samples) - start)]
    with VideoWriter(clip, _WIDTH_PX, _HEIGHT_PX, rate, 12, "veryfast") as writer:
        for number in range(n_frames):
            writer.write(np.full((_HEIGHT_PX, _WIDTH_PX, 3), 235 if number in flashes else 20, np.uint8))
    return samples


def _flashes(path: Path) -> Iterator[float]:
    white = False
    for picture in read_pictures(path):
        was, white = white, bool(picture.rgb.mean() > 128)
        if white and not was:
            yield float(picture.time)


def _onsets(samples: Samples) -> NDArray[np.intp]:
    """The first loud sample after each pause of at least half a beep."""
    loud = np.flatnonzero(np.abs(samples) > 0.5 * np.abs(samples).max(initial=0.01))
    apart = np.diff(loud, prepend=-PROGRAMME_RATE_HZ) > _BEEP_S * PROGRAMME_RATE_HZ / 2
    return np.asarray(loud[apart])
