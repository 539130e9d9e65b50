"""The network that tells what is in front of a face, from a crop and from what the person's own face explains of it.

A person's usual face (`occlusion.FaceModel`) says what a crop should show; what differs may be a hand, but also an
expression that was never seen, a shadow or a crop that lies a little off. How such differences look is much the same
on all people, and was learnt once from made-up things before the faces of fictional people (`occlusion.md`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ..runtime.shipped import shipped

__all__ = ["WEIGHTS", "FrontReader", "clues_of", "load_front_reader", "planes_of"]

WEIGHTS = "occlusion.safetensors"

_CLUES = 13
_WIDTHS = (16, 24, 40, 64)
_MOST_STRAYS, _MOST_STEPS = 8.0, 96.0


class FrontReader(nn.Module):
    """clues (B,13,P,P), see `clues_of` -> (B,1,P,P): logit of what is in front; P a multiple of 8."""

    def __init__(self) -> None:
        super().__init__()
        one, two, three, four = _WIDTHS
        self.down = nn.ModuleList([_layer(_CLUES, one), _layer(one, two, 2), _layer(two, three, 2)])
        self.deepest = nn.Sequential(_layer(three, four, 2), _layer(four, four))
        self.whole = nn.Sequential(nn.Linear(four, four), nn.GELU(), nn.Linear(four, four))
        self.up = nn.ModuleList([_layer(four + three, three), _layer(three + two, two), _layer(two + one, one)])
        self.say = nn.Conv2d(one, 1, 3, padding=1)

    def forward(self, clues: Tensor) -> Tensor:
        levels, seen = [], clues
        for layer in self.down:
            seen = layer(seen)
            levels.append(seen)
        seen = self.deepest(seen)
        seen = seen + self.whole(seen.mean((2, 3)))[:, :, None, None]
        for layer, level in zip(self.up, reversed(levels), strict=True):
            wider = F.interpolate(seen, scale_factor=2.0, mode="bilinear", align_corners=False)
            seen = layer(torch.cat([wider, level], 1))
        told: Tensor = self.say(seen)
        return told


def _layer(inside: int, outside: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inside, outside, 3, stride=stride, padding=1), nn.GroupNorm(8, outside), nn.GELU())


def planes_of(pictures: NDArray[Any]) -> Tensor:
    """(N,H,W,3) -> (N,3,H,W)."""
    return torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2)))


def clues_of(crops: Tensor, explained: Tensor, stray: Tensor, inside: Tensor) -> Tensor:
    """crops (B,3,P,P), and explained (B,3,Q,Q), what they should show: CIELAB 0..255.  stray (B or 1,3,Q,Q): how far
    pixels usually are from it.  inside (B or 1,1,Q,Q): 1 where anything is explained. -> (B,13,P,P)"""
    side = crops.shape[-1]
    near = F.interpolate(crops, size=explained.shape[-2:], mode="area")
    strays = ((near - explained) / stray * inside).clamp(-_MOST_STRAYS, _MOST_STRAYS) / 3
    known = torch.cat([inside, stray.log()], 1).expand(len(crops), -1, -1, -1)
    wide = F.interpolate(torch.cat([strays, explained, known], 1), size=side, mode="bilinear")
    strays, explained, inside, usual = wide.split([3, 3, 1, 3], 1)
    steps = ((crops - explained) * inside).clamp(-_MOST_STEPS, _MOST_STEPS) / 32
    line = torch.linspace(-1, 1, side, dtype=crops.dtype)
    places = torch.stack(torch.meshgrid(line, line, indexing="ij")).expand(len(crops), 2, side, side)
    usual = (usual.mean(1, keepdim=True) - 2) * inside
    return torch.cat([(crops - 128) / 64, strays, steps, inside, usual, places], 1)


def load_front_reader() -> FrontReader:
    """The shipped reader."""
    return shipped(FrontReader(), WEIGHTS)
