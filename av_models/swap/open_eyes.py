"""Open eyes as they were seen, looking where the actor looks.

A map from performances to a face knows no glances: it mixes eyes that looked here and there, so irises have no edge,
and look straight on. So pictures of the source's own open eyes are kept, each with the place of its irises. A glance is
shown by those that look most alike, brought the rest of the way inside the lids, before they are mixed: one sharp iris,
and lids as they are when somebody looks there. How far lids are open is read from the eyes alone, on both sides: what
the performance reader says of them changes with a nod, and an actor who looked up got half shut eyes.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .eye_place import EYES, PLACE, round_eyes, toned
from .irises import find_irises, load_iris_finder
from .performance_map import far_apart
from .reader import READINGS, TRUSTED
from .shape import Glance

__all__ = ["LEAST_PICTURES", "OpenEyes"]

LEAST_PICTURES = 24
_MOST_PICTURES = 64
_MIXED = 4
"""Pictures that an eye is mixed of."""

_ALIKE = 0.03
"""Widths of an eye: irises so near to each other are as good as alike."""

_HEAD = 0.7
"""Of the spread of what is read of heads: so much is as good as alike."""

_LIDS_ALIKE = 0.3
"""As `irises.SeenIrises.lids` differ."""

_MOST_MOVED = 0.08
"""Widths of an eye that an iris is moved by within its picture: lids near it go along."""

_AGREE = 0.12
_ACROSS, _ALONG = (0.3, 0.62), (0.22, 0.45)
"""Of an eye's width, from its middle: how far all of a picture is moved, and from where on nothing."""

_HEADS = [TRUSTED.index(READINGS.index(name)) for name in ("yaw", "pitch")]


class OpenEyes(nn.Module):
    """One person. Nothing is changed until `fit` has seen open eyes. size_px: side of the textures."""

    pictures: Tensor
    known: Tensor
    heads: Tensor
    lids: Tensor
    irises: Tensor
    usual: Tensor
    unit: Tensor
    width: Tensor
    moved: Tensor
    soft: Tensor

    def __init__(self, size_px: int) -> None:
        super().__init__()
        height, width = PLACE.size(size_px)
        self.register_buffer("pictures", torch.zeros(_MOST_PICTURES, 3, height, width))
        self.register_buffer("known", torch.zeros(_MOST_PICTURES))
        self.register_buffer("heads", torch.zeros(_MOST_PICTURES, len(_HEADS)))
        self.register_buffer("lids", torch.zeros(_MOST_PICTURES))
        self.register_buffer("irises", torch.zeros(_MOST_PICTURES, 2, 2))
        self.register_buffer("usual", torch.zeros(2, 2))
        self.register_buffer("unit", torch.ones(len(_HEADS)))
        self.register_buffer("width", torch.zeros(()))  # of an eye, in sides of the crop
        self.register_buffer("moved", torch.zeros(2, height, width))
        self.register_buffer("soft", torch.zeros(1, height, width))

    def forward(self, textures: Tensor, performances: Tensor, glance: Glance, share: Tensor) -> Tensor:
        """Textures (B,3,D,D), changed in place, with eyes that look as they are told. share (B,): how much of them is
        shown, 0..1."""
        shown = (share > 0).nonzero()[:, 0]
        if not self.known.any() or not len(shown):
            return textures
        wanted = self.usual + (glance.away * glance.sure[:, None])[shown, None]
        seen = PLACE.cut(textures)[shown]
        eyes = toned(self._looking(wanted, performances[shown][:, _HEADS], glance.lids[shown]), seen, self.soft)
        PLACE.cut(textures)[shown] = torch.lerp(seen, eyes, self.soft * share[shown, None, None, None])
        return textures

    @torch.no_grad()
    def fit(self, crops: Tensor, performances: Tensor, mean_shape: Tensor) -> None:
        """crops (N,3,D,D) uint8 on the mean shape, performances (N,P) of one person's frames; mean_shape (68,2) in
        units of the side."""
        size_px = crops.shape[-1]
        points = np.broadcast_to(mean_shape.numpy() * size_px - 0.5, (len(crops), 68, 2))
        found = find_irises(load_iris_finder(), crops.permute(0, 2, 3, 1).numpy(), points)
        places = torch.from_numpy(found.places).float()
        seen = torch.from_numpy(found.are_seen)
        usual = places[seen if seen.any() else slice(None)].median(0).values
        away = places - usual
        seen &= (away[:, 0] - away[:, 1]).norm(dim=1) < _AGREE
        if seen.sum() < LEAST_PICTURES:
            return
        there = seen.nonzero()[:, 0]
        heads = performances[there][:, _HEADS]
        unit = (_HEAD * heads.std(0)).clamp(min=1e-3)
        lids = torch.from_numpy(found.lids).float()[there]
        keys = torch.cat([away[there].mean(1) / _ALIKE, heads / unit, lids[:, None] / _LIDS_ALIKE], 1)
        kept = far_apart(keys, min(len(there), _MOST_PICTURES))
        for own, new in (
            (self.pictures, PLACE.cut(crops[there[kept]]).float() / 255),
            (self.known, torch.ones(len(kept))),
            (self.heads, heads[kept]),
            (self.lids, (lids - lids.median())[kept]),
            (self.irises, places[there[kept]]),
        ):
            own.zero_()[: len(kept)] = new
        self.usual.copy_(usual)
        self.unit.copy_(unit)
        self.soft.copy_(round_eyes(mean_shape, size_px))
        self.moved.copy_(_within_lids(mean_shape, size_px))
        self.width.copy_(torch.stack([_corners(mean_shape, eye)[1].norm() for eye in EYES]).mean())

    def shrunk(self, factor: int) -> OpenEyes:
        """The same at 1/factor of the size."""
        small = OpenEyes(16)
        for name in ("known", "heads", "lids", "irises", "usual", "unit", "width"):
            setattr(small, name, getattr(self, name).clone())
        small.pictures = F.avg_pool2d(self.pictures, factor)
        small.moved, small.soft = (F.avg_pool2d(one[None], factor)[0] for one in (self.moved, self.soft))
        return small

    def _looking(self, wanted: Tensor, heads: Tensor, lids: Tensor) -> Tensor:
        """(B,3,h,w) of irises (B,2,2), readings (B,2), and lids (B,), see `Glance`."""
        glance = (wanted[:, None] - self.irises).mean(2) / _ALIKE
        head = (self._within(heads, self.heads)[:, None] - self.heads) / self.unit
        lid = (self._within(lids, self.lids)[:, None] - self.lids) / _LIDS_ALIKE
        apart = (glance.square().sum(2) + head.square().sum(2) + lid.square()) / 2
        near, which = torch.where(self.known > 0, apart, torch.inf).topk(_MIXED, largest=False)
        weight = torch.softmax(-near, 1)
        missing = (wanted[:, None] - self.irises[which]).clamp(-_MOST_MOVED, _MOST_MOVED)
        brought = self._moved(self.pictures[which].flatten(0, 1), missing.flatten(0, 1)).unflatten(0, which.shape)
        return (weight[:, :, None, None, None] * brought).sum(1)

    def _within(self, values: Tensor, seen: Tensor) -> Tensor:
        """Values no farther than they were ever seen: beyond, the one picture that goes farthest would be the nearest,
        whatever else it shows."""
        seen = seen[self.known > 0]
        return torch.minimum(torch.maximum(values, seen.amin(0)), seen.amax(0))

    def _moved(self, pictures: Tensor, moves: Tensor) -> Tensor:
        """Pictures (N,3,h,w) with irises further to the right and down by moves (N,2,2), in widths of the eye."""
        height, width = pictures.shape[2:]
        side = height * 16 / (PLACE.bottom - PLACE.top)
        field = torch.einsum("ehw,nec->nhwc", self.moved, moves * self.width * side)
        y, x = torch.meshgrid(*(torch.arange(n, device=field.device) + 0.5 for n in (height, width)), indexing="ij")
        places = torch.stack([x, y], -1) - field
        grid = 2 * places / torch.tensor([width, height], device=field.device) - 1
        return F.grid_sample(pictures, grid, mode="bicubic", padding_mode="border", align_corners=False)


def _corners(mean_shape: Tensor, eye: slice) -> tuple[Tensor, Tensor]:
    """The middle between the corners of an eye, and the way (2,) from one to the other."""
    one, other = mean_shape[eye.start], mean_shape[eye.start + 3]
    return (one + other) / 2, other - one


def _within_lids(mean_shape: Tensor, size_px: int) -> Tensor:
    """(2,h,w), one for each eye: 1 where its iris may lie, softly down to 0."""
    found = []
    for eye in EYES:
        middle, along = _corners(mean_shape, eye)
        right, down = (PLACE.places(size_px) - middle).unbind(-1)
        width = along.norm()
        across = ((right * along[0] + down * along[1]) / width**2).abs()
        above = ((down * along[0] - right * along[1]) / width**2).abs()
        found.append(_falling(across, *_ACROSS) * _falling(above, *_ALONG))
    return torch.stack(found)


def _falling(away: Tensor, whole: float, none: float) -> Tensor:
    share = ((none - away) / (none - whole)).clamp(0, 1)
    return share * share * (3 - 2 * share)
