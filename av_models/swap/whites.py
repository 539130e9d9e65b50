"""Where the whites of the eyes and the teeth can be seen in a painted face."""

from __future__ import annotations

import torch
from torch import Tensor

from .shape import POINTS

__all__ = ["WHITES_PX", "whites_places"]

WHITES_PX = 96
"""Side of the field; it is smooth."""

_EYES = tuple(tuple(POINTS.index(corner) for corner in corners) for corners in ((36, 39), (42, 45)))
_LIPS = [POINTS.index(point) for point in range(48, 60)]
_CORNERS = POINTS.index(48), POINTS.index(54)

_EYE_HEIGHT = 0.55
"""Of an eye's half width: as far from the line of its corners as a wide open one reaches."""

_EYE_EDGE, _LIPS_EDGE = (0.8, 1.1), (0.8, 1.05)
"""In units of the ellipse: from the first on the edge falls off to the second. Teeth lie well within the outer lips."""


def whites_places(points: Tensor, size_px: int) -> Tensor:
    """points (B,K,2) in units of the crop's side, see `SwapNetwork.points` -> (B,1,size_px,size_px) 0..1."""
    axis = (torch.arange(WHITES_PX, device=points.device, dtype=torch.float32) + 0.5) / WHITES_PX
    places = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1).flatten(0, 1)[None]
    seen = _near(_in_mouth(points, places), _LIPS_EDGE)
    for corners in _EYES:
        seen = torch.maximum(seen, _near(_in_eye(points, corners, places), _EYE_EDGE))
    field = seen.unflatten(1, (WHITES_PX, WHITES_PX))[:, None]
    return torch.nn.functional.interpolate(field, size=(size_px, size_px), mode="bilinear", align_corners=False)


def _in_eye(points: Tensor, corners: tuple[int, ...], places: Tensor) -> Tensor:
    """(B,P): distance of places (1,P,2) from the middle of an eye, 1 on its rim."""
    along, across = _seen_from(points, corners, places)
    return torch.sqrt(along**2 + (across / _EYE_HEIGHT) ** 2)


def _in_mouth(points: Tensor, places: Tensor) -> Tensor:
    """(B,P): the same of the outer lips, of which the upper and the lower reach differently far."""
    along, across = _seen_from(points, _CORNERS, places)
    _, reach = _seen_from(points, _CORNERS, points[:, _LIPS])
    upper, lower = reach.amin(1, keepdim=True), reach.amax(1, keepdim=True)
    return torch.sqrt(along**2 + (across / torch.where(across < 0, -upper, lower).clamp(min=0.05)) ** 2)


def _seen_from(points: Tensor, corners: tuple[int, ...], places: Tensor) -> tuple[Tensor, Tensor]:
    """(B,P) each: how far places (B,P,2) lie along and below the line between two corners, in halves of it."""
    left, right = (points[:, corner, None] for corner in corners)
    half, away = (right - left) / 2, places - (left + right) / 2
    squared = half.square().sum(-1).clamp(min=1e-6)
    along = (away * half).sum(-1) / squared
    below = (away[..., 1] * half[..., 0] - away[..., 0] * half[..., 1]) / squared
    return along, below


def _near(distance: Tensor, edge: tuple[float, float]) -> Tensor:
    inner, outer = edge
    return ((outer - distance) / (outer - inner)).clamp(0, 1)
