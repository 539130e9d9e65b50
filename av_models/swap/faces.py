"""Training material in memory: crops, masks and mouth codes of one person, and random batches of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

HELD_OUT_EVERY = 144
HELD_OUT_RUN = 10
"""Faces, in rising order of their frames: so many of so many are held out. Long runs, because each has a gap on both
sides."""

GAP_FRAMES = 5
"""A fifth of a second: nearer than that to a held-out frame, a face shows what is on trial already."""


@dataclass(slots=True)
class FaceBank:
    """crops (N,3,D,D) uint8 RGB; masks (N,D,D) uint8; landmarks (N,68,2) in pixels of D; mouths (N,8) normalised.

    frames (N,): number of the frame in its footage, rising; faces without one (None) are taken for consecutive.
    """

    crops: Tensor
    masks: Tensor
    landmarks: Tensor
    mouths: Tensor
    frames: Tensor | None = None

    def __post_init__(self) -> None:
        if self.frames is None:
            self.frames = torch.arange(len(self.crops))

    def __len__(self) -> int:
        return len(self.crops)

    @classmethod
    def from_arrays(
        cls,
        crop: np.ndarray,
        mask: np.ndarray,
        landmarks: np.ndarray,
        mouth: np.ndarray,
        frame: np.ndarray | None = None,
    ) -> FaceBank:
        """crop (N,D,D,3) uint8, mask (N,D,D) uint8, landmarks (N,68,2), mouth (N,8) normalised, frame (N,)."""
        crops = torch.from_numpy(np.ascontiguousarray(crop.transpose(0, 3, 1, 2)))
        frames = None if frame is None else torch.from_numpy(np.asarray(frame)).long()
        points, codes = torch.from_numpy(landmarks).float(), torch.from_numpy(mouth).float()
        return cls(crops, torch.from_numpy(mask), points, codes, frames)

    def part(self, index: Tensor) -> FaceBank:
        assert self.frames is not None
        rest = self.masks[index], self.landmarks[index], self.mouths[index], self.frames[index.to(self.frames.device)]
        return FaceBank(self.crops[index], *rest)

    def shrunk(self, size_px: int) -> FaceBank:
        """The same faces at size_px by area averaging (D must be a multiple)."""
        factor = self.crops.shape[-1] // size_px
        if factor == 1:
            return self
        crops = torch.cat([F.avg_pool2d(c.float(), factor).round().byte() for c in self.crops.split(64)])
        masks = torch.cat([F.avg_pool2d(m[:, None].float(), factor)[:, 0].round().byte() for m in self.masks.split(64)])
        return FaceBank(crops, masks, (self.landmarks + 0.5) / factor - 0.5, self.mouths, self.frames)

    def split(self) -> tuple[FaceBank, FaceBank]:
        """Training faces and held-out faces: runs at regular places. Faces right before and after them are in neither,
        or they would give them away. Of a short clip less is held out."""
        assert self.frames is not None
        n = len(self)
        run, gap, n_runs = min(HELD_OUT_RUN, max(1, n // 12)), min(GAP_FRAMES, n // 24), max(1, n // HELD_OUT_EVERY)
        held = torch.zeros(n, dtype=torch.bool)
        for number in range(n_runs):
            first = (2 * number + 1) * n // (2 * n_runs) - run // 2
            held[first : first + run] = True
        apart = (self.frames[:, None] - self.frames[held][None]).abs().amin(1)
        return self.part((apart > gap).nonzero()[:, 0]), self.part(held.nonzero()[:, 0])

    def to(self, device: torch.device) -> FaceBank:
        """The same faces in the memory of a device; the numbers of their frames stay where they are."""
        crops, masks, landmarks = self.crops.to(device), self.masks.to(device), self.landmarks.to(device)
        return FaceBank(crops, masks, landmarks, self.mouths.to(device), self.frames)

    @property
    def n_bytes(self) -> int:
        return self.crops.nbytes + self.masks.nbytes

    def weights(self) -> Tensor:
        """Sampling weight (N,): rare mouths and rare eyes (blinks last a few frames) are seen more often than they
        occur."""
        opening = self.mouths[:, 0].clamp(-2, 3)
        bins = ((opening + 2) / 5 * 7).long().clamp(0, 6)
        return (1 + 1.5 * self.eye_rarity()) / torch.bincount(bins, minlength=7).float()[bins].sqrt()

    def eye_rarity(self) -> Tensor:
        """(N,) 0..1: how far the picture of the eyes is from its median, a blink near 1. Landmarks miss many
        blinks."""
        low, high = self.landmarks[:, 36:48].amin((0, 1)).long(), self.landmarks[:, 36:48].amax((0, 1)).long() + 1
        eyes = self.crops[:, :, low[1].clamp(min=0) : high[1], low[0].clamp(min=0) : high[0]].float().mean(1)
        away = (eyes - eyes.median(0).values).abs().flatten(1).mean(1)
        usual = away.median()
        return ((away - usual) / (away.quantile(0.99) - usual).clamp(min=1e-3)).clamp(0, 1)


def feature_weight(landmarks: Tensor, size_px: int, eyes: float, mouth: float) -> Tensor:
    """landmarks (B,68,2) px -> (B,1,S,S): 1 plus Gaussian bumps over both eyes and the mouth, where viewers look."""
    axis = torch.arange(size_px, dtype=torch.float32, device=landmarks.device)
    total = torch.ones(len(landmarks), size_px, size_px, device=landmarks.device)
    for first, last, height in ((36, 42, eyes), (42, 48, eyes), (48, 60, mouth)):
        points = landmarks[:, first:last]
        centre, width = points.mean(1), (points.amax(1) - points.amin(1))[:, 0].clamp(min=4)
        dx = (axis[None] - centre[:, :1]) / (0.6 * width[:, None])
        dy = (axis[None] - centre[:, 1:]) / (0.45 * width[:, None])
        total += height * torch.exp(-(dx.square()[:, None, :] + dy.square()[:, :, None]))
    return total[:, None]


__all__ = ["FaceBank", "feature_weight"]
