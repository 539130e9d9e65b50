"""A listener for the last phase of a vocoder's training: small networks that tell recordings from copies of them.

Each looks at log magnitudes of one resolution, as an image; what convinces them is what spectral distances overlook,
such as the grain of a breathy voice. They help to train and are never shipped. (Multi-resolution spectrogram
discriminator: Jang et al. 2021, UnivNet; least squares: Mao et al. 2017; matched features: Kumar et al. 2019.)
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from .mels import spectrum

__all__ = ["Critic"]

_RESOLUTIONS = (1024, 512, 256)
_QUIETEST = 1e-4
_DEPTH = 4


class _Eye(nn.Module):
    """One resolution. width: channels."""

    def __init__(self, n_fft: int, width: int) -> None:
        super().__init__()
        self.n_fft = n_fft
        sizes = [1, *[width] * _DEPTH]
        self.layers = nn.ModuleList(
            # Half as many bins after each layer but the first, and every frame kept: texture lives in time.
            weight_norm(nn.Conv2d(n_in, n_out, (9, 3), (1 if n_in == 1 else 2, 1), (4, 1)))
            for n_in, n_out in pairwise(sizes)
        )
        self.verdict = weight_norm(nn.Conv2d(width, 1, 3, padding=1))

    def forward(self, sound: Tensor) -> list[Tensor]:
        """Features of every layer for sound (B, n), and last the verdict at every place, 1 for a recording."""
        magnitude = spectrum(sound, self.n_fft, self.n_fft // 4).abs() * (4.0 / self.n_fft**0.5)
        seen = torch.log(magnitude + _QUIETEST)[:, None] / 4
        found = []
        for layer in self.layers:
            seen = functional.leaky_relu(layer(seen), 0.1)
            found.append(seen)
        return [*found, self.verdict(seen)]


class Critic(nn.Module):
    """Says of sound (B, n) whether it was recorded."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.eyes = nn.ModuleList(_Eye(n_fft, width) for n_fft in _RESOLUTIONS)

    def error(self, real: Tensor, made: Tensor) -> Tensor:
        """How wrong it is about both, 0 for never; what it learns from. made: without its gradient."""
        wrong = torch.zeros((), device=real.device)
        for eye in self.eyes:
            wrong = wrong + (eye(real)[-1] - 1).square().mean() + eye(made)[-1].square().mean()
        return wrong / len(self.eyes)

    def doubt(self, real: Tensor, made: Tensor) -> tuple[Tensor, Tensor]:
        """What a vocoder learns from: how sure it is that `made` is a copy, and how far its features lie from those of
        the recordings, layer by layer. made: a multiple of the rows of `real`, in the same order."""
        times = made.shape[0] // real.shape[0]
        sure = apart = torch.zeros((), device=real.device)
        for eye in self.eyes:
            with torch.no_grad():
                recorded = eye(real)
            copied = eye(made)
            sure = sure + (copied[-1] - 1).square().mean()
            for one, other in zip(recorded[:-1], copied[:-1], strict=True):
                wanted = one.repeat(times, 1, 1, 1)
                apart = apart + (wanted - other).abs().mean() / (wanted.abs().mean() + _QUIETEST)
        return sure / len(self.eyes), apart / (len(self.eyes) * _DEPTH)
