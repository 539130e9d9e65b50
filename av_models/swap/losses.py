"""How far a painted face is from the true one."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

C1, C2 = 0.01**2, 0.03**2


def dssim(a: Tensor, b: Tensor, weight: Tensor) -> Tensor:
    """(B,3,S,S) twice -> mean structural dissimilarity, 0..1, under weight (B,1,S,S) (Wang et al. 2004).

    Flat windows of 7 pixels at every second place stand in for a Gaussian at each: pooling with stride 1 took a third
    of a training step on a CPU.
    """

    def mean(x: Tensor) -> Tensor:
        return F.avg_pool2d(x, 7, stride=2)

    mu_a, mu_b = mean(a), mean(b)
    var_a, var_b, cov = mean(a * a) - mu_a**2, mean(b * b) - mu_b**2, mean(a * b) - mu_a * mu_b
    ssim = (2 * mu_a * mu_b + C1) * (2 * cov + C2) / ((mu_a**2 + mu_b**2 + C1) * (var_a + var_b + C2))
    return weighted_mean((1 - ssim) / 2, mean(weight))


def weighted_mean(x: Tensor, weight: Tensor) -> Tensor:
    """Mean of x (B,C,S,S) under weight (B,1,S,S)."""
    return (x.mean(1, keepdim=True) * weight).sum() / weight.sum()


def face_loss(painted: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Multi-scale DSSIM and L1 under `weight` (B,1,S,S); painted, target (B,3,S,S) float32 0..1."""
    loss = 3 * weighted_mean((painted - target).abs(), weight) + dssim(painted, target, weight)
    return loss + dssim(*(F.avg_pool2d(x, 2) for x in (painted, target, weight)))


def mask_loss(logits: Tensor, mask: Tensor) -> Tensor:
    """logits, mask (B,1,S,S), mask 0..1."""
    return F.binary_cross_entropy_with_logits(logits, mask)


def psnr_db(painted: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Peak signal-to-noise ratio (B,) in dB inside mask (B,1,S,S)."""
    error = ((painted - target).square().mean(1, keepdim=True) * mask).sum((1, 2, 3)) / mask.sum((1, 2, 3)).clamp(min=1)
    return -10 * torch.log10(error.clamp(min=1e-10))


__all__ = ["dssim", "face_loss", "mask_loss", "psnr_db"]
