"""Loudness of a clip by ITU-R BS.1770, and the gain that brings it to the corpus' own."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["TARGET_LUFS", "gain_for", "loudness_lufs"]

Floats = NDArray[np.float64]

TARGET_LUFS = -23.0
"""EBU R 128: loud enough for 16 bits, quiet enough that peaks of speech stay whole."""

_PEAK = 0.89  # -1 dBFS
_MOST_GAIN_DB = 36.0
_BLOCK_S, _STEP_S = 0.4, 0.1
_ABSOLUTE_LUFS, _RELATIVE_LU = -70.0, -10.0
# The filters of BS.1770 as analogue prototypes, so that they hold at any rate: a shelf for the head, a high-pass.
_SHELF_HZ, _SHELF_DB, _SHELF_Q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
_PASS_HZ, _PASS_Q = 38.13547087602444, 0.5003270373238773


def loudness_lufs(samples: np.ndarray, rate_hz: int) -> float:
    """Integrated loudness of mono samples (n,) as from one speaker; -inf for silence and for less than 0.4 s."""
    from scipy.signal import sosfilt

    weighted = np.square(sosfilt(_weighting(rate_hz), np.asarray(samples, np.float64)))
    block, step = round(_BLOCK_S * rate_hz), round(_STEP_S * rate_hz)
    if len(weighted) < block:
        return float("-inf")
    sums = np.concatenate([[0.0], np.cumsum(weighted)])
    firsts = np.arange(0, len(weighted) - block + 1, step)
    powers = (sums[firsts + block] - sums[firsts]) / block
    loud = powers[_lufs(powers) > _ABSOLUTE_LUFS]
    if not len(loud):
        return float("-inf")
    loud = loud[_lufs(loud) > _lufs(loud.mean()) + _RELATIVE_LU]
    return float(_lufs(loud.mean())) if len(loud) else float("-inf")


def gain_for(samples: np.ndarray, rate_hz: int) -> float:
    """The factor that brings samples (n,) to TARGET_LUFS, or as near as their peaks allow; 1 for silence."""
    lufs = loudness_lufs(samples, rate_hz)
    if not np.isfinite(lufs):
        return 1.0
    gain = 10 ** (min(TARGET_LUFS - lufs, _MOST_GAIN_DB) / 20)
    return float(min(gain, _PEAK / max(float(np.abs(samples).max()), 1e-9)))


def _lufs(power: Floats | float) -> Floats:
    return np.asarray(-0.691 + 10 * np.log10(np.maximum(power, 1e-15)))


@lru_cache(maxsize=4)
def _weighting(rate_hz: int) -> Floats:
    """Two biquads (2, 6) by the bilinear transform."""
    k = np.tan(np.pi * _SHELF_HZ / rate_hz)
    high = 10 ** (_SHELF_DB / 20)
    middle = high**0.499666774155
    norm = 1 + k / _SHELF_Q + k * k
    shelf = [
        (high + middle * k / _SHELF_Q + k * k) / norm,
        2 * (k * k - high) / norm,
        (high - middle * k / _SHELF_Q + k * k) / norm,
        1.0,
        2 * (k * k - 1) / norm,
        (1 - k / _SHELF_Q + k * k) / norm,
    ]
    k = np.tan(np.pi * _PASS_HZ / rate_hz)
    norm = 1 + k / _PASS_Q + k * k
    high_pass = [1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / norm, (1 - k / _PASS_Q + k * k) / norm]
    return np.array([shelf, high_pass])
