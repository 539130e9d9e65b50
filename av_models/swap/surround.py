"""What lies round a face, replaced by its own skin carried on.

Of a face that turns, the background behind its cheek comes to lie where on another frame there is skin. Mixed into a
basis it would show as a grey or a bright spot on the cheek.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["with_skin_around"]

_SMALL_PX = 64
"""Skin that is carried on is smooth."""

_COARSEST_PX = 4
_OUTLINE, _INSIDE, _DEEP = 0.5, 0.7, 0.9
"""Of a soft mask: from the first to the second value the picture comes in. Skin is carried on from farther inside: the
outline of landmarks often runs a little beside the face."""

_KNOWN = 1e-3


def with_skin_around(faces: Tensor, masks: Tensor) -> Tensor:
    """Faces (B,3,D,D) 0..1 as they are inside soft masks (B,1,D,D) 0..1; outside the nearest skin goes on, softly.

    A face without a mask stays as it is. D: a multiple of 64, or less than that.
    """
    inside, deep = (((masks - _OUTLINE) / (end - _OUTLINE)).clamp(0, 1) for end in (_INSIDE, _DEEP))
    factor = max(1, faces.shape[-1] // _SMALL_PX)
    known = F.avg_pool2d(deep, factor)
    carried = _carried_on(F.avg_pool2d(faces * deep, factor), known)
    around = F.interpolate(carried, size=faces.shape[-2:], mode="bilinear", align_corners=False)
    some = (known.flatten(1).amax(1) > _KNOWN)[:, None, None, None]
    return torch.where(some, torch.lerp(around, faces, inside), faces)


def _carried_on(colours: Tensor, known: Tensor) -> Tensor:
    """colours (B,3,S,S) times how well they are known (B,1,S,S) -> colours everywhere: each place that is not known
    takes those of the next coarser picture that knows more (Gortler et al. 1996)."""
    levels = [(colours, known)]
    while levels[-1][1].shape[-1] > _COARSEST_PX:
        levels.append((F.avg_pool2d(levels[-1][0], 2), F.avg_pool2d(levels[-1][1], 2)))
    total, weight = (part.sum((2, 3), keepdim=True) for part in levels[-1])
    found = total / weight.clamp(min=_KNOWN)
    for coloured, share in reversed(levels):
        coarser = F.interpolate(found, size=coloured.shape[-2:], mode="bilinear", align_corners=False)
        found = coloured + (1 - share) * coarser
    return found
