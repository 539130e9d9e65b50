"""What is known of a voice's source and filter without learning: used by the vocoder that trains and by the one that
speaks."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .mels import N_FFT, N_MELS, RATE_HZ, band_centres_hz, mel_basis

__all__ = [
    "LOUDEST_LN", "LOW_HZ", "MIDDLE_HZ", "NOISE_IN_VOICE_LN", "N_BINS", "PULSES_IN_NOISE_LN", "STEPS", "SWING",
    "bridged_pitch", "spreading",
]  # fmt: skip

N_BINS = N_FFT // 2 + 1
STEPS = 8  # loudness values within a hop, so that a burst can be shorter than the window
MIDDLE_HZ = 200.0
LOUDEST_LN = 4.0
# What the network starts from: pulses hardly sound without voice, and noise lies low under a voice's harmonics.
PULSES_IN_NOISE_LN = -3.0
NOISE_IN_VOICE_LN = -1.5
LOW_HZ = (2500.0, 5500.0)
SWING = 0.7  # of the noise's level, by which it follows the pulses at most


def bridged_pitch(pitch_hz: np.ndarray) -> NDArray[np.float32]:
    """(T,) with the gaps (0) bridged by straight lines in log pitch; MIDDLE_HZ where there is no voice at all."""
    at = np.flatnonzero(pitch_hz > 0)
    if not at.size:
        return np.full(pitch_hz.shape, MIDDLE_HZ, np.float32)
    return np.exp(np.interp(np.arange(pitch_hz.size), at, np.log(pitch_hz[at]))).astype(np.float32)


@lru_cache(maxsize=1)
def spreading() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(N_BINS, N_MELS) that interpolates band levels over the bins, and (N_BINS, 1) what to subtract for the width of
    the bands and for the magnitude of the excitation itself."""
    bins_hz = np.fft.rfftfreq(N_FFT, 1 / RATE_HZ)
    centres = band_centres_hz()
    spread = np.stack([np.interp(bins_hz, centres, row) for row in np.eye(N_MELS)], axis=1)
    widths = np.log(mel_basis().sum(axis=1))
    own = 0.5 * np.log(np.square(np.hanning(N_FFT)).sum())
    return spread.astype(np.float32), (spread @ widths + own).astype(np.float32)[:, None]
