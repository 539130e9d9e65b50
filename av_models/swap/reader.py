"""What a face does, read from its picture: how it is turned, where it looks, how far its lids are closed.

A small network that was trained once on many fictional people with exact labels (`reader.md`), so that its numbers
mean the same on every face. It sees what the encoder sees: an aligned crop with the mouth hidden. Training of a swap
begins from what it reads, instead of learning to see first.

It looks twice: at the whole face, which says how the head is turned, and at each eye from near, because in the whole
face a lid is a pixel high.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..runtime.shipped import shipped

READINGS = ("yaw", "pitch", "gaze_x", "gaze_y", "lids")
"""yaw, pitch: positive to the picture's right and down.  gaze: the same.  lids: positive is closed."""

TRUSTED = (0, 1, 4)
"""Positions of yaw, pitch and lids: what is read with r > 0.8 on people whom the reader never saw. Glances are not."""

TURNS = [READINGS.index(name) for name in ("yaw", "pitch")]
"""Positions of yaw and pitch."""

WEIGHTS = "reader.safetensors"
READ_PX = 128
_EYE_ROWS = slice(15, 55)
_EYE_COLUMNS = slice(15, 63), slice(65, 113)
"""Where the eyes and brows lie in a crop of READ_PX; the second is mirrored, so that both are the same eye."""

_FACE_WIDTHS, _EYE_WIDTHS = (24, 48, 64, 96), (24, 48, 64)
_FACE_CELLS, _EYE_CELLS = 4 * 4, 5 * 6
_DROPPED = 0.2
"""Strangers are what counts: no single feature of the people of the training may be relied on."""


class PerformanceReader(nn.Module):
    """face (B,3,S,S) 0..1 with the mouth hidden -> (B,5), see READINGS; units: spread over many people."""

    def __init__(self) -> None:
        super().__init__()
        self.face = nn.Sequential(*_halvings(_FACE_WIDTHS), nn.Linear(_FACE_WIDTHS[-1] * _FACE_CELLS, 96), nn.GELU())
        self.eye = nn.Sequential(*_halvings(_EYE_WIDTHS), nn.Linear(_EYE_WIDTHS[-1] * _EYE_CELLS, 64), nn.GELU())
        self.say = nn.Sequential(
            *(nn.Dropout(_DROPPED), nn.Linear(96 + 2 * 64, 64), nn.GELU()),
            *(nn.Dropout(_DROPPED / 2), nn.Linear(64, len(READINGS))),
        )

    def forward(self, face: Tensor) -> Tensor:
        gray = face.float().mean(1, keepdim=True)
        if gray.shape[-1] != READ_PX:
            mode = "area" if gray.shape[-1] > READ_PX else "bilinear"
            gray = F.interpolate(gray, size=(READ_PX, READ_PX), mode=mode)
        whole = self.face(_levelled(F.avg_pool2d(gray, 2)))
        one, other = (gray[:, :, _EYE_ROWS, columns] for columns in _EYE_COLUMNS)
        eyes = self.eye(_levelled(torch.cat([one, other.flip(3)])))
        return self.say(torch.cat([whole, *eyes.chunk(2)], 1))


def _halvings(widths: tuple[int, ...]) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for inside, outside in zip((1, *widths), widths, strict=False):
        layers += [nn.Conv2d(inside, outside, 3, stride=2, padding=1), nn.GroupNorm(8, outside), nn.GELU()]
    return [*layers, nn.Flatten()]


def _levelled(gray: Tensor) -> Tensor:
    """The same brightness and contrast for all: light says nothing about what a face does."""
    level = gray.mean((2, 3), keepdim=True)
    contrast = (gray - level).square().mean((2, 3), keepdim=True).sqrt()
    return (gray - level) / (contrast + 0.02)


def load_reader() -> PerformanceReader:
    """The shipped reader."""
    return shipped(PerformanceReader(), WEIGHTS)


__all__ = ["READINGS", "READ_PX", "TRUSTED", "TURNS", "WEIGHTS", "PerformanceReader", "load_reader"]
