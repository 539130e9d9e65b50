"""Training of the performance reader on labelled crops of many people. Done once; see `reader.md`."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from .augment import disguise, mouth_cover
from .reader import READINGS, PerformanceReader

_MIRRORED = torch.tensor([-1.0 if name in ("yaw", "gaze_x") else 1.0 for name in READINGS])
_EMA = 0.995


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
    reader = PerformanceReader()
    average = copy.deepcopy(reader)
    optimiser = torch.optim.AdamW(reader.parameters(), lr=rate, weight_decay=3e-2)
    pace = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=0.1)
    cover = mouth_cover(faces.crops.shape[-1])
    for step in range(steps):
        index = torch.randint(len(faces.crops), (batch,), generator=generator)
        shown, wanted = faces.crops[index].float() / 255, faces.labels[index] / spread
        flip = torch.rand(batch, generator=generator) < 0.5
        shown = torch.where(flip[:, None, None, None], shown.flip(3), shown)
        wanted = torch.where(flip[:, None], wanted * _MIRRORED, wanted)
        loss = F.smooth_l1_loss(reader(disguise(shown, cover, generator)), wanted, beta=0.3)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        pace.step()
        keep = min(_EMA, (1 + step) / (10 + step))
        with torch.no_grad():
            for mean, value in zip(average.parameters(), reader.parameters(), strict=True):
                mean.lerp_(value, 1 - keep)
        on_step(step, float(loss.detach()))
    return average.eval()


__all__ = ["LabelledFaces", "train_reader"]
