"""The mouth of one person on the mean shape, with a basis and a map of its own, and as it was seen.

The face basis shares its components between light on a cheek, a turn of the head and teeth; lips that part by a pixel
move few of its numbers much. Components of the mouth alone, asked for by a map that weighs what matters for mouths,
are nearer to frames that were never seen. What such a map says is a mean of many mouths all the same: teeth run into
the dark below them. So it says how light and how open a mouth is, and all that is finer comes from those of the
person's own frames that look most like what it says (example-based super-resolution, Freeman, Jones and Pasztor
2002).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .album import Album
from .performance_map import PerformanceMap, far_apart
from .principal import leading_scores, n_components_of
from .window import Window

__all__ = ["MouthTexture"]

_N_COMPONENTS = 32
_N_PICTURES = 128
_ALIKE = 0.5
"""Of how far the remembered mouths lie apart: what is nearer than that is as good as alike."""

_COARSE = 10, 14
"""Cells of the window, high and wide: what fills one is the map's."""

_PLACE = Window(left=4, top=8, right=11, bottom=13)
_LIPS = slice(48, 60)
_REACH = 1.35, 1.7
"""Of half the lips' width and height: how far the window's own picture goes."""

_LEAST_FLAT = 0.3
"""Height over width: shut lips are flat, and still open."""

_EDGE = 0.3


class MouthTexture(nn.Module):
    """One person. Leaves a texture as it is until `fit`. size_px: side of the textures."""

    mean: Tensor
    components: Tensor
    soft: Tensor
    unit: Tensor

    def __init__(self, n_features: int, size_px: int) -> None:
        super().__init__()
        height, width = _PLACE.size(size_px)
        self.from_performance = PerformanceMap(n_features, _N_COMPONENTS)
        self.register_buffer("mean", torch.zeros(3, height, width))
        self.register_buffer("components", torch.zeros(_N_COMPONENTS, 3, height, width))
        self.register_buffer("soft", torch.zeros(1, height, width))
        self.register_buffer("unit", torch.ones(_N_COMPONENTS))
        self.seen = Album(_N_PICTURES, _N_COMPONENTS, height, width)

    def forward(self, textures: Tensor, performances: Tensor) -> Tensor:
        """Textures (B,3,D,D) with this mouth in them, as performances (B,P) ask for it."""
        scores = self.from_performance(performances)
        mouths = self.mean + (scores @ self.components.flatten(1)).unflatten(1, self.mean.shape)
        if not (self.training or self.seen.is_empty):  # its own mouths would be nothing but copied in training
            seen = self.seen(scores * self.unit)
            mouths = seen + _coarse(mouths - seen)
        return _PLACE.laid_in(textures, mouths, self.soft)

    @torch.no_grad()
    def fit(self, crops: Tensor, performances: Tensor, mean_shape: Tensor) -> None:
        """crops (N,3,D,D) uint8 on the mean shape, performances (N,P); mean_shape (68,2) in units of the side."""
        mouths = _PLACE.cut(crops).float() / 255
        mean = mouths.mean(0)
        self.mean.copy_(mean)
        self.soft.copy_(_round_lips(mean_shape[_LIPS], crops.shape[-1]))
        kept = n_components_of(len(crops), _N_COMPONENTS)
        scores = torch.zeros(len(crops), _N_COMPONENTS)
        scores[:, :kept] = leading_scores(((mouths - mean) * self.soft.sqrt()).flatten(1), kept)
        self.components.copy_((scores.T @ (mouths - mean).flatten(1) / len(crops)).unflatten(1, mean.shape))
        weight = (self.components * self.soft).flatten(1).norm(dim=1)
        self.from_performance.fit(performances, scores, weight)
        self._remember(mouths, scores * weight, weight)

    def _remember(self, mouths: Tensor, looks: Tensor, weight: Tensor) -> None:
        """looks (N,K): of mouths (N,3,h,w) on the components, times their weight. A mouth is looked up by how it looks.
        By what the map said of it, seen frames came out nearer; but on a performance that goes farther than the source
        ever did the farthest frame was found whatever it showed, and teeth were gone."""
        kept = far_apart(looks, min(len(looks), _N_PICTURES))
        apart = torch.cdist(looks[kept], looks[kept]).fill_diagonal_(torch.inf).amin(1)
        unit = (_ALIKE * apart.median()).clamp(1e-6, 1e6)
        self.unit.copy_(weight / unit)
        self.seen.fill(looks[kept] / unit, mouths[kept])

    def shrunk(self, factor: int) -> MouthTexture:
        """The same at 1/factor of the size."""
        small = MouthTexture(len(self.from_performance.centre), 16)
        small.from_performance.load_state_dict(self.from_performance.state_dict())
        small.unit = self.unit.clone()
        small.seen = self.seen.shrunk(factor)
        small.mean = F.avg_pool2d(self.mean[None], factor)[0]
        small.components = F.avg_pool2d(self.components, factor)
        small.soft = F.avg_pool2d(self.soft[None], factor)[0]
        return small


def _coarse(mouths: Tensor) -> Tensor:
    """(B,3,h,w) without all that is finer than a cell."""
    cells = F.adaptive_avg_pool2d(mouths, _COARSE)
    return F.interpolate(cells, size=mouths.shape[-2:], mode="bilinear", align_corners=False)


def _round_lips(lips: Tensor, size_px: int) -> Tensor:
    """lips (12,2) -> (1,h,w): 1 on the mouth, softly down to 0 beside it and at the window's sides."""
    low, high = lips.amin(0), lips.amax(0)
    half = (high - low) / 2 * torch.tensor(_REACH)
    half[1] = torch.maximum(half[1], half[0] * _LEAST_FLAT)
    away = (_PLACE.places(size_px) - (low + high) / 2).abs() / half
    inside = ((1 - away) / _EDGE).clamp(0, 1)
    return inside.prod(-1)[None] * _PLACE.ramp(size_px)
