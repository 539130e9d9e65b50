"""What is measured once after training, on the training faces, and travels with the model."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .faces import FaceBank, feature_weight
from .lids import lid_levels, lid_place
from .render import Painter, sharpened
from .weights import Finish

Floats = NDArray[np.floating[Any]]
N_SAMPLES = 32
N_CODES = 256
DETAIL_SIGMA_PX = 1.0
MAX_SHARPEN = 1.2
_HALVINGS = 7


def measure_finish(painter: Painter, source: FaceBank, actor: FaceBank, template: Floats) -> Finish:
    """Banks at the painter's output size. template: the source's mean shape (68,2), in units of the crop's side."""
    own, originals, face = _repainted(painter, source)
    sharpen = strength_for(own, face, detail(originals, face))
    codes = [_codes(painter, bank) for bank in (source, actor)]
    spread = np.concatenate([one - one.mean(0) for one in codes]).std(0)
    shape, mean, away = (tuple(np.round(one, 5).ravel().tolist()) for one in (template, codes[0].mean(0), spread))
    place = lid_place(painter.network.config)
    opened, shut = lid_levels(codes[0][:, place]) if place is not None else (0.0, 0.0)
    return Finish(round(sharpen, 3), shape, mean, away, (round(opened, 4), round(shut, 4)))


def strength_for(pictures: Floats, masks: Floats, wanted: float) -> float:
    """How strongly pictures (N,H,W,3) have to be sharpened for the wanted `detail`; 0 to MAX_SHARPEN."""

    def reached(strength: float) -> float:
        return detail(np.stack([sharpened(one, strength) for one in pictures]), masks)

    low, high = 0.0, MAX_SHARPEN
    if reached(high) <= wanted:
        return high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if reached(middle) < wanted else (low, middle)
    return low


def detail(pictures: Floats, masks: Floats, sigma_px: float = DETAIL_SIGMA_PX) -> float:
    """Standard deviation of what is finer than sigma_px, inside masks; pictures (N,H,W,3)."""
    import cv2

    fine = [(p - cv2.GaussianBlur(p, (0, 0), sigma_px))[m > 0.5] for p, m in zip(pictures, masks, strict=True)]
    found = np.concatenate(fine)
    return float(found.std()) if len(found) else 0.0


def _codes(painter: Painter, bank: FaceBank) -> Floats:
    small = _sample(bank, N_CODES).shrunk(painter.input_px)
    parts = small.crops.permute(0, 2, 3, 1).split(32)
    return np.concatenate([painter.codes(part.numpy()) for part in parts]).astype(np.float64)


def _sample(bank: FaceBank, most: int) -> FaceBank:
    return bank.part(torch.linspace(0, len(bank) - 1, min(most, len(bank))).round().long())


def _repainted(painter: Painter, bank: FaceBank) -> tuple[Floats, Floats, Floats]:
    """Painted faces, the crops as they were, and masks of bare skin; N_SAMPLES of the bank."""
    part = _sample(bank, N_SAMPLES)
    small = part.shrunk(painter.input_px)
    painted = painter.paint(small.crops.permute(0, 2, 3, 1).numpy(), part.mouths.numpy())
    plates = part.crops.permute(0, 2, 3, 1).numpy().astype(np.float32) / 255
    features = feature_weight(part.landmarks, plates.shape[1], 3.0, 3.0)[:, 0].numpy()
    inside = np.minimum(painted.masks, part.masks.numpy().astype(np.float32) / 255)
    return painted.faces, plates, inside * (features < 1.5)


__all__ = ["DETAIL_SIGMA_PX", "detail", "measure_finish", "strength_for"]
