"""The plate's light on a painted face, told by a network that has seen many people in many lights.

What two pictures of two people differ in is who they are and how they are lit. Mirroring tells the two apart where
light comes from one side (`shading.side_light`), but not where it comes from above, from the front, or from both
sides. A small network that was trained once on fictional people who were all rendered in the same lights
(`relight.md`) tells the rest. The two err in different places: their mean is nearer to the truth than either.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ..runtime.shipped import shipped
from .shading import SHADING_PX, side_light

__all__ = ["DARK", "LIGHT_CELLS", "WEIGHTS", "Relighter", "cells_of", "clues_of", "load_relighter", "plate_light"]

Floats = NDArray[np.floating[Any]]

WEIGHTS = "relight.safetensors"
LIGHT_CELLS = 24
"""Cells along the crop's side: as fine as a nose's flank."""

DARK = 0.02
"""Added before logarithms, so that black stays black."""

SKIN_SHARE = 0.3
"""Of a cell, from which on it is known."""

_MOST = 0.6
_EDGE = 1.5
"""Cells over which light fades out beyond the face."""

_FURTHEST = 1.5
_WIDTHS = (32, 64, 96, 96)
_CLUES = 20


class Relighter(nn.Module):
    """clues (B,20,G,G), see `clues_of` -> (B,3,G,G): what to add to the logarithm of the painted face's light.

    Known up to a constant for each channel: how bright and of what hue a face is on the whole is not light alone.
    """

    def __init__(self) -> None:
        super().__init__()
        one, two, three, four = _WIDTHS
        self.down = nn.ModuleList([_layer(_CLUES, one), _layer(one, two, 2), _layer(two, three, 2)])
        self.deepest = _layer(three, four, 2)
        cells = (LIGHT_CELLS // 8) ** 2
        self.whole = nn.Sequential(
            *(nn.Flatten(), nn.Linear(four * cells, 128), nn.GELU(), nn.Dropout(0.1), nn.Linear(128, four))
        )
        self.up = nn.ModuleList([_layer(2 * four, three), _layer(2 * three, two), _layer(2 * two, one)])
        self.say = nn.Conv2d(2 * one, 3, 3, padding=1)
        nn.init.zeros_(self.say.weight)

    def forward(self, clues: Tensor) -> Tensor:
        levels, face = [], clues
        for layer in self.down:
            face = layer(face)
            levels.append(face)
        face = self.deepest(face)
        whole = self.whole(face)[:, :, None, None].expand_as(face)
        face = torch.cat([face, whole], 1)
        for layer, level in zip(self.up, reversed(levels), strict=True):
            wider = F.interpolate(layer(face), scale_factor=2.0, mode="bilinear", align_corners=False)
            face = torch.cat([wider, level], 1)
        told: Tensor = self.say(face)
        return told


def _layer(inside: int, outside: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inside, outside, 3, stride=stride, padding=1), nn.GELU())


def clues_of(painted: Tensor, plate: Tensor, skin: Tensor) -> Tensor:
    """painted, plate (B,3,G,G): logarithms of both faces' cells at the same place; skin (B,1,G,G): 1 where both show
    it -> (B,20,G,G): both and their difference about their means, the same mirrored, and where skin is."""
    area = skin.sum((2, 3), keepdim=True).clamp(min=1)
    ours, theirs = (one - (one * skin).sum((2, 3), keepdim=True) / area for one in (painted, plate))
    seen = torch.cat([(one * skin).clamp(-_FURTHEST, _FURTHEST) for one in (ours, theirs, theirs - ours)], 1)
    return torch.cat([seen, seen.flip(3), skin, skin.flip(3)], 1)


def plate_light(faces: Floats, plates: Floats, skin: Floats, axis: float) -> NDArray[np.float32]:
    """Gain (SHADING_PX,SHADING_PX,3) that gives faces (N,D,D,3) the plates' light and shade; near 1 on average.

    plates (N,D,D,3): the same frames at the same place.  skin (N,D,D) 0..1: bare skin of both.  axis: where the nose's
    bridge lies, across the crop, 0..1.
    """
    mirrored = side_light(faces, plates, skin, axis)
    told = _told_light(faces, plates, skin)
    return mirrored if told is None else _of_both(mirrored, told)


def _of_both(mirrored: Floats, told: Floats) -> NDArray[np.float32]:
    """The mean of two gains; the hue as told. Skin in shade is more saturated, dark skin more than fair: mirroring
    takes that for coloured light, and paints one cheek yellow."""
    levels = np.log(mirrored).mean(-1, keepdims=True), np.log(told).mean(-1, keepdims=True)
    return np.asarray(told * np.exp((levels[0] - levels[1]) / 2), np.float32)


def _told_light(faces: Floats, plates: Floats, skin: Floats) -> Floats | None:
    """None where too little skin is seen."""
    import cv2

    painted, seen = cells_of(faces, skin)
    plate, _ = cells_of(plates, skin)
    known = torch.from_numpy((seen > SKIN_SHARE).astype(np.float32))[None, None]
    if known.sum() < LIGHT_CELLS:
        return None
    with torch.no_grad():
        told = load_relighter()(clues_of(_logs(painted), _logs(plate), known))[0].permute(1, 2, 0).numpy()
    told = told - (told * seen[..., None]).sum((0, 1)) / seen.sum()
    told = np.clip(_carried_on(told, seen), -_MOST, _MOST)
    field = cv2.resize(np.asarray(told, np.float32), (SHADING_PX, SHADING_PX), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.exp(field), np.float32)


def cells_of(pictures: Floats, skin: Floats) -> tuple[Floats, Floats]:
    """pictures (N,D,D,3), skin (N,D,D) -> mean colour (G,G,3) of each cell's skin in all of them, its share (G,G)."""
    import cv2

    size = (LIGHT_CELLS, LIGHT_CELLS)
    share = cv2.resize(np.asarray(skin.mean(0), np.float32), size, interpolation=cv2.INTER_AREA)
    total = sum((one * mask[..., None] for one, mask in zip(pictures, skin, strict=True)), np.zeros(1)) / len(skin)
    colour = cv2.resize(np.asarray(total, np.float32), size, interpolation=cv2.INTER_AREA)
    return np.asarray(colour / np.maximum(share, 1e-4)[..., None]), np.asarray(share)


def _logs(cells: Floats) -> Tensor:
    return torch.from_numpy(np.log(cells + DARK).astype(np.float32)).permute(2, 0, 1)[None]


def _carried_on(field: Floats, seen: Floats) -> Floats:
    """Beyond the face what was told is a guess: there its edge's light fades out. Eyes and lips lie inside."""
    import cv2

    rows, columns = np.nonzero(seen > SKIN_SHARE)
    outline = cv2.convexHull(np.stack([columns, rows], 1).astype(np.int32))
    inside = cv2.fillConvexPoly(np.zeros(seen.shape, np.float32), outline, 1.0)
    near, known = (
        cv2.GaussianBlur(np.asarray(plane, np.float32), (0, 0), _EDGE) for plane in (field * inside[..., None], inside)
    )
    around = near / np.maximum(known, 1e-3)[..., None] * np.clip(4 * known, 0, 1)[..., None]
    return np.where(inside[..., None] > 0, field, around)


def load_relighter() -> Relighter:
    """The shipped network."""
    return shipped(Relighter(), WEIGHTS)
