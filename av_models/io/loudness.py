"""Loudness by EBU R 128: measured by FFmpeg's ebur128, reached by one gain and a true-peak limiter."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from av_models.domain.errors import MediaError

from .ffmpeg_command import run_graph
from .sound_track import BLOCK_SAMPLES, ArraySound, Sound, blocks_of

__all__ = ["PROGRAMME_RATE_HZ", "Loudness", "level", "measure_loudness", "measure_sound", "normalise_loudness"]

Samples = NDArray[np.float32]

PROGRAMME_RATE_HZ = 48_000

_TARGET_LUFS, _CEILING_DBTP = -16.0, -1.0
CODEC_MARGIN_DB = 0.8
"""AAC moves peaks: up to 0.3 dB upwards on seven voices, synthetic and not, at 192 kbit/s."""

_NEAR_LU = 0.05
_MOST_ROUNDS = 6
_LIMITER_S = 0.010
_OVERSAMPLING = 4
_BLOCK_EDGE = 64


@dataclass(frozen=True, slots=True)
class Loudness:
    """EBU R 128 figures. integrated_lufs and true_peak_dbtp are -inf for silence."""

    integrated_lufs: float
    true_peak_dbtp: float
    range_lu: float


def measure_loudness(path: Path) -> Loudness:
    """Loudness of the first sound track; a mono track is measured as it would sound from two speakers.

    The picture is not decoded. Errors: MediaError when there is no sound.
    """
    import ffmpeg

    return _measure(ffmpeg.input(str(path), vn=None, sn=None, dn=None).audio, path)


def measure_sound(sound: Sound, rate_hz: int) -> Loudness:
    """Loudness of a sound on disk or in memory, in bounded memory."""
    return _measure_blocks(blocks_of(sound), sound.n_channels, rate_hz)


def normalise_loudness(
    samples: Samples, rate_hz: int, target_lufs: float = _TARGET_LUFS, ceiling_dbtp: float = _CEILING_DBTP
) -> Samples:
    """Bring mono `samples` (N,) to `target_lufs` as heard from two speakers; see `level`."""
    blocks = list(level(ArraySound(samples), rate_hz, target_lufs, ceiling_dbtp))
    return np.concatenate(blocks)[:, 0] if blocks else samples


def level(
    sound: Sound,
    rate_hz: int,
    target_lufs: float = _TARGET_LUFS,
    ceiling_dbtp: float = _CEILING_DBTP,
    margin_db: float = CODEC_MARGIN_DB,
) -> Iterator[Samples]:
    """The sound at `target_lufs`, true peak at most `ceiling_dbtp` less `margin_db`, a block at a time.

    A limiter lowers only the peaks that a plain gain would push too high (4x oversampled peaks, ITU-R BS.1770-5 annex
    2; 10 ms symmetric gain curve, equal for all channels); gain and limiter are repeated until the loudness is within
    0.05 LU. The margin is for what AAC does to peaks. Silence, and sound too short to measure (under 0.4 s), keeps its
    level. The sound is read up to seven times, never held.
    """
    ceiling = 10 ** ((ceiling_dbtp - margin_db) / 20)
    gain_db = 0.0
    loudness = measure_sound(sound, rate_hz).integrated_lufs
    for _ in range(_MOST_ROUNDS):
        if not math.isfinite(loudness) or abs(target_lufs - loudness) < _NEAR_LU:
            break
        gain_db += target_lufs - loudness
        levelled = _limited(sound, rate_hz, gain_db, ceiling)
        loudness = _measure_blocks(levelled, sound.n_channels, rate_hz).integrated_lufs
    return _limited(sound, rate_hz, gain_db, ceiling)


def _measure_blocks(blocks: Iterable[Samples], n_channels: int, rate_hz: int) -> Loudness:
    import ffmpeg

    sound = ffmpeg.input("pipe:", format="f32le", ar=rate_hz, ac=n_channels).audio
    pieces = (np.ascontiguousarray(block, "<f4").tobytes() for block in blocks)
    return _measure(sound, Path("the programme's sound"), pieces)


def _measure(sound: Any, path: Path, stdin: Iterable[bytes] | None = None) -> Loudness:
    graph = sound.filter("ebur128", peak="true", dualmono="true", framelog="quiet").output("-", format="null")
    summary = run_graph(graph, path, "measuring its loudness", stdin).rpartition("Summary:")[2]

    def figure(name: str, unit: str) -> float:
        found = re.search(rf"\b{name}:\s+(\S+) {unit}", summary)
        if found is None:
            raise MediaError(str(path), "its loudness cannot be measured", "Give a file with a sound track.")
        return float(found[1])

    integrated_lufs = figure("I", "LUFS")
    # -70 LUFS is the absolute gate: nothing was louder.
    return Loudness(
        integrated_lufs=integrated_lufs if integrated_lufs > -70 else -math.inf,
        true_peak_dbtp=figure("Peak", "dBFS"),
        range_lu=figure("LRA", "LU"),
    )


def _limited(sound: Sound, rate_hz: int, gain_db: float, ceiling: float) -> Iterator[Samples]:
    """The sound after gain and limiter. Each block is worked out with what lies around it, so that none can be told
    from a limiter that sees the whole."""
    gain = np.float32(10 ** (gain_db / 20))
    around = 2 * round(_LIMITER_S * rate_hz) + 2 * _BLOCK_EDGE
    for start in range(0, sound.n_samples, BLOCK_SAMPLES):
        end = min(start + BLOCK_SAMPLES, sound.n_samples)
        first, last = max(0, start - around), min(sound.n_samples, end + around)
        yield _limit(sound.read(first, last) * gain, rate_hz, ceiling)[start - first : end - first]


def _limit(samples: Samples, rate_hz: int, ceiling: float) -> Samples:
    """Scale (N, C) down around every true peak above `ceiling` (linear), smoothly and without delay."""
    from scipy.ndimage import convolve1d, minimum_filter1d

    peaks = _true_peaks(samples)
    if not len(samples) or peaks.max() <= ceiling:
        return samples
    width = 2 * round(_LIMITER_S * rate_hz) + 1
    needed = np.minimum(1, ceiling / np.maximum(peaks, 1e-9)).astype(np.float32)
    # The mean of minima over one window never exceeds the gain needed at its centre.
    bell = np.hanning(width + 2)[1:-1]
    lowest = minimum_filter1d(needed, width, mode="nearest")
    gain = convolve1d(lowest, bell / bell.sum(), mode="nearest")
    return (samples * gain[:, None]).astype(np.float32)


def _true_peaks(samples: Samples) -> Samples:
    """(N,) the largest magnitude of the oversampled wave around each sample in any channel."""
    from scipy.signal import resample_poly

    if not len(samples):
        return np.zeros(0, np.float32)
    # (C, N) first: numpy is slow at maxima over a last axis of two or four.
    fine = np.abs(resample_poly(np.ascontiguousarray(samples.T), _OVERSAMPLING, 1, axis=1)).max(axis=0)
    return np.asarray(np.maximum.reduce([fine[phase::_OVERSAMPLING] for phase in range(_OVERSAMPLING)]), np.float32)
