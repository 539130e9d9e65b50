"""Cepstra as the acoustic model of pocketsphinx expects them: 13 every 10 ms, with first and second differences."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["FRAME_S", "RATE_HZ", "WINDOW", "cepstra", "mel_powers", "with_deltas", "without_noise"]

Array = NDArray[np.float32]

RATE_HZ = 16_000
FRAME_S = 0.01
WINDOW = 410  # samples of 25.6 ms
_FFT = 512
_PRE_EMPHASIS = 0.97
# feat.params of the model: 25 filters from 130 to 6800 Hz, 13 cepstra, lifter 22.
_N_FILTERS, _LOW_HZ, _HIGH_HZ = 25, 130.0, 6800.0
_N_CEPSTRA, _LIFTER = 13, 22
_LEAST_POWER = 1e-4
_BLOCK = 4096
# The model was trained on features whose steady noise was taken out: the lower envelope of the smoothed power is the
# noise (Doblinger 1995), and what follows a peak too soon is masked (Kim and Stern 2010). The constants are Sphinx's.
_SMOOTHING, _RISE, _FALL = 0.7, 0.995, 0.5
_PEAK_DECAY, _MASKED_SHARE = 0.85, 0.2
_MOST_GAIN, _NEIGHBOURS = 20.0, 4


def mel_powers(pcm: Array) -> Array:
    """(frames, 25) power in mel bands of 410 samples every 10 ms. pcm: (n,) at 16 kHz, in the range of int16."""
    raised = np.empty_like(pcm)
    raised[1:] = pcm[1:] - _PRE_EMPHASIS * pcm[:-1]
    raised[:1] = pcm[:1]
    windows = np.lib.stride_tricks.sliding_window_view(raised, WINDOW)[:: round(FRAME_S * RATE_HZ)]
    blocks = [_powers(windows[at : at + _BLOCK]) for at in range(0, len(windows), _BLOCK)]
    return np.concatenate(blocks) if blocks else np.zeros((0, _N_FILTERS), np.float32)


def without_noise(powers: Array) -> Array:
    """Mel powers (frames, 25), one frame every 10 ms, with steady noise turned down."""
    gains = np.empty_like(powers)
    if not len(powers):
        return gains
    smooth, noise, floor = powers[0].copy(), powers[0].copy(), powers[0] / _MOST_GAIN
    peak = np.zeros_like(smooth)
    for frame, power in enumerate(powers):
        smooth = _SMOOTHING * smooth + (1 - _SMOOTHING) * power
        noise = _envelope(smooth, noise)
        signal = np.maximum(smooth - noise, 1.0)
        floor = _envelope(signal, floor)
        peak *= _PEAK_DECAY
        masked = np.where(signal < peak * _PEAK_DECAY, peak * _MASKED_SHARE, signal)
        peak = np.maximum(peak, signal)
        gains[frame] = np.clip(np.maximum(masked, floor) / smooth, 1 / _MOST_GAIN, _MOST_GAIN)
    return np.asarray(powers * _averaged(gains), dtype=np.float32)


def _envelope(value: Array, before: Array) -> Array:
    share = np.where(value >= before, np.float32(_RISE), np.float32(_FALL))
    return np.asarray(share * before + (1 - share) * value)


def _averaged(gains: Array) -> Array:
    """Each band's gain with those of its neighbours, so that no band stands out alone."""
    bands = np.arange(gains.shape[1])
    low, high = np.maximum(bands - _NEIGHBOURS, 0), np.minimum(bands + _NEIGHBOURS + 1, len(bands))
    sums = np.cumsum(np.pad(gains, ((0, 0), (1, 0))), axis=1)
    return np.asarray((sums[:, high] - sums[:, low]) / (high - low))


def cepstra(powers: Array) -> Array:
    """(frames, 13) liftered cepstra of mel powers (frames, 25)."""
    return np.asarray(np.log(np.maximum(powers, _LEAST_POWER)) @ _cosines(), dtype=np.float32)


def with_deltas(plain: Array) -> Array:
    """(n, 39): cepstra (n, 13), one row every 10 ms, with their first and second differences."""
    edged = np.pad(plain, ((3, 3), (0, 0)), mode="edge")

    def at(frames: int) -> Array:
        return edged[3 + frames : 3 + frames + len(plain)]

    return np.concatenate([plain, at(2) - at(-2), (at(3) - at(-1)) - (at(1) - at(-3))], axis=1)


def _powers(windows: Array) -> Array:
    from scipy.fft import rfft

    spectrum = rfft(windows * np.hamming(WINDOW).astype(np.float32), _FFT, axis=1)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    return np.asarray(power @ _filters(), dtype=np.float32)


@lru_cache(maxsize=1)
def _filters() -> Array:
    """(257, 25) triangles of equal area, their corners on the bins of the transform, as SphinxTrain builds them."""
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (_LOW_HZ, _HIGH_HZ))
    step_hz = RATE_HZ / _FFT
    corners = 700 * (10 ** (np.linspace(low, high, _N_FILTERS + 2) / 2595) - 1)
    corners = np.floor(corners / step_hz + 0.5) * step_hz
    hz = np.arange(_FFT // 2 + 1)[:, None] * step_hz
    left, middle, right = corners[:-2], corners[1:-1], corners[2:]
    rising, falling = (hz - left) / (middle - left), (right - hz) / (right - middle)
    return np.asarray(np.clip(np.minimum(rising, falling), 0, None) * 2 / (right - left), dtype=np.float32)


@lru_cache(maxsize=1)
def _cosines() -> Array:
    order = np.arange(_N_CEPSTRA)
    table = np.cos(np.pi / _N_FILTERS * (np.arange(_N_FILTERS)[:, None] + 0.5) * order) * np.sqrt(2 / _N_FILTERS)
    table[:, 0] *= np.sqrt(0.5)
    return np.asarray(table * (1 + _LIFTER / 2 * np.sin(np.pi * order / _LIFTER)), dtype=np.float32)
