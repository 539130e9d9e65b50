"""Where eyes lie in a normalised crop, for pictures of them that are laid into a painted face."""

from __future__ import annotations

import torch
from torch import Tensor

from .window import Window

__all__ = ["EYES", "PLACE", "round_eyes", "toned"]

PLACE = Window(left=3, top=3, right=13, bottom=8)

EYES = slice(36, 42), slice(42, 48)
_RADII = 0.85, 0.6
_ABOVE = 0.1
"""Of an eye's width: the ellipse round it, and how far above the eye its middle lies, for the lid."""

_INSIDE, _SOFT = 0.7, 0.9


def round_eyes(mean_shape: Tensor, size_px: int) -> Tensor:
    """mean_shape (68,2) -> (1,h,w): 1 on both eyes and their lids, softly down to 0."""
    places = PLACE.places(size_px)
    mask = torch.zeros(places.shape[:2])
    for eye in EYES:
        middle, width = mean_shape[eye].mean(0), mean_shape[eye, 0].amax() - mean_shape[eye, 0].amin()
        away = (places - middle + torch.tensor([0.0, _ABOVE]) * width) / (torch.tensor(_RADII) * width)
        mask = torch.maximum(mask, ((_INSIDE + _SOFT - away.square().sum(-1)) / _SOFT).clamp(0, 1))
    return mask[None] * PLACE.ramp(size_px)


def toned(eyes: Tensor, seen: Tensor, soft: Tensor) -> Tensor:
    """Eyes (B,3,h,w) in the mean colour that what is seen there has where they pass into it, as soft (1,h,w) says:
    light may have changed since."""
    rim = soft * (1 - soft)
    off = ((seen - eyes) * rim).sum((2, 3), keepdim=True) / rim.sum().clamp(min=1e-6)
    return eyes + off
