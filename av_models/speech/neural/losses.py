"""How far one sound is from another, where both are partly noise."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from .mels import FLOOR, N_FFT, mel_basis, spectrum

__all__ = ["RESOLUTIONS", "energy_distance"]

# Window lengths in samples: the short ones see how sound is spread within a pitch period, the long ones its harmonics.
RESOLUTIONS = (1024, 512, 256, 128)
_QUIETEST = 1e-4


def energy_distance(target: Tensor, versions: Tensor) -> tuple[Tensor, Tensor]:
    """Generalised energy distance (Gritsenko et al. 2020) of sound (B, n) and two versions (2 * B, n), and its first
    part, the plain distance.

    Two versions differ in their noise alone. Rewarding their distance from each other keeps the noise from being
    averaged away, which a plain distance would do.
    """
    plain = apart = torch.zeros((), device=target.device)
    for real, made in zip(_views(target), _views(versions), strict=True):
        first, second = made.chunk(2)
        plain = plain + 0.5 * ((real - first).abs().mean() + (real - second).abs().mean())
        apart = apart + (first - second).abs().mean()
    return 2 * plain - apart, plain


def _views(sound: Tensor) -> Iterator[Tensor]:
    """Log mel bands, and at every resolution log and linear magnitudes, each scaled by its weight in the distance."""
    share = 1 / len(RESOLUTIONS)
    for n_fft in RESOLUTIONS:
        magnitude = spectrum(sound, n_fft, n_fft // 4).abs()
        if n_fft == N_FFT:
            bands = torch.from_numpy(mel_basis()).to(sound.device) @ magnitude
            yield torch.log(bands.clamp(min=FLOOR))
        scaled = magnitude * (4.0 / n_fft**0.5)
        yield torch.log(scaled + _QUIETEST) * share
        yield scaled * (4 * share)
