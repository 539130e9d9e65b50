"""The sound as the networks see it: hops of 256 samples at 24 kHz, each with 80 mel bands.

Frames lie in the middle of their hop, so n hops of sound have exactly n frames and a duration in frames is exact to
the hop. A loudness floor keeps the logarithm finite in digital silence.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    # Only where it is used: who speaks needs the sizes and the bands, and no torch.
    import torch
    from torch import Tensor

__all__ = [
    "FLOOR", "HOP", "N_FFT", "N_MELS", "RATE_HZ", "band_centres_hz", "cut_to_hops", "log_mel", "mel_basis", "mel_of",
    "spectrum",
]  # fmt: skip

RATE_HZ = 24_000
HOP = 256
N_FFT = 1024
N_MELS = 80
FLOOR = 1e-5
_HIGHEST_HZ = 12_000.0


def cut_to_hops(samples: np.ndarray) -> np.ndarray:
    """float32 (n,) cut to the largest whole number of hops."""
    return np.ascontiguousarray(samples[: samples.size // HOP * HOP], dtype=np.float32)


def log_mel(samples: np.ndarray) -> np.ndarray:
    """float32 (n,) at RATE_HZ to float32 (N_MELS, n // HOP): natural logarithm of mel magnitudes, at least ln FLOOR."""
    import torch

    with torch.no_grad():
        return np.asarray(mel_of(torch.from_numpy(cut_to_hops(samples))[None])[0].numpy())


def spectrum(samples: Tensor, n_fft: int = N_FFT, hop: int = HOP) -> Tensor:
    """(B, n) to complex (B, n_fft // 2 + 1, n // hop): Hann windows round the middle of each hop."""
    import torch
    from torch.nn import functional

    margin = (n_fft - hop) // 2
    padded = functional.pad(samples[:, None], (margin, n_fft - hop - margin), mode="reflect")[:, 0]
    return torch.stft(padded, n_fft, hop, n_fft, _window(n_fft, samples.device), center=False, return_complex=True)


def mel_of(samples: Tensor) -> Tensor:
    """(B, n) at RATE_HZ to (B, N_MELS, n // HOP), differentiable."""
    import torch

    magnitude = spectrum(samples).abs()
    basis = torch.from_numpy(mel_basis()).to(samples.device)
    return torch.log(torch.clamp(basis @ magnitude, min=FLOOR))


@lru_cache(maxsize=4)
def mel_basis(n_fft: int = N_FFT, n_mels: int = N_MELS) -> np.ndarray:
    """(n_mels, n_fft // 2 + 1): triangles of equal area on Slaney's scale (1998), linear up to 1 kHz."""
    frequencies = np.fft.rfftfreq(n_fft, 1 / RATE_HZ)
    edges = _edges_hz(n_mels)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising = (frequencies - low) / (middle - low)
    falling = (high - frequencies) / (high - middle)
    triangles = np.maximum(0.0, np.minimum(rising, falling)) * (2.0 / (high - low))
    return np.ascontiguousarray(triangles, dtype=np.float32)


def band_centres_hz(n_mels: int = N_MELS) -> np.ndarray:
    """(n_mels,): where each band is highest."""
    return _edges_hz(n_mels)[1:-1]


def _edges_hz(n_mels: int) -> np.ndarray:
    return _to_hz(np.linspace(0.0, _to_mel(_HIGHEST_HZ), n_mels + 2))


_LINEAR_HZ = 200.0 / 3
_KNEE_HZ = 1000.0
_LOG_STEP = np.log(6.4) / 27.0


def _to_mel(hz: float) -> float:
    if hz < _KNEE_HZ:
        return hz / _LINEAR_HZ
    return float(_KNEE_HZ / _LINEAR_HZ + np.log(hz / _KNEE_HZ) / _LOG_STEP)


def _to_hz(mel: np.ndarray) -> np.ndarray:
    knee = _KNEE_HZ / _LINEAR_HZ
    return np.where(mel < knee, mel * _LINEAR_HZ, _KNEE_HZ * np.exp(_LOG_STEP * (mel - knee)))


@lru_cache(maxsize=16)
def _window(n_fft: int, device: torch.device) -> Tensor:
    import torch

    return torch.hann_window(n_fft, device=device)
