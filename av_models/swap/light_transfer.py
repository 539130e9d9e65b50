"""The other person's light on a face, as augmentation: mean and spread per channel of CIE Lab (Reinhard et al. 2001).

The two were filmed in different light, and the encoder must not tell them apart by it. Works on the accelerator.
"""

from __future__ import annotations

import torch
from torch import Tensor

_TO_XYZ = ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169), (0.019334, 0.119193, 0.950227))
_WHITE = (0.950456, 1.0, 1.088754)  # D65
_LINEAR_BELOW, _SLOPE = 0.008856, 7.787
_MAX_GAIN = 1.6
"""A flat face would be blown up to noise."""


def rgb_to_lab(rgb: Tensor) -> Tensor:
    """(B,3,S,S) sRGB 0..1 -> L 0..100, a, b."""
    linear = torch.where(rgb <= 0.04045, rgb / 12.92, ((rgb.clamp(min=0) + 0.055) / 1.055) ** 2.4)
    xyz = torch.einsum("ij,bjhw->bihw", rgb.new_tensor(_TO_XYZ), linear) / rgb.new_tensor(_WHITE)[:, None, None]
    f = torch.where(xyz > _LINEAR_BELOW, xyz.clamp(min=1e-6) ** (1 / 3), _SLOPE * xyz + 16 / 116)
    x, y, z = f.unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)


def lab_to_rgb(lab: Tensor) -> Tensor:
    """The way back; colours outside sRGB are cut off."""
    y = (lab[:, 0] + 16) / 116
    f = torch.stack([y + lab[:, 1] / 500, y, y - lab[:, 2] / 200], 1)
    xyz = torch.where(f**3 > _LINEAR_BELOW, f**3, (f - 16 / 116) / _SLOPE) * lab.new_tensor(_WHITE)[:, None, None]
    linear = torch.einsum("ij,bjhw->bihw", torch.linalg.inv(lab.new_tensor(_TO_XYZ)), xyz).clamp(min=0)
    rgb = torch.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear.clamp(min=1e-6) ** (1 / 2.4) - 0.055)
    return rgb.clamp(0, 1)


def light_of(faces: Tensor, masks: Tensor) -> Tensor:
    """faces (B,3,S,S) 0..1, masks (B,1,S,S) 0..1 -> (B,2,3): mean and standard deviation of Lab inside the mask."""
    lab = rgb_to_lab(faces)
    area = masks.sum((2, 3)).clamp(min=1e-3)
    mean = (lab * masks).sum((2, 3)) / area
    spread = ((lab - mean[..., None, None]).square() * masks).sum((2, 3)) / area
    return torch.stack([mean, spread.sqrt()], 1)


def in_light_of(faces: Tensor, own: Tensor, other: Tensor, strength: Tensor) -> Tensor:
    """faces (B,3,S,S) moved from their own light (B,2,3) towards another (B,2,3); strength (B,): 0 not at all, 1 all
    the way."""
    gain = (other[:, 1] / own[:, 1].clamp(min=0.5)).clamp(1 / _MAX_GAIN, _MAX_GAIN)[..., None, None]
    moved = (rgb_to_lab(faces) - own[:, 0, :, None, None]) * gain + other[:, 0, :, None, None]
    share = strength[:, None, None, None]
    return faces + (lab_to_rgb(moved) - faces) * share


__all__ = ["in_light_of", "lab_to_rgb", "light_of", "rgb_to_lab"]
