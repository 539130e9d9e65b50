"""Held-out faces: how well a network paints what it has not seen, and when it gains no more."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from ..runtime.device import autocast
from .augment import hide_mouth
from .batches import as_floats
from .faces import FaceBank
from .losses import psnr_db
from .network import SwapNetwork
from .plan import Evaluation, TrainPlan

AT_ONCE = 16


@torch.no_grad()
def held_out_db(
    network: SwapNetwork, bank: FaceBank, name: str, cover: Tensor, device: torch.device, at_once: int = AT_ONCE
) -> float:
    """Mean PSNR in dB inside the face of `bank` through its own decoder, at the size of its faces."""
    values = []
    for index in torch.arange(len(bank)).split(at_once):
        part = bank.part(index)
        target, mask = as_floats(part, device)
        with autocast(device):
            painted, _, _ = network(hide_mouth(target, cover), part.mouths.to(device), name)
        shown = F.interpolate(painted.float(), size=target.shape[-2:], mode="area")  # a full basis paints larger
        values.append(psnr_db(shown.clamp(0, 1), target, mask))
    return float(torch.cat(values).mean())


def gains_no_more(curve: Sequence[Evaluation], step: int, plan: TrainPlan) -> bool:
    """Have the last `patience` looks at the source, over at least `patience_steps` steps, brought nothing?"""
    quality = [point.source_db for point in curve]
    earlier = quality[: -plan.patience]
    if not earlier or step - curve[len(earlier) - 1].step < plan.patience_steps:
        return False
    return max(quality[-plan.patience :]) < max(earlier) + plan.min_gain_db


__all__ = ["AT_ONCE", "gains_no_more", "held_out_db"]
