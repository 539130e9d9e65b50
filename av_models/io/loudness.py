"""Loudness by EBU R 128: measured by FFmpeg's ebur128, reached by one gain and a true-peak limiter."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from av_models.domain.errors import MediaError

from .ffmpeg_command import run_graph

__all__ = ["PROGRAMME_RATE_HZ", "Loudness", "measure_loudness", "normalise_loudness"]

Samples = NDArray[np.float32]

PROGRAMME_RATE_HZ = 48_000

_TARGET_LUFS, _CEILING_DBTP = -16.0, -1.0
_CODEC_MARGIN_DB = 0.8
"""AAC moves peaks: up to 0.3 dB upwards on seven voices, synthetic and not, at 192 kbit/s."""

_NEAR_LU = 0.05
_MOST_ROUNDS = 6
_LIMITER_S = 0.010
_OVERSAMPLING = 4
_BLOCK = 1 << 18
_BLOCK_EDGE = 64


@dataclass(frozen=True, slots=True)
class Loudness:
    """EBU R 128 figures. integrated_lufs and true_peak_dbtp are -inf for silence."""

    integrated_lufs: float
    true_peak_dbtp: float
    range_lu: float


def measure_loudness(path: Path) -> Loudness:
    """Loudness of the first sound track; a mono track is measured as it would sound from two speakers.

    Errors: MediaError when there is no sound.
    """
    import ffmpeg

    return _measure(ffmpeg.input(str(path)).audio, path)


def normalise_loudness(
    samples: Samples, rate_hz: int, target_lufs: float = _TARGET_LUFS, ceiling_dbtp: float = _CEILING_DBTP
) -> Samples:
    """Bring mono `samples` (N,) to `target_lufs` as heard from two speakers, true peak at most `ceiling_dbtp`.

    A limiter lowers only the peaks that a plain gain would push too high (4x oversampled peaks, ITU-R BS.1770-5 annex
    2; 10 ms symmetric gain curve); gain and limiter are repeated until the loudness is within 0.05 LU. 0.8 dB are
    kept free for what AAC does to peaks. Silence, and sound too short to measure (under 0.4 s), keeps its level.
    """
    ceiling = 10 ** ((ceiling_dbtp - _CODEC_MARGIN_DB) / 20)
    gain_db, result = 0.0, samples
    for _ in range(_MOST_ROUNDS):
        loudness = _measure_samples(result, rate_hz).integrated_lufs
        if not math.isfinite(loudness) or abs(target_lufs - loudness) < _NEAR_LU:
            break
        gain_db += target_lufs - loudness
        result = _limit(samples * np.float32(10 ** (gain_db / 20)), rate_hz, ceiling)
    return _limit(result, rate_hz, ceiling)


def _measure_samples(samples: Samples, rate_hz: int) -> Loudness:
    import ffmpeg

    sound = ffmpeg.input("pipe:", format="f32le", ar=rate_hz, ac=1).audio
    return _measure(sound, Path("the programme's sound"), samples.astype("<f4", copy=False).tobytes())


def _measure(sound: Any, path: Path, stdin: bytes | None = None) -> Loudness:
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


def _limit(samples: Samples, rate_hz: int, ceiling: float) -> Samples:
    """Scale down around every true peak above `ceiling` (linear), smoothly and without delay."""
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
    return (samples * gain).astype(np.float32)


def _true_peaks(samples: Samples) -> Samples:
    """(N,) the largest magnitude of the oversampled wave around each sample, in blocks of constant memory."""
    from scipy.signal import resample_poly

    peaks = np.empty(len(samples), np.float32)
    for start in range(0, len(samples), _BLOCK):
        first, end = max(0, start - _BLOCK_EDGE), min(len(samples), start + _BLOCK)
        fine = np.abs(resample_poly(samples[first : end + _BLOCK_EDGE], _OVERSAMPLING, 1))
        around = fine.reshape(-1, _OVERSAMPLING).max(axis=1)[start - first : end - first]
        peaks[start:end] = around
    return peaks
