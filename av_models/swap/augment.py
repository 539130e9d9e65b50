"""What the encoder gets to see: jittered, warped, relit crops with the mouth hidden."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

# The mouth's place in a crop whose brow-to-chin height is 0.64 of its side; wide enough for an open jaw.
MOUTH_CENTRE = (0.5, 0.71)
MOUTH_RADII = (0.25, 0.185)


def mouth_cover(size_px: int) -> Tensor:
    """(1,1,S,S): 1 where the mouth is hidden, with a feathered edge."""
    axis = (torch.arange(size_px) + 0.5) / size_px
    x = (axis[None, :] - MOUTH_CENTRE[0]) / MOUTH_RADII[0]
    y = (axis[:, None] - MOUTH_CENTRE[1]) / MOUTH_RADII[1]
    return torch.sigmoid((1 - (x.square() + y.square()).sqrt()) * 12)[None, None]


def hide_mouth(faces: Tensor, cover: Tensor) -> Tensor:
    """faces (B,3,S,S) 0..1 -> the same with grey over the mouth, so that the encoder cannot read it."""
    return faces + (0.5 - faces) * cover


def jitter_grid(n: int, size_px: int, generator: torch.Generator) -> Tensor:
    """(n,S,S,2) sampling grid: rotation, zoom and shift as of an imprecise alignment, plus a smooth 5x5 warp."""

    def uniform(spread: float) -> Tensor:
        return (torch.rand(n, generator=generator, device=generator.device) * 2 - 1) * spread

    angle, zoom, dx, dy = uniform(math.radians(5)), uniform(0.05) + 1, uniform(0.04), uniform(0.04)
    row = torch.stack([zoom * angle.cos(), -zoom * angle.sin(), dx], 1)
    column = torch.stack([zoom * angle.sin(), zoom * angle.cos(), dy], 1)
    grid = F.affine_grid(torch.stack([row, column], 1), [n, 3, size_px, size_px], align_corners=False)
    nodes = torch.randn(n, 2, 5, 5, generator=generator, device=generator.device) * 0.03
    return grid + F.interpolate(nodes, size=(size_px, size_px), mode="bicubic", align_corners=True).permute(0, 2, 3, 1)


def relight(faces: Tensor, generator: torch.Generator) -> Tensor:
    """Random gain per channel, contrast, brightness and loss of colour: two people share neither light nor irises."""
    n = len(faces)
    grey = faces.mean(1, keepdim=True)
    faces = faces + (grey - faces) * torch.rand(n, 1, 1, 1, generator=generator, device=generator.device)

    def around(centre: float, spread: float, channels: int) -> Tensor:
        drawn = torch.rand(n, channels, 1, 1, generator=generator, device=generator.device)
        return centre + (drawn * 2 - 1) * spread

    mean = faces.mean((2, 3), keepdim=True)
    return ((faces - mean) * around(1, 0.2, 1) + mean * around(1, 0.12, 3) + around(0, 0.08, 1)).clamp(0, 1)


def disguise(faces: Tensor, cover: Tensor, generator: torch.Generator) -> Tensor:
    """faces (B,3,S,S) 0..1 -> what training shows to the encoder. The target stays as it is.

    Works where the faces are: `cover` and `generator` must be of the same device.
    """
    grid = jitter_grid(len(faces), faces.shape[-1], generator)
    moved = F.grid_sample(faces, grid, mode="bilinear", padding_mode="border", align_corners=False)
    return hide_mouth(relight(moved, generator), cover)


__all__ = ["disguise", "hide_mouth", "mouth_cover"]
