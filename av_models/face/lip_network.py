"""The network of `lip_reader`, and how it is trained. Done once; see `lip_reader.md`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..runtime.shipped import shipped, train_averaged
from .fit import FIT_PX
from .lip_reader import COLUMNS, ROWS

__all__ = ["LABELS", "WEIGHTS", "LabelledLips", "LipReader", "load_lip_reader", "train_lip_reader"]

WEIGHTS = "lip_reader.safetensors"
LABELS = ("inner gap", "outer gap", "width")
"""Over the distance of the outer corners of the eyes. Only the first is used; the others teach what lips are."""

_WIDTHS = (16, 32, 48, 64)
_HEIGHT, _WIDTH = ROWS.stop - ROWS.start, COLUMNS.stop - COLUMNS.start
_CELLS = (_HEIGHT // 16) * (_WIDTH // 16)
_SOFT_SHARE = 0.35


@dataclass(slots=True)
class LabelledLips:
    """crops (N,FIT_PX,FIT_PX) uint8 grey; labels (N,3) as LABELS."""

    crops: Tensor
    labels: Tensor


class LipReader(nn.Module):
    """Lips (B,1,112,144) grey 0..1 -> (B,3), see LABELS; in units of their spread over many people."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inside, outside in zip((1, *_WIDTHS), _WIDTHS, strict=False):
            layers += [nn.Conv2d(inside, outside, 3, stride=2, padding=1), nn.GroupNorm(8, outside), nn.GELU()]
        self.look = nn.Sequential(*layers, nn.Flatten())
        self.say = nn.Sequential(
            *(nn.Dropout(0.3), nn.Linear(_WIDTHS[-1] * _CELLS, 64), nn.GELU()),
            *(nn.Dropout(0.1), nn.Linear(64, len(LABELS))),
        )

    def forward(self, lips: Tensor) -> Tensor:
        level = lips.mean((2, 3), keepdim=True)
        contrast = (lips - level).square().mean((2, 3), keepdim=True).sqrt()
        told: Tensor = self.say(self.look((lips - level) / (contrast + 0.02)))
        return told


def load_lip_reader() -> LipReader:
    """The shipped reader."""
    return shipped(LipReader(), WEIGHTS)


def train_lip_reader(
    faces: LabelledLips,
    steps: int,
    batch: int = 48,
    rate: float = 2e-3,
    seed: int = 7,
    on_step: Callable[[int, float], None] = lambda step, loss: None,
) -> LipReader:
    """The averaged network after `steps`."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    spread = faces.labels.std(0).clamp(min=1e-3)

    def loss_of(reader: LipReader, step: int) -> Tensor:
        index = torch.randint(len(faces.crops), (batch,), generator=generator)
        shown = _jittered(faces.crops[index, None].float() / 255, generator)
        return F.smooth_l1_loss(reader(_relit(shown, generator)), faces.labels[index] / spread, beta=0.3)

    return train_averaged(LipReader(), loss_of, steps, rate, 3e-2, 0.05, on_step)


def _jittered(crops: Tensor, generator: torch.Generator) -> Tensor:
    """Lips (B,1,H,W) cut out of crops as an imprecise alignment would: turned, zoomed, shifted, mirrored, soft."""
    n = len(crops)

    def uniform(spread: float) -> Tensor:
        return (torch.rand(n, generator=generator) * 2 - 1) * spread

    angle, zoom, mirror = uniform(0.1), 1 + uniform(0.08), uniform(1).sign()
    half = torch.tensor([_WIDTH, _HEIGHT]) / FIT_PX
    x = (COLUMNS.start + COLUMNS.stop) / FIT_PX - 1 + uniform(0.05)
    y = (ROWS.start + ROWS.stop) / FIT_PX - 1 + uniform(0.05)
    row = torch.stack([mirror * half[0] * zoom * angle.cos(), -half[1] * zoom * angle.sin(), x], 1)
    column = torch.stack([mirror * half[0] * zoom * angle.sin(), half[1] * zoom * angle.cos(), y], 1)
    grid = F.affine_grid(torch.stack([row, column], 1), [n, 1, _HEIGHT, _WIDTH], align_corners=False)
    cut = F.grid_sample(crops, grid, padding_mode="border", align_corners=False)
    soft = F.interpolate(F.avg_pool2d(cut, 2), size=cut.shape[-2:], mode="bilinear", align_corners=False)
    is_soft = torch.rand(n, generator=generator) < _SOFT_SHARE
    return torch.where(is_soft[:, None, None, None], soft, cut)


def _relit(lips: Tensor, generator: torch.Generator) -> Tensor:
    """Another exposure, light that falls off to a side, and noise."""
    n = len(lips)

    def uniform(spread: float) -> Tensor:
        return (torch.rand(n, 1, 1, 1, generator=generator) * 2 - 1) * spread

    lips = lips.clamp(1e-3, 1) ** torch.exp(uniform(0.5))
    down, across = torch.linspace(-1, 1, _HEIGHT)[:, None], torch.linspace(-1, 1, _WIDTH)
    lips = lips * (1 + uniform(0.4) * across + uniform(0.4) * down)
    return lips + torch.randn(lips.shape, generator=generator) * uniform(0.03)
