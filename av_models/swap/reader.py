"""What a face does, read from its picture: how it is turned, where it looks, how far its lids are closed.

A small network that was trained once on many fictional people with exact labels (`reader.md`), so that its numbers
mean the same on every face. It sees what the encoder sees: an aligned crop with the mouth hidden. Training of a swap
begins from what it reads, instead of learning to see first.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

import torch
from safetensors.torch import load
from torch import Tensor, nn
from torch.nn import functional as F

READINGS = ("yaw", "pitch", "gaze_x", "gaze_y", "lids")
"""yaw, pitch: positive to the picture's right and down.  gaze: the same.  lids: positive is closed."""

TRUSTED = (0, 1, 4)
"""Positions of yaw, pitch and lids: what is read with r > 0.8 on people whom the reader never saw. Glances are not."""

WEIGHTS = "reader.safetensors"
READ_PX = 64
_WIDTHS = (24, 48, 64, 96)


class PerformanceReader(nn.Module):
    """face (B,3,S,S) 0..1 with the mouth hidden -> (B,5), see READINGS; units: spread over many people."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 1
        for width in _WIDTHS:
            layers += [nn.Conv2d(channels, width, 3, stride=2, padding=1), nn.GroupNorm(8, width), nn.GELU()]
            channels = width
        self.look = nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * (READ_PX // 16) ** 2, 96), nn.GELU())
        self.say = nn.Linear(96, len(READINGS))

    def forward(self, face: Tensor) -> Tensor:
        gray = face.float().mean(1, keepdim=True)
        small = F.interpolate(gray, size=(READ_PX, READ_PX), mode="area" if gray.shape[-1] > READ_PX else "bilinear")
        level = small.mean((2, 3), keepdim=True)
        contrast = (small - level).square().mean((2, 3), keepdim=True).sqrt()
        return self.say(self.look((small - level) / (contrast + 0.02)))


def load_reader() -> PerformanceReader:
    """The shipped reader, ready to be used and never to be trained on."""
    reader = PerformanceReader()
    reader.load_state_dict({name: value.float() for name, value in _weights().items()})
    return reader.eval().requires_grad_(False)


@lru_cache(maxsize=1)
def _weights() -> dict[str, torch.Tensor]:
    return dict(load((files(__package__) / WEIGHTS).read_bytes()))


__all__ = ["READINGS", "READ_PX", "TRUSTED", "WEIGHTS", "PerformanceReader", "load_reader"]
