"""Shut eyes wherever the head is.

People blink a few times a minute, so a source video shows shut eyes with the head in a few positions only. Asked for
them in another one, a map that was fitted on all frames gives half of what it knows of open eyes there: an iris shines
through the lid. But a shut eye looks much the same from everywhere. So while lids shut, the part of the picture round
the eyes is asked for with the head no farther away than it was in any blink of the person.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .lids import LEAST_BLINK, lid_levels
from .reader import READINGS, TRUSTED

LIDS = TRUSTED.index(READINGS.index("lids"))
"""Their place in a performance."""

LEAST_BLINKS = 3
_SHUT = 0.6
"""Of the way from open to shut: from here on a frame is one of a blink."""

_MASK_PX = 128
_EYES = slice(36, 42), slice(42, 48)
_RADII = 0.85, 0.6
_ABOVE = 0.1
"""Of an eye's width: the ellipse round it, and how far above the eye its middle lies, for the lid."""

_INSIDE, _SOFT = 0.7, 0.9


class ShutEyes(nn.Module):
    """One person. Nothing is changed until `fit` has seen blinks."""

    opened: Tensor
    shut: Tensor
    low: Tensor
    high: Tensor
    mask: Tensor

    def __init__(self, n_features: int) -> None:
        super().__init__()
        self.register_buffer("opened", torch.zeros(()))
        self.register_buffer("shut", torch.zeros(()))
        self.register_buffer("low", torch.zeros(n_features))
        self.register_buffer("high", torch.zeros(n_features))
        self.register_buffer("mask", torch.zeros(1, 1, _MASK_PX, _MASK_PX))

    @torch.no_grad()
    def fit(self, performances: Tensor, landmarks: Tensor) -> None:
        """performances (N,P), landmarks (N,68,2) of one person's frames in units of the crop's side."""
        lids = performances[:, LIDS]
        opened, shut = lid_levels(lids.cpu().numpy())
        blinks = performances[lids > opened + _SHUT * (shut - opened)]
        if shut - opened < LEAST_BLINK or len(blinks) < LEAST_BLINKS:
            return
        self.opened.fill_(opened)
        self.shut.fill_(shut)
        self.low.copy_(blinks.amin(0))
        self.high.copy_(blinks.amax(0))
        self.low[LIDS], self.high[LIDS] = -torch.inf, torch.inf
        self.mask.copy_(_round_eyes(landmarks.mean(0)))

    def share(self, performances: Tensor) -> Tensor:
        """(B,) how far lids are shut, 0..1; 0 for a person whose blinks are not known."""
        reach = self.shut - self.opened
        shut = ((performances[:, LIDS] - self.opened) / reach.clamp(min=1e-6)).clamp(0, 1)
        return shut * (reach > 0)

    def forward(self, performances: Tensor) -> Tensor:
        """Performances (B,P) as they are asked for round the eyes: the more the lids are shut, the more as known."""
        known = torch.minimum(torch.maximum(performances, self.low), self.high)
        return torch.lerp(performances, known, self.share(performances)[:, None])

    def soft(self, size_px: int) -> Tensor:
        """(1,1,size_px,size_px): where the eyes are on the mean shape."""
        return F.interpolate(self.mask, size=(size_px, size_px), mode="bilinear", align_corners=False)


def _round_eyes(mean: Tensor) -> Tensor:
    """mean (68,2) -> (1,1,M,M): 1 on both eyes and their lids, softly down to 0."""
    axis = (torch.arange(_MASK_PX) + 0.5) / _MASK_PX
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    mask = torch.zeros(_MASK_PX, _MASK_PX)
    for eye in _EYES:
        middle, width = mean[eye].mean(0), mean[eye, 0].amax() - mean[eye, 0].amin()
        across, down = (x - middle[0]) / (_RADII[0] * width), (y - middle[1] + _ABOVE * width) / (_RADII[1] * width)
        mask = torch.maximum(mask, ((_INSIDE + _SOFT - across**2 - down**2) / _SOFT).clamp(0, 1))
    return mask[None, None]


__all__ = ["LEAST_BLINKS", "LIDS", "ShutEyes"]
