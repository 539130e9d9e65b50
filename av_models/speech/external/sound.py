"""The sound that a program wrote, checked before it is believed."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from av_models.domain.errors import ModelError

__all__ = ["read_sound", "sounding"]

Samples = NDArray[np.float32]

RATES_HZ = (8_000, 192_000)
LONGEST_S = 600
_SHORTEST_S = 0.03
_SILENT = 1e-4
_QUIET = 0.01
"""Of the loudest 5 ms: 40 dB below it speech has ended, or has not begun."""

_STEP_MS, _BEFORE_MS, _AFTER_MS = 5, 15, 40
_REMEDY = "Correct the adapter: it must write one channel of speech as WAV to the path that 'out' names."


def read_sound(path: Path, name: str) -> tuple[Samples, int]:
    """(samples (N,), rate_hz), turned down where it would clip. ModelError naming what is wrong with it."""
    from scipy.io import wavfile

    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{name} answered without writing its sound.", _REMEDY) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", wavfile.WavFileWarning)
            rate_hz, whole = wavfile.read(io.BytesIO(data))
    except Exception as error:  # scipy raises what comes, ValueError and struct.error among it
        raise ModelError(f"{name} wrote {len(data)} bytes that are no WAV file ({error}).", _REMEDY) from error
    if whole.ndim != 1:
        raise ModelError(f"{name} wrote {whole.shape[1]} channels.", _REMEDY)
    samples = _as_float(whole)
    if problem := _problem(samples, int(rate_hz)):
        raise ModelError(f"{name} wrote a sound that {problem}.", _REMEDY)
    peak = float(np.abs(samples).max())
    return np.asarray(samples * min(1.0, 0.98 / peak if peak > 1 else 1.0), np.float32), int(rate_hz)


def sounding(samples: Samples, rate_hz: int) -> tuple[int, int]:
    """First and end sample of what is not silence at both ends."""
    step = max(1, round(_STEP_MS * rate_hz / 1000))
    padded = np.pad(samples, (0, -samples.size % step)).reshape(-1, step)
    level = np.sqrt(np.mean(padded.astype(np.float64) ** 2, axis=1))
    loud = np.flatnonzero(level > _QUIET * level.max())
    first = int(loud[0]) * step - round(_BEFORE_MS * rate_hz / 1000)
    end = (int(loud[-1]) + 1) * step + round(_AFTER_MS * rate_hz / 1000)
    return max(first, 0), min(end, samples.size)


def _as_float(whole: NDArray[np.generic]) -> Samples:
    if whole.dtype == np.uint8:
        return ((whole.astype(np.float32) - 128) / 128).astype(np.float32)
    if np.issubdtype(whole.dtype, np.integer):
        return (whole.astype(np.float64) / -float(np.iinfo(whole.dtype.name).min)).astype(np.float32)
    return whole.astype(np.float32)


def _problem(samples: Samples, rate_hz: int) -> str:
    """A clause, '' if all is well."""
    if not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
        return f"has {rate_hz} samples a second"
    if samples.size < _SHORTEST_S * rate_hz:
        return f"lasts {samples.size} samples"
    if samples.size > LONGEST_S * rate_hz:
        return f"lasts {samples.size / rate_hz:.0f} s"
    if not np.isfinite(samples).all():
        return "holds numbers that are none (NaN or infinite)"
    if float(np.abs(samples).max()) < _SILENT:
        return "is silent"
    return ""
