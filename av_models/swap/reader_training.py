"""Training of the performance reader on labelled crops of many people. Done once; see `reader.md`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ..runtime.shipped import train_averaged
from .augment import disguise, mouth_cover
from .reader import READINGS, PerformanceReader

_MIRRORED = torch.tensor([-1.0 if name in ("yaw", "gaze_x") else 1.0 for name in READINGS])


@dataclass(slots=True)
class LabelledFaces:
    """crops (N,3,S,S) uint8; labels (N,5) as READINGS, in any units."""

    crops: Tensor
    labels: Tensor


def train_reader(
    faces: LabelledFaces,
    steps: int,
    batch: int = 48,
    rate: float = 2e-3,
    seed: int = 7,
    on_step: Callable[[int, float], None] = lambda step, loss: None,
) -> PerformanceReader:
    """The averaged network after `steps`; its outputs are in units of each label's spread over `faces`."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    spread = faces.labels.std(0).clamp(min=1e-3)
    cover = mouth_cover(faces.crops.shape[-1])

    def loss_of(reader: PerformanceReader, step: int) -> Tensor:
        index = torch.randint(len(faces.crops), (batch,), generator=generator)
        shown, wanted = faces.crops[index].float() / 255, faces.labels[index] / spread
        flip = torch.rand(batch, generator=generator) < 0.5
        shown = torch.where(flip[:, None, None, None], shown.flip(3), shown)
        wanted = torch.where(flip[:, None], wanted * _MIRRORED, wanted)
        return F.smooth_l1_loss(reader(disguise(shown, cover, generator)), wanted, beta=0.3)

    return train_averaged(PerformanceReader(), loss_of, steps, rate, 3e-2, 0.1, on_step)


__all__ = ["LabelledFaces", "train_reader"]
