"""What both networks are built of."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["ConvBlock"]


class ConvBlock(nn.Module):
    """(B, C, T) -> (B, C, T): one ConvNeXt block (Liu et al. 2022) over time.

    A wide view per channel, then a mix of channels, added to what came in with a weight that is learnt from near zero.
    condition: channels of an extra input (B, condition, T) or (B, condition, 1) that shifts and scales what is mixed.
    """

    def __init__(self, width: int, kernel: int, condition: int = 0, start: float = 0.1) -> None:
        super().__init__()
        self.view = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, 3 * width)
        self.narrow = nn.Linear(3 * width, width)
        self.weight = nn.Parameter(torch.full((width,), start))
        self.adapt = nn.Conv1d(condition, 2 * width, 1) if condition else None
        if self.adapt is not None:
            nn.init.normal_(self.adapt.weight, std=0.02)
            nn.init.zeros_(self.adapt.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        y = self.norm(self.view(x).transpose(1, 2))
        if self.adapt is not None and condition is not None:
            scale, shift = self.adapt(condition).transpose(1, 2).chunk(2, dim=2)
            y = y * (1 + scale) + shift
        y = self.narrow(functional.gelu(self.widen(y)))
        return x + (y * self.weight).transpose(1, 2)
