"""How the network of `occlusion` is trained. Done once; see `occlusion.md`.

Nobody draws mattes: things are put before faces (`occluders`), and the network learns to tell them from all else that
a model of the person does not explain: other expressions, other light, shadows, blur, crops that lie a little off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ..runtime.shipped import train_averaged
from .front import FRONT_PX, first_model, learn
from .occluders import cast_shadow, cover
from .occlusion import MODEL_PX, FaceModel, lab, shrunk
from .occlusion_network import FrontReader, clues_of, planes_of

__all__ = ["Clip", "Lessons", "front_error", "lessons_of", "train_front_reader"]

Pixels = NDArray[np.uint8]
Rng = np.random.Generator

_COVERED, _SHADOWED = 0.7, 0.1
_COARSE_SHARE = 0.35
"""Of the lessons are as coarse as what is kept of a track (`thumbnails.FaceReel`)."""

_RIM = 17
"""Pixels of FRONT_PX round what the model knows that count, too: a hand reaches over the outline of a face."""


@dataclass(frozen=True, slots=True)
class Clip:
    """crops (N,S,S,3) RGB of one person in one alignment; masks (N,S,S) 0..255: where the face is."""

    crops: Pixels
    masks: Pixels


@dataclass(slots=True)
class Lessons:
    """crops (N,3,P,P), explained (N,3,Q,Q): CIELAB uint8; alpha (N,1,P,P) uint8; model (N,): rows of stray (M,3,Q,Q)
    and inside (M,1,Q,Q)."""

    crops: Tensor
    explained: Tensor
    alpha: Tensor
    model: Tensor
    stray: Tensor
    inside: Tensor

    def clues(self, rows: Tensor) -> Tensor:
        own = self.model[rows]
        return clues_of(self.crops[rows].float(), self.explained[rows].float(), self.stray[own], self.inside[own])

    def wanted(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """(B,1,P,P) both: how much is covered, and where it counts."""
        inside = F.interpolate(self.inside[self.model[rows]], size=FRONT_PX, mode="nearest")
        return self.alpha[rows].float() / 255, F.max_pool2d(inside, _RIM, stride=1, padding=_RIM // 2)


def lessons_of(clips: Sequence[Clip], n_models: int, n_each: int, seed: int = 7) -> Lessons:
    """n_models models of every clip, with n_each lessons each."""
    rng = np.random.default_rng(seed)
    others = np.concatenate([clip.crops[::8] for clip in clips])
    parts = [_of_model(*one, others, n_each, rng) for clip in clips for one in _models(clip, others, n_models, rng)]
    crops, explained, alpha, strays, insides = zip(*parts, strict=True)
    model = torch.repeat_interleave(torch.arange(len(parts)), torch.tensor([len(one) for one in crops]))
    seen = (torch.cat(crops), torch.cat(explained), torch.cat(alpha))
    return Lessons(*seen, model, torch.stack(strays), torch.stack(insides))


def train_front_reader(
    lessons: Lessons,
    steps: int,
    batch: int = 24,
    rate: float = 3e-3,
    seed: int = 7,
    on_step: Callable[[int, float], None] = lambda step, loss: None,
) -> FrontReader:
    """The averaged network after `steps`."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)

    def loss_of(network: FrontReader, step: int) -> Tensor:
        rows = torch.randint(len(lessons.crops), (batch,), generator=generator)
        return _loss(network(lessons.clues(rows)), *lessons.wanted(rows))

    return train_averaged(FrontReader(), loss_of, steps, rate, 1e-2, 0.1, on_step)


def _loss(told: Tensor, alpha: Tensor, counts: Tensor) -> Tensor:
    """Cross entropy, and the overlap of what is told with what is there."""
    entropy = F.binary_cross_entropy_with_logits(told, alpha, reduction="none")
    share = told.sigmoid() * counts
    there = alpha * counts
    both = (share * there).sum((1, 2, 3))
    apart = (share + there).sum((1, 2, 3)) - both
    overlap = (both + 20) / (apart + 20)
    return (entropy * counts).sum() / counts.sum() + 0.3 * (1 - overlap).mean()


def front_error(network: FrontReader, lessons: Lessons) -> tuple[float, float]:
    """Overlap (intersection over union) of what is told with what is there, over all that is covered; and the share of
    the face that is told without anything there, over lessons without."""
    both = apart = false = clear = 0.0
    for rows in torch.arange(len(lessons.crops)).split(64):
        alpha, counts = lessons.wanted(rows)
        with torch.no_grad():
            told = network(lessons.clues(rows)).sigmoid() * counts
        there, nothing = alpha * counts, (alpha * counts).amax((1, 2, 3)) <= 0
        both += float(torch.minimum(told, there)[~nothing].sum())
        apart += float(torch.maximum(told, there)[~nothing].sum())
        false, clear = false + float(told[nothing].sum()), clear + float(counts[nothing].sum())
    return both / max(apart, 1e-6), false / max(clear, 1e-6)


def _models(clip: Clip, others: Pixels, n: int, rng: Rng) -> Iterator[tuple[FaceModel, Pixels]]:
    """Models of parts of a clip in other colours, and its crops in those: some know all that the person ever does, some
    a few seconds of it, some only how the face looks on the whole; and some were disturbed by a hand."""
    for k in range(n):
        crops, masks = _other_look(clip, rng)
        size = len(crops)
        rows = np.arange(size)
        if k % 2:
            first = int(rng.integers(0, size // 2))
            rows = rows[first : first + size // 2]
        taught = crops[rows].copy()
        if k % 3 == 2:
            first, n_covered = int(rng.integers(0, len(rows) * 3 // 4)), len(rows) // 5
            for i in range(first, first + n_covered):
                taught[i] = cover(taught[i], others, rng).rgb
        yield learn(taught, masks[rows]) if k % 4 else first_model(taught, masks[rows]), crops


def _other_look(clip: Clip, rng: Rng) -> tuple[Pixels, Pixels]:
    gain, gamma = rng.normal(1, 0.12, 3).clip(0.6, 1.4) * rng.uniform(0.6, 1.2), rng.uniform(0.75, 1.3)
    crops = np.clip(255 * (clip.crops / 255.0) ** gamma * gain, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        return np.ascontiguousarray(crops[:, :, ::-1]), np.ascontiguousarray(clip.masks[:, :, ::-1])
    return crops, clip.masks


def _of_model(model: FaceModel, crops: Pixels, others: Pixels, n: int, rng: Rng) -> tuple[Tensor, ...]:
    seen, alphas = [], []
    for row in rng.integers(len(crops), size=n):
        crop, alpha = _filmed_otherwise(crops[row], rng), np.zeros(crops.shape[1:3], np.float32)
        what = rng.random()
        if what < _COVERED:
            covered = cover(crop, others, rng)
            crop, alpha = covered.rgb, covered.alpha
        elif what < _COVERED + _SHADOWED:
            crop = cast_shadow(crop, rng)
        seen.append(_noisy(crop, rng))
        alphas.append(alpha)
    small = np.stack([lab(shrunk(crop, MODEL_PX)) for crop in seen])
    explained = np.clip(np.round(model.explained(small)), 0, 255).astype(np.uint8)
    fine = np.stack([lab(shrunk(crop, FRONT_PX)) for crop in seen]).astype(np.uint8)
    alpha = np.stack([shrunk(np.round(255 * one).astype(np.uint8), FRONT_PX) for one in alphas])
    return (
        *(planes_of(fine), planes_of(explained), torch.from_numpy(alpha)[:, None]),
        planes_of(model.stray_map()[None])[0],
        torch.from_numpy(model.inside.astype(np.float32))[None],
    )


def _filmed_otherwise(crop: Pixels, rng: Rng) -> Pixels:
    """A little off, in a slope of light, softer; each now and then."""
    side = crop.shape[0]
    if rng.random() < 0.5:
        turn = cv2.getRotationMatrix2D((side / 2, side / 2), rng.normal(0, 0.9), rng.normal(1, 0.012))
        moved = np.asarray(turn) + np.pad(rng.normal(0, 0.007 * side, (2, 1)), ((0, 0), (2, 0)))
        crop = np.asarray(cv2.warpAffine(crop, moved, (side, side), borderMode=cv2.BORDER_REPLICATE), np.uint8)
    if rng.random() < 0.3:
        slope = np.linspace(-1, 1, side)
        light = 1 + rng.normal(0, 0.12) * slope[None, :, None] + rng.normal(0, 0.12) * slope[:, None, None]
        crop = np.clip(crop * light * rng.normal(1, 0.04, 3), 0, 255).astype(np.uint8)
    if rng.random() < 0.2:
        crop = np.asarray(cv2.GaussianBlur(crop, (0, 0), side / 128 * rng.uniform(0.5, 1.8)), np.uint8)
    return crop


def _noisy(crop: Pixels, rng: Rng) -> Pixels:
    noisy = np.clip(crop + rng.normal(0, rng.uniform(0, 4), crop.shape), 0, 255).astype(np.uint8)
    if rng.random() >= _COARSE_SHARE:
        return noisy
    return np.asarray(cv2.resize(shrunk(noisy, MODEL_PX), crop.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.uint8)
