"""Training of the iris finder on labelled eyes of many people. Done once; see `irises.md`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ..runtime.shipped import train_averaged
from .irises import EYE_PX, EYES, HEIGHT_PX, WIDTH_PX, IrisFinder, window_matrix

__all__ = ["LabelledEyes", "labelled_eyes", "train_iris_finder"]

_APART, _TURNED, _NEARER = 0.05, 0.06, 0.08
"""How differently eyes lie in their pictures: by widths of an eye, radians, and the logarithm of the scale."""

_LIDS_WEIGHT = 0.01
_FINE = 0.02


@dataclass(slots=True)
class LabelledEyes:
    """eyes (N,1,40,64) uint8 as `IrisFinder` wants them; irises (N,2) and shut (N,) 0..1 as it is to say them."""

    eyes: Tensor
    irises: Tensor
    shut: Tensor


def labelled_eyes(
    gray: NDArray[np.uint8], points: NDArray[np.floating], irises: NDArray[np.floating], rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Both eyes of a picture with landmarks (68,2) and irises (2,2) px, once, a little off: (2,40,64), (2,2)."""
    import cv2

    middle = np.array([WIDTH_PX - 1, HEIGHT_PX - 1]) / 2
    eyes, places = [], []
    for corners, iris, mirrored in zip(EYES, irises, (False, True), strict=True):
        matrix = window_matrix(_moved(points[list(corners)], rng), mirrored)
        eyes.append(cv2.warpAffine(gray, matrix, (WIDTH_PX, HEIGHT_PX), borderMode=cv2.BORDER_REPLICATE))
        places.append((matrix @ np.append(iris, 1) - middle) / EYE_PX)
    return np.stack(eyes), np.array(places, np.float32)


def _moved(corners: NDArray[np.floating], rng: np.random.Generator) -> NDArray[np.floating]:
    middle, half = corners.mean(0), (corners[1] - corners[0]) / 2
    angle, nearer = rng.normal(0, _TURNED), np.exp(rng.normal(0, _NEARER))
    turn = nearer * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = middle + rng.normal(0, _APART, 2) * 2 * np.linalg.norm(half)
    return np.stack([middle - turn @ half, middle + turn @ half])


def train_iris_finder(
    lesson: LabelledEyes,
    steps: int,
    batch: int = 64,
    rate: float = 3e-3,
    seed: int = 7,
    on_step: Callable[[int, float], None] = lambda step, loss: None,
) -> IrisFinder:
    """The averaged network after `steps`."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)

    def loss_of(finder: IrisFinder, step: int) -> Tensor:
        index = torch.randint(len(lesson.eyes), (batch,), generator=generator)
        said, shut = finder(_disguised(lesson.eyes[index].float() / 255, generator)), lesson.shut[index]
        off = F.smooth_l1_loss(said[:, :2], lesson.irises[index], beta=_FINE, reduction="none").sum(1)
        lids = F.binary_cross_entropy_with_logits(said[:, 2], shut)
        return (off * (1 - shut)).mean() + _LIDS_WEIGHT * lids

    return train_averaged(IrisFinder(), loss_of, steps, rate, 2e-2, 0.3, on_step)


def _disguised(eyes: Tensor, generator: torch.Generator) -> Tensor:
    """In other light, some out of focus, with noise."""

    def draw(spread: float) -> Tensor:
        return spread * torch.randn(len(eyes), 1, 1, 1, generator=generator)

    lit = eyes.clamp(min=1e-3) ** draw(0.3).exp() * draw(0.2).exp()
    soft = torch.rand(len(eyes), generator=generator) < 0.4
    lit[soft] = F.avg_pool2d(F.pad(lit[soft], (1, 1, 1, 1), mode="replicate"), 3, 1)
    down, right = (torch.linspace(-1, 1, size) for size in eyes.shape[2:])
    lit = lit * (1 + draw(0.2) * down[:, None] + draw(0.25) * right).clamp(0.3, 2)
    noise = torch.randn(lit.shape, generator=generator)
    return lit + noise * torch.rand(len(eyes), 1, 1, 1, generator=generator) * 0.04
