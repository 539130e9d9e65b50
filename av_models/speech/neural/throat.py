"""Mel frames of one speaker as another throat would give them: formants moved, the harmonics of another pitch.

The bands are narrow where harmonics lie apart, so a voiced frame is an envelope with ripples of its pitch on it. The
envelope is what is left when each band is averaged over one harmonic's distance; it is moved along the frequency axis,
and the ripples of the wanted pitch are laid on it as deep as they were. Nothing is learnt here, so it works with every
voice, and at pitches that its network has never seen.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .mels import N_FFT, N_MELS, RATE_HZ, band_centres_hz, mel_basis

__all__ = ["KNOTS_HZ", "THROAT_SIZE", "in_throat"]

Floats = NDArray[np.float32]

KNOTS_HZ = (0.0, 600.0, 1300.0, 2400.0, 4000.0, 7000.0, 12_000.0)
THROAT_SIZE = len(KNOTS_HZ)
_LOWEST_HZ, _HIGHEST_HZ, _STEPS_PER_OCTAVE = 45.0, 720.0, 24
_NEAR_STEPS = 6  # three semitones
_RIPPLES_TO_HZ = 5000.0
_HARD_FLOOR = 1e-3


def in_throat(mel: Floats, pitch_hz: Floats, wanted_hz: Floats, factors: Floats) -> Floats:
    """float32 (N_MELS, T) of natural-log mel (N_MELS, T) with its pitch (T,), 0 where unvoiced, and the wanted one.

    factors: (THROAT_SIZE,) by which frequencies round KNOTS_HZ move, over 1 for a smaller speaker.
    """
    moved = _moving(tuple(float(factor) for factor in factors))
    frames = mel.T.astype(np.float32)
    made = frames @ moved.T
    for old in np.unique(_steps(pitch_hz[pitch_hz > 0])):
        here = np.flatnonzero((pitch_hz > 0) & (_steps(pitch_hz) == old))
        averaged, ripple = _source(int(old))
        envelope = frames[here] @ averaged.T
        depth = ((frames[here] - envelope) @ ripple / max(float(ripple @ ripple), _HARD_FLOOR)).clip(0, 1)
        steps = _steps(wanted_hz[here])
        new = np.stack([_source(int(step))[1] for step in steps])
        # What the ripples do not explain belongs to its pitch, and stays as far as that stays.
        near = np.maximum(0.0, 1 - np.abs(steps - old) / _NEAR_STEPS).astype(np.float32)[:, None]
        left = frames[here] - envelope - depth[:, None] * ripple
        made[here] = envelope @ moved.T + depth[:, None] * new + near * left
    return np.ascontiguousarray(made.T)


def _steps(pitch_hz: Floats) -> NDArray[np.int64]:
    height = np.log2(np.clip(pitch_hz, _LOWEST_HZ, _HIGHEST_HZ) / _LOWEST_HZ)
    return np.asarray(np.round(height * _STEPS_PER_OCTAVE), np.int64)


@lru_cache(maxsize=128)
def _source(step: int) -> tuple[Floats, Floats]:
    """(N_MELS, N_MELS) that averages over one harmonic's distance, and the ripples (N_MELS,) of pulses there."""
    pitch_hz = _LOWEST_HZ * 2 ** (step / _STEPS_PER_OCTAVE)
    centres = band_centres_hz()
    # Triangles as wide as two harmonics lie apart: their ends have no say, so that no band jumps in or out.
    near = np.maximum(0.0, 1 - np.abs(centres[:, None] - centres[None]) / pitch_hz)
    averaged = near / near.sum(axis=1, keepdims=True)
    harmonics = np.arange(1, max(2, int(_RIPPLES_TO_HZ / pitch_hz) + 2)) * pitch_hz
    times_s = (np.arange(N_FFT) - N_FFT / 2) / RATE_HZ
    pulses = np.cos(2 * np.pi * harmonics[:, None] * times_s).sum(axis=0)
    bands = np.log(mel_basis() @ np.abs(np.fft.rfft(pulses * np.hanning(N_FFT))) + _HARD_FLOOR)
    ripple = np.where(centres < _RIPPLES_TO_HZ - 2 * pitch_hz, bands - averaged @ bands, 0.0)
    return averaged.astype(np.float32), ripple.astype(np.float32)


@lru_cache(maxsize=32)
def _moving(factors: tuple[float, ...]) -> Floats:
    """(N_MELS, N_MELS) that reads each band where its content was before it was moved; past the top, the top."""
    centres = band_centres_hz()
    moved_hz = np.maximum.accumulate(centres * np.interp(centres, KNOTS_HZ, factors))
    at = np.interp(centres, moved_hz, np.arange(N_MELS))
    below = np.minimum(at.astype(int), N_MELS - 2)
    matrix = np.zeros((N_MELS, N_MELS), np.float32)
    matrix[np.arange(N_MELS), below] = 1 - (at - below)
    matrix[np.arange(N_MELS), below + 1] += at - below
    return matrix
