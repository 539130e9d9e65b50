"""What is measured once after training, so that every shot of a job is laid into the plate alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .augment import hide_mouth
from .color import fit_transfer
from .faces import FaceBank, feature_weight
from .render import Painter
from .weights import Finish

Floats = NDArray[np.floating[Any]]
N_SAMPLES = 32
# The distance holds who they are, but also how differently they performed: all of it would cost blinks and glances.
CODE_SHARE = 0.5
DETAIL_SIGMA_PX = 2.0
MAX_SHARPEN = 1.2
GRAIN_SIGMA_PX = 0.8
# Above this it is no grain but structure of the skin that was measured.
MAX_GRAIN = 0.02


def measure_finish(painter: Painter, source: FaceBank, actor: FaceBank, place: Floats) -> Finish:
    """Colour from the actor's frames, detail from the source's. Banks at the painter's output size; place (2,3)."""
    own, originals, face = _painted(painter, source)
    sharpen = float(np.clip(detail(originals, face) / max(detail(own, face), 1e-6) - 1, 0, MAX_SHARPEN))
    shift_codes(painter, source, actor)
    swapped, plates, skin = _painted(painter, actor)
    color = fit_transfer(swapped, plates, skin)
    crisp = np.stack([sharpened(picture, sharpen) for picture in swapped])
    missing = detail(plates, skin, GRAIN_SIGMA_PX) ** 2 - detail(crisp, skin, GRAIN_SIGMA_PX) ** 2
    grain = min(max(missing, 0.0) ** 0.5, MAX_GRAIN)
    return Finish(color, round(sharpen, 3), round(grain, 4), tuple(np.asarray(place, np.float64).ravel().tolist()))


def shift_codes(painter: Painter, source: FaceBank, actor: FaceBank) -> None:
    """Move the codes of the actor's face towards the source's by CODE_SHARE of the distance of their means.

    The encoder keeps some of who somebody is: narrow eyes come out as the source's eyes half closed.
    """
    means = [_codes(painter, bank).mean(0) for bank in (source, actor)]
    painter.network.code_shift.copy_(CODE_SHARE * (means[0] - means[1]))


@torch.no_grad()
def _codes(painter: Painter, bank: FaceBank) -> torch.Tensor:
    small = _sample(bank).shrunk(painter.input_px)
    faces = small.crops.to(painter.device).float().div_(255)
    return torch.Tensor(painter.network.encoder(hide_mouth(faces, painter.cover) * 2 - 1))


def _sample(bank: FaceBank) -> FaceBank:
    return bank.part(torch.linspace(0, len(bank) - 1, min(N_SAMPLES, len(bank))).round().long())


def detail(pictures: Floats, masks: Floats, sigma_px: float = DETAIL_SIGMA_PX) -> float:
    """Standard deviation of what is finer than sigma_px, inside masks; pictures (N,H,W,3)."""
    import cv2

    fine = [(p - cv2.GaussianBlur(p, (0, 0), sigma_px))[m > 0.5] for p, m in zip(pictures, masks, strict=True)]
    found = np.concatenate(fine)
    return float(found.std()) if len(found) else 0.0


def grained(face: Floats, grain: float, seed: int) -> Floats:
    """The face (H,W,3) with the plate's grain on it, the same in all channels as sensor noise after de-mosaicing is."""
    noise = np.random.default_rng(seed).normal(0, grain, (*face.shape[:2], 1)).astype(np.float32)
    return face + noise if grain else face


def sharpened(face: Floats, strength: float) -> Floats:
    """Unsharp mask at the scale that `detail` measures."""
    import cv2

    return face + strength * (face - cv2.GaussianBlur(face, (0, 0), DETAIL_SIGMA_PX)) if strength else face


def _painted(painter: Painter, bank: FaceBank) -> tuple[Floats, Floats, Floats]:
    """Painted faces, the crops as they were, and masks of bare skin; N_SAMPLES of the bank."""
    part = _sample(bank)
    small = part.shrunk(painter.input_px)
    painted = painter.paint(small.crops.permute(0, 2, 3, 1).numpy(), part.mouths.numpy())
    plates = part.crops.permute(0, 2, 3, 1).numpy().astype(np.float32) / 255
    features = feature_weight(part.landmarks, plates.shape[1], 3.0, 3.0)[:, 0].numpy()
    inside = np.minimum(painted.masks, part.masks.numpy().astype(np.float32) / 255)
    return painted.faces, plates, inside * (features < 1.5)


__all__ = ["detail", "grained", "measure_finish", "sharpened"]
