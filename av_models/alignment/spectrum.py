"""A fine spectrum for looking at boundaries: short windows every 2.5 ms, against the mean of the recording."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .cepstra import RATE_HZ

__all__ = ["BANDS", "HOP", "fine_spectrum"]

Array = NDArray[np.float32]

HOP = 40  # samples: 2.5 ms
BANDS = 24
_WINDOW, _FFT = 160, 256
_LOW_HZ, _HIGH_HZ = 60.0, 7600.0
_LEAST_POWER = 1e-4  # some 70 dB below the vowels of a sound whose peak is 1
_BLOCK = 16_384


def fine_spectrum(sound: Array) -> Array:
    """(frames, BANDS) log power less the mean of each band; frame i is centred on sample i * HOP. sound: 16 kHz."""
    scaled = sound / max(float(np.abs(sound).max(initial=0.0)), 1e-9)
    padded = np.pad(scaled, _WINDOW // 2 + HOP)[HOP:]
    n_frames = len(sound) // HOP + 1
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::HOP][:n_frames]
    log = np.concatenate([_log_powers(windows[at : at + _BLOCK]) for at in range(0, len(windows), _BLOCK)])
    return np.asarray(log - log.mean(axis=0))


def _log_powers(windows: Array) -> Array:
    from scipy.fft import rfft

    shape = np.hanning(_WINDOW + 1)[:_WINDOW].astype(np.float32)
    spectrum = rfft(windows * shape, _FFT, axis=1)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    return np.asarray(np.log(power @ _filters() + _LEAST_POWER), dtype=np.float32)


@lru_cache(maxsize=1)
def _filters() -> Array:
    """(129, BANDS) triangles on the mel scale, none narrower than a bin of the transform."""
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (_LOW_HZ, _HIGH_HZ))
    corners = 700 * (10 ** (np.linspace(low, high, BANDS + 2) / 2595) - 1)
    step_hz = RATE_HZ / _FFT
    hz = np.arange(_FFT // 2 + 1)[:, None] * step_hz
    left, middle, right = corners[:-2], corners[1:-1], corners[2:]
    rising = 1 - (middle - hz) / np.maximum(step_hz, middle - left)
    falling = 1 - (hz - middle) / np.maximum(step_hz, right - middle)
    shares = np.clip(np.minimum(rising, falling), 0, None)
    return np.asarray(shares / shares.sum(axis=0), dtype=np.float32)
