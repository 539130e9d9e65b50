"""A soft breath in, made of shaped noise: air through a narrowing, without a voice."""

from __future__ import annotations

import numpy as np

__all__ = ["BREATH_MS", "breath_in"]

BREATH_MS = 420
# Broad resonances of an open vocal tract while air is drawn in, as (centre Hz, width Hz, level).
_RESONANCES = ((700.0, 500.0, 0.7), (1700.0, 700.0, 1.0), (2900.0, 1000.0, 0.55), (4600.0, 1800.0, 0.3))
_LEVEL_RMS = 0.011


def breath_in(rate_hz: int, seed: int, level: float = 1.0) -> np.ndarray:
    """float32 (n,) of BREATH_MS, begins and ends at zero; some 18 dB below speech at level 1. seed: fixes the noise."""
    n = round(BREATH_MS * rate_hz / 1000)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(n))
    frequency = np.fft.rfftfreq(n, 1 / rate_hz)
    shape = sum(gain * np.exp(-(((frequency - centre) / width) ** 2)) for centre, width, gain in _RESONANCES)
    noise = np.fft.irfft(spectrum * shape, n)
    position = np.linspace(0, 1, n)
    swell = np.sin(np.pi * position**0.75) ** 1.5 * (0.75 + 0.25 * position)
    breath = noise / np.sqrt(np.mean(noise**2)) * swell
    return np.asarray(breath * (_LEVEL_RMS * level), dtype=np.float32)
