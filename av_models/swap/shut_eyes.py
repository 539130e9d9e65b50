"""Shut eyes as they were seen, wherever the head is.

People blink a few times a minute, and lids are on their way for two or three frames of each blink. A map that was
fitted on all frames mixes those few with open eyes: an iris shines through the lid, lashes show twice. So the source's
own blinks are kept as pictures on the mean shape. While lids move, the eyes are a mean of those pictures whose lids are
as far, and of these of the ones with the head turned most alike.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .album import Album
from .eye_place import PLACE, round_eyes, toned
from .lids import LEAST_BLINK, SHUT, lid_levels, lid_tremble
from .performance_map import far_apart
from .reader import READINGS, TRUSTED

__all__ = ["LEAST_BLINKS", "LIDS", "ShutEyes"]

LIDS = TRUSTED.index(READINGS.index("lids"))
"""Their place in a performance."""

LEAST_BLINKS = 3
_MOST_PICTURES = 48
_FIRST = 0.05, 0.15
"""How far lids are shut where pictures begin to show: where open eyes end, but no sooner and no later."""

_WHOLLY = 1.8
"""So much farther than where they begin, nothing but pictures shows."""

_ALIKE = 0.1
"""Lids that differ by this share of the way are as good as alike."""


class ShutEyes(nn.Module):
    """One person. Nothing is changed until `fit` has seen blinks. size_px: side of the textures."""

    levels: Tensor
    first: Tensor
    tremble: Tensor
    unit: Tensor
    soft: Tensor

    def __init__(self, n_features: int, size_px: int) -> None:
        super().__init__()
        height, width = PLACE.size(size_px)
        self.register_buffer("levels", torch.zeros(2))
        self.register_buffer("first", torch.tensor(_FIRST[1]))
        # Of the footage and not of the person: no part of the model.
        self.register_buffer("tremble", torch.zeros(()), persistent=False)
        self.register_buffer("unit", torch.ones(n_features))
        self.register_buffer("soft", torch.zeros(1, height, width))
        self.seen = Album(_MOST_PICTURES, n_features, height, width)

    def forward(self, textures: Tensor, performances: Tensor) -> Tensor:
        """Textures (B,3,D,D), changed in place, with eyes as far shut as performances (B,P) say."""
        shown = self.shown(performances)
        blinks = shown.nonzero()[:, 0]
        if len(blinks):
            seen = PLACE.cut(textures)[blinks]
            eyes = toned(self.seen(self._keys(performances[blinks])), seen, self.soft)
            PLACE.cut(textures)[blinks] = torch.lerp(seen, eyes, self.soft * shown[blinks, None, None, None])
        return textures

    def shown(self, performances: Tensor) -> Tensor:
        """(B,): how much of the eyes is these pictures, 0..1; the rest is open."""
        first = torch.maximum(self.first, self.tremble)
        return ((self.share(performances) / first - 1) / (_WHOLLY - 1)).clamp(0, 1)

    def expect(self, tremble: float) -> None:
        """From now on performances are somebody else's, whose open lids are read apart by this much, see
        `lids.lid_tremble`."""
        self.tremble.fill_(min(tremble, _FIRST[1]))

    @torch.no_grad()
    def fit(self, crops: Tensor, performances: Tensor, mean_shape: Tensor) -> None:
        """crops (N,3,D,D) uint8 on the mean shape, performances (N,P) of one person's frames; mean_shape (68,2) in
        units of the side."""
        opened, shut = lid_levels(performances[:, LIDS].cpu().numpy())
        way = (performances[:, LIDS] - opened) / max(shut - opened, 1e-6)
        if shut - opened < LEAST_BLINK or (way > SHUT).sum() < LEAST_BLINKS:
            return
        self.levels.copy_(torch.tensor([opened, shut]))
        self.first.fill_(lid_tremble(performances[:, LIDS].cpu().numpy())).clamp_(*_FIRST)
        self.unit.copy_(_units(performances, shut - opened))
        moving = (way > self.first).nonzero()[:, 0]
        keys = self._keys(performances[moving])
        kept = far_apart(keys, min(len(keys), _MOST_PICTURES))
        self.seen.fill(keys[kept], PLACE.cut(crops[moving[kept]]).float() / 255)
        self.soft.copy_(round_eyes(mean_shape, crops.shape[-1]))

    def share(self, performances: Tensor) -> Tensor:
        """(B,) how far lids are shut, 0..1; 0 for a person whose blinks are not known."""
        reach = self.levels[1] - self.levels[0]
        shut = ((performances[:, LIDS] - self.levels[0]) / reach.clamp(min=1e-6)).clamp(0, 1)
        return shut * (reach > 0)

    def shrunk(self, factor: int) -> ShutEyes:
        """The same at 1/factor of the size."""
        small = ShutEyes(len(self.unit), 16)
        small.levels, small.first, small.unit = self.levels.clone(), self.first.clone(), self.unit.clone()
        small.seen = self.seen.shrunk(factor)
        small.soft = F.avg_pool2d(self.soft[None], factor)[0]
        return small

    def _keys(self, performances: Tensor) -> Tensor:
        """What two blinks are compared by: lids are never farther than shut."""
        keys = performances / self.unit
        keys[:, LIDS] = self.share(performances) / _ALIKE
        return keys


def _units(performances: Tensor, lids: float) -> Tensor:
    """(P,): differences that count as one. What is no turn of the head does not count."""
    units = torch.full_like(performances[0], torch.inf)
    head = [TRUSTED.index(READINGS.index(name)) for name in ("yaw", "pitch")]
    units[head] = performances[:, head].std(0).clamp(min=1e-3)
    units[LIDS] = lids
    return units
