"""The energy score: a loss that is least when predictions are spread as the truth is, not when they hit its mean.

With target x and two predictions y, y' from different noise: |x - y| + |x - y'| - |y - y'| (Gneiting & Raftery 2007).
Taken over small patches and not single values, it also asks that neighbours belong together.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["patch_score", "vector_score"]

_TINY = 1e-4
# Patches as (mel bands, frames): single values, texture, a formant's course, a whole frame.
_PATCHES = ((1, 1), (4, 3), (10, 5), (80, 1))


def patch_score(target: Tensor, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Energy score of mel frames (B, bands, T) over patches of several sizes, and the plain mean distance."""
    total = torch.zeros((), device=target.device)
    for size in _PATCHES:
        near = 0.5 * (_patch_norm(target - first, size) + _patch_norm(target - second, size))
        total = total + 2 * near - _patch_norm(first - second, size)
    return total / len(_PATCHES), 0.5 * ((target - first).abs().mean() + (target - second).abs().mean())


def _patch_norm(difference: Tensor, size: tuple[int, int]) -> Tensor:
    if size == (1, 1):
        return difference.abs().mean()
    stride = (max(1, size[0] // 2), max(1, size[1] // 2))
    pooled = functional.avg_pool2d(difference.square()[:, None], (min(size[0], difference.shape[1]), size[1]), stride)
    return torch.sqrt(pooled + _TINY).mean()


def vector_score(target: Tensor, first: Tensor, second: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Energy score of vectors (B, V, P) where mask (B, 1, P): of each value, of each vector, of five neighbours."""
    total = torch.zeros((), device=target.device)
    for norm in (_value_norm, _window_norm_1, _window_norm_5):
        near = 0.5 * (norm(target - first, mask) + norm(target - second, mask))
        total = total + 2 * near - norm(first - second, mask)
    plain = 0.5 * (_value_norm(target - first, mask) + _value_norm(target - second, mask))
    return total / 3, plain


def _value_norm(difference: Tensor, mask: Tensor) -> Tensor:
    return (difference.abs() * mask).sum() / (mask.sum() * difference.shape[1])


def _window_norm_1(difference: Tensor, mask: Tensor) -> Tensor:
    return (torch.sqrt(difference.square().mean(dim=1, keepdim=True) + _TINY) * mask).sum() / mask.sum()


def _window_norm_5(difference: Tensor, mask: Tensor) -> Tensor:
    squares = (difference.square() * mask).mean(dim=1, keepdim=True)
    around = functional.avg_pool1d(squares, 5, 1, padding=2)
    return (torch.sqrt(around + _TINY) * mask).sum() / mask.sum()
