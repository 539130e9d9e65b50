"""Pitch of recordings by autocorrelation and a least-cost path (Boersma 1993, Proc. IFA 17)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .mels import HOP, RATE_HZ

__all__ = ["narrowed_range", "pitch_hz"]

Array = NDArray[np.float64]

LOWEST_HZ, HIGHEST_HZ = 65.0, 520.0
_N_CANDIDATES = 8
_SILENCE = 0.03
_VOICING = 0.45
_OCTAVE = 0.01
# Costs of moving between neighbouring frames: the paper's, which hold for 10 ms, and our frames are 10.7 ms.
_JUMP = 0.35 * 0.01 * RATE_HZ / HOP
_SWITCH = 0.14 * 0.01 * RATE_HZ / HOP


def pitch_hz(samples: np.ndarray, lowest_hz: float = LOWEST_HZ, highest_hz: float = HIGHEST_HZ) -> NDArray[np.float32]:
    """float32 (n,) at RATE_HZ to float32 (n // HOP,): Hz in the middle of each hop, 0 where there is no voice."""
    n_frames = samples.size // HOP
    if n_frames == 0:
        return np.zeros(0, np.float32)
    correlation, loudness = _correlation(samples.astype(np.float64), n_frames, lowest_hz)
    lags, strengths = _candidates(correlation, lowest_hz, highest_hz)
    unvoiced = _VOICING + np.maximum(0.0, 2.0 - loudness / (_SILENCE / (1 + _VOICING)))
    return _best_path(lags, strengths, unvoiced).astype(np.float32)


def narrowed_range(tracks: list[NDArray[np.float32]]) -> tuple[float, float]:
    """Lowest and highest Hz for a second pass over one speaker, from what the first found (Hirst 2011)."""
    voiced = np.concatenate([track[track > 0] for track in tracks] or [np.zeros(0, np.float32)])
    if voiced.size < 50:
        return LOWEST_HZ, HIGHEST_HZ
    quarter, three = np.percentile(voiced, [25, 75])
    return max(LOWEST_HZ, 0.7 * float(quarter)), min(HIGHEST_HZ, 1.8 * float(three))


def _correlation(samples: Array, n_frames: int, lowest_hz: float) -> tuple[Array, Array]:
    """Normalised autocorrelation (frames, lags) of three of the longest periods, and each frame's peak over all."""
    length = 2 * (round(3 * RATE_HZ / lowest_hz) // 2)
    padded = np.pad(samples, (length // 2, length // 2 + HOP))
    starts = np.arange(n_frames) * HOP + HOP // 2
    frames = np.lib.stride_tricks.sliding_window_view(padded, length)[starts]
    frames = frames - frames.mean(axis=1, keepdims=True)
    loudness = np.abs(frames).max(axis=1) / max(float(np.abs(samples).max()), 1e-9)
    window, of_window = _window(length)
    n_lags = length // 3 + 2
    n_fft = 2 ** int(np.ceil(np.log2(length + n_lags)))
    power = np.abs(np.fft.rfft(frames * window, n_fft)) ** 2
    raw = np.fft.irfft(power)[:, :n_lags]
    return raw / np.maximum(raw[:, :1], 1e-12) / of_window[:n_lags], loudness


@lru_cache(maxsize=4)
def _window(length: int) -> tuple[Array, Array]:
    window = np.hanning(length)
    full = np.fft.irfft(np.abs(np.fft.rfft(window, 2 * length)) ** 2)[:length]
    return window, full / full[0]


def _candidates(correlation: Array, lowest_hz: float, highest_hz: float) -> tuple[Array, Array]:
    """Pitch in Hz and strength (frames, _N_CANDIDATES) of the highest peaks; strength -1 where there are fewer."""
    first = int(RATE_HZ / highest_hz)
    before, here, after = correlation[:, first - 1 : -2], correlation[:, first:-1], correlation[:, first + 1 :]
    is_peak = (here > before) & (here >= after) & (here > 0.5 * _VOICING)
    lag = first + np.arange(here.shape[1])
    curvature = np.where(is_peak, 2 * here - before - after, 1.0)
    shift = np.where(is_peak, 0.5 * (after - before) / np.maximum(curvature, 1e-9), 0.0).clip(-0.5, 0.5)
    height = np.minimum(here + 0.25 * (after - before) * shift, 1.0)
    strength = np.where(is_peak, height - _OCTAVE * np.log2(lowest_hz * (lag + shift) / RATE_HZ), -1.0)
    best = np.argsort(-strength, axis=1)[:, :_N_CANDIDATES]
    rows = np.arange(len(best))[:, None]
    return RATE_HZ / (lag[best] + shift[rows, best]), strength[rows, best]


def _best_path(pitches: Array, strengths: Array, unvoiced: Array) -> Array:
    """Viterbi over the candidates and 'no voice', which is the last state."""
    n_frames, n = pitches.shape
    gain = np.concatenate([strengths, unvoiced[:, None]], axis=1)
    logs = np.log2(pitches)
    total, came_from = gain[0], np.zeros((n_frames, n + 1), np.int64)
    cost = np.zeros((n + 1, n + 1))
    cost[:n, n] = cost[n, :n] = _SWITCH
    for frame in range(1, n_frames):
        cost[:n, :n] = _JUMP * np.abs(logs[frame - 1][:, None] - logs[frame][None])
        reached = total[:, None] - cost
        came_from[frame] = reached.argmax(axis=0)
        total = reached.max(axis=0) + gain[frame]
    state = int(total.argmax())
    found = np.zeros(n_frames)
    for frame in range(n_frames - 1, -1, -1):
        found[frame] = pitches[frame, state] if state < n else 0.0
        state = int(came_from[frame, state])
    return found
