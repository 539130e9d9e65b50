"""Where the irises are in the eyes of any face, and how far its lids are shut.

A small network that was trained once on the eyes of many fictional people with exact labels (`irises.md`). It says in
which place of an eye's picture the iris is (a soft maximum over a map, so it answers between pixels), whatever its
colour, and however much of it a lid covers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ..runtime.shipped import shipped

__all__ = [
    "EYES", "OPEN", "WEIGHTS", "IrisFinder", "SeenIrises", "eye_windows", "find_irises", "joined_irises",
    "load_iris_finder", "window_matrix",
]  # fmt: skip

Floats = NDArray[np.floating[Any]]
Pixels = NDArray[np.uint8]

EYES = (36, 39), (42, 45)
"""Corners of each eye in iBUG-68 order, from the left of the picture."""

WEIGHTS = "irises.safetensors"
EYE_PX, HEIGHT_PX, WIDTH_PX = 40, 40, 64
"""Between the corners of an eye, and of the picture of it."""

OPEN = 0.25
"""How far lids are shut until which an iris is surely seen."""

_SUREST = 0.005
_AT_ONCE = 128
_WIDTHS = 16, 32, 48
_STEP = 2
"""Pixels of the picture a place of the map."""


class IrisFinder(nn.Module):
    """Pictures of eyes (B,1,40,64), grey 0..1, right eyes mirrored -> (B,3): x and y of the middle of the iris from the
    picture's middle, in widths of the eye; and how far its lids are shut, as a logit."""

    places: Tensor

    def __init__(self) -> None:
        super().__init__()
        few, some, many = _WIDTHS
        self.fine = nn.Sequential(_layer(1, few), _layer(few, few))
        self.middle = nn.Sequential(_layer(few, some, 2), _layer(some, some))
        self.coarse = nn.Sequential(_layer(some, many, 2), _layer(many, many), _layer(many, many))
        self.coarsest = nn.Sequential(_layer(many, many, 2), _layer(many, many))
        self.up_to_coarse = _layer(2 * many, many)
        self.up_to_middle = _layer(many + some, some)
        self.likely = nn.Conv2d(some, 1, 3, padding=1)
        self.shut = nn.Linear(many, 1)
        y, x = torch.meshgrid(*(torch.arange(0, size, _STEP) for size in (HEIGHT_PX, WIDTH_PX)), indexing="ij")
        middle_px = torch.tensor([WIDTH_PX - _STEP, HEIGHT_PX - _STEP]) / 2
        places = (torch.stack([x, y], -1).flatten(0, 1) - middle_px) / EYE_PX
        self.register_buffer("places", places, persistent=False)

    def forward(self, eyes: Tensor) -> Tensor:
        level = eyes.mean((2, 3), keepdim=True)
        contrast = (eyes - level).square().mean((2, 3), keepdim=True).sqrt()
        middle = self.middle(self.fine((eyes - level) / (contrast + 0.02)))
        coarse = self.coarse(middle)
        coarsest = self.coarsest(coarse)
        up = self.up_to_coarse(torch.cat([coarse, _doubled(coarsest)], 1))
        up = self.up_to_middle(torch.cat([middle, _doubled(up)], 1))
        likely = self.likely(up).flatten(1).softmax(1)
        return torch.cat([likely @ self.places, self.shut(coarsest.mean((2, 3)))], 1)


def _layer(inside: int, outside: int, stride: int = 1) -> nn.Module:
    convolution = nn.Conv2d(inside, outside, 3, stride=stride, padding=1)
    return nn.Sequential(convolution, nn.GroupNorm(8, outside), nn.GELU())


def _doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear")


def load_iris_finder() -> IrisFinder:
    """The shipped one."""
    return shipped(IrisFinder(), WEIGHTS)


def window_matrix(corners: Floats, mirrored: bool) -> Floats:
    """(2,3) from a picture's pixels to those of an eye's picture. corners (2,2) px: of the eye, from the left."""
    along = corners[1] - corners[0]
    cosine, sine = along * EYE_PX / (along @ along)
    turn = np.array([[cosine, sine], [-sine, cosine]])
    middle = np.array([WIDTH_PX - 1, HEIGHT_PX - 1]) / 2
    matrix = np.concatenate([turn, (middle - turn @ corners.mean(0))[:, None]], 1)
    return np.array([[-1, 0], [0, 1]]) @ matrix + [[0, 0, WIDTH_PX - 1], [0, 0, 0]] if mirrored else matrix


def eye_windows(gray: Pixels, points: Floats) -> NDArray[np.uint8]:
    """Both eyes (2,40,64) of a grey picture with landmarks (68,2) px, as the finder wants them."""
    import cv2

    cut = []
    for corners, mirrored in zip(EYES, (False, True), strict=True):
        matrix = window_matrix(points[list(corners)], mirrored)
        smooth = cv2.INTER_AREA if np.linalg.det(matrix[:, :2]) ** 2 < 1 else cv2.INTER_CUBIC
        size = (WIDTH_PX, HEIGHT_PX)
        cut.append(cv2.warpAffine(gray, matrix, size, flags=smooth, borderMode=cv2.BORDER_REPLICATE))
    return np.stack(cut)


@dataclass(frozen=True, slots=True)
class SeenIrises:
    """places (N,2,2): x and y of both irises from the middle between the corners of each eye, in widths of the eye;
    shut (N,2): how far lids are shut, 0..1."""

    places: Floats
    shut: Floats

    @property
    def lids(self) -> Floats:
        """(N,): how far both are shut, as a logit: open ones, which all look alike as a share, are told apart."""
        both = np.clip(self.shut.mean(1), _SUREST, 1 - _SUREST)
        return np.asarray(np.log(both / (1 - both)))

    @property
    def are_seen(self) -> NDArray[np.bool_]:
        """(N,): frames in which both are."""
        return np.asarray(self.shut.max(1) < OPEN)


@torch.no_grad()
def find_irises(finder: IrisFinder, crops: Pixels, points: Floats) -> SeenIrises:
    """Of crops (N,S,S,3) RGB with landmarks (N,68,2) px in them."""
    import cv2

    grays = (np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), np.uint8) for crop in crops)
    eyes = [eye_windows(*one) for one in zip(grays, points, strict=True)]
    pictures = torch.from_numpy(np.array(eyes, np.uint8).reshape(-1, 1, HEIGHT_PX, WIDTH_PX)).to(finder.places.device)
    said = np.concatenate([finder(part.float() / 255).cpu().numpy() for part in pictures.split(_AT_ONCE)])
    said = np.asarray(said, np.float64).reshape(-1, 2, 3)
    return SeenIrises(said[..., :2] * np.array([[1, 1], [-1, 1]]), 1 / (1 + np.exp(-said[..., 2])))


def joined_irises(parts: Sequence[SeenIrises]) -> SeenIrises:
    """One after the other."""
    return SeenIrises(np.concatenate([one.places for one in parts]), np.concatenate([one.shut for one in parts]))
