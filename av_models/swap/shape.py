"""Where the parts of one person's face lie in the crop, so that faces can be laid on one another before they are mixed.

Faces that are mixed as pictures show every lash twice when the head turns by a few pixels. So texture and shape are
taken apart (Cootes, Edwards and Taylor 1998): faces are warped to the person's mean shape, mixed there, and warped to
the shape that the performance asks for. That shape comes from the performance too (`performance_map.py`), not from the
landmarks of a single frame, whose tremble would be painted as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .performance_map import PerformanceMap
from .turning import load_turning

POINTS = (*range(36), 36, 39, 42, 45, *range(48, 60))
"""Jaw, brows, nose, corners of the eyes and outer lips, in iBUG-68 order. Lids are texture: landmarks miss blinks."""

FIELD_PX = 64
"""Side of the field of displacements; it is smooth."""

_STIFFNESS = 1e-3
_ROUNDS = 8
"""Beside a mouth that is drawn in, places move by half of their distance: each round leaves half of the error."""
_STILL = 5
"""Points along each side of the crop that never move."""

BRIDGE = slice(27, 31)
NOSE_TIP = 30
EYE_CORNERS = (36, 37, 38, 39)
"""Where these are among POINTS: the nose as in iBUG-68; of the eyes outer, inner, inner, outer, from the left."""

_BROWS = slice(17, 22), slice(22, 27)
_CHEEKS = slice(1, 8), slice(9, 16)
"""Of the jaw, on the left and on the right of the picture."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What open eyes do. away (B,2): how far to the right and down they look of where they usually look, in widths of
    an eye; sure (B,): how sure that is, 0..1; lids (B,): how much farther they are shut than usual, see
    `irises.SeenIrises.lids`."""

    away: Tensor
    sure: Tensor
    lids: Tensor


@dataclass(frozen=True, slots=True)
class Expression:
    """What faces do beyond their performance. brows (B,2): how far the left and the right one are lower, in units of
    the crop's side.  glance: None where eyes are to be painted as the performance alone says."""

    brows: Tensor
    glance: Glance | None = None


class FaceShape(nn.Module):
    """One person. Performances (B,P) -> displacements (B,2,G,G) of the mean shape, x and y in units of the crop's side.

    Nothing moves until `fit`. `draw` moves the mean shape itself, for a swap that fills another head.
    turns: performances begin with readings of how the head is turned, and beyond the turns that this person was seen in
    the face goes as faces do.
    """

    spread: Tensor
    drawn: Tensor
    mean: Tensor

    def __init__(self, n_features: int, turns: bool) -> None:
        super().__init__()
        self.turning = load_turning(len(POINTS)) if turns else None
        self.from_performance = PerformanceMap(n_features, 2 * len(POINTS))
        # (G*G,K): how far every place of the field goes along with each point.
        self.register_buffer("spread", torch.zeros(FIELD_PX**2, len(POINTS)))
        # (K,2), of the footage and not of the person: no part of the model.
        self.register_buffer("drawn", torch.zeros(len(POINTS), 2), persistent=False)
        self.register_buffer("mean", torch.zeros(len(POINTS), 2), persistent=False)

    @torch.no_grad()
    def fit(self, performances: Tensor, landmarks: Tensor) -> None:
        """performances (N,P), landmarks (N,68,2) of one person's frames in units of the crop's side."""
        points = landmarks[:, list(POINTS)]
        mean = points.mean(0)
        self.spread.copy_(thin_plate(mean))
        self.from_performance.fit(performances, (points - mean).flatten(1))

    def draw(self, moves: Tensor, mean: Tensor) -> None:
        """moves (68,2): how much farther than the performance says each point of the face goes from now on, as seen
        from the front.  mean (68,2): the person's mean shape. Both in units of the crop's side."""
        self.drawn.copy_(moves[list(POINTS)])
        self.mean.copy_(mean[list(POINTS)])

    def forward(self, performances: Tensor, expression: Expression | None = None) -> Tensor:
        with torch.autocast(performances.device.type, enabled=False):  # half precision is a pixel off
            moves = _with_brows(self._moves(performances), expression)
            moves = moves + self._seen_drawn(moves)
            return torch.einsum("gk,nkc->ncg", self.spread, moves).unflatten(2, (FIELD_PX, FIELD_PX))

    def points(self, performances: Tensor, expression: Expression | None = None) -> Tensor:
        """(B,K,2): where the POINTS lie, in units of the crop's side; after `draw`, which says where they are on the
        whole."""
        with torch.autocast(performances.device.type, enabled=False):
            moves = _with_brows(self._moves(performances), expression)
            return self.mean + moves + self._seen_drawn(moves)

    def _moves(self, performances: Tensor) -> Tensor:
        """(B,K,2)."""
        asked = performances.float()
        moves = self.from_performance(asked)
        if self.turning is not None:
            moves = moves + self.turning(asked, self.from_performance.as_seen(asked))
        return moves.unflatten(1, (-1, 2))

    def _seen_drawn(self, moves: Tensor) -> Tensor:
        """(B,K,2): of a face that turns away one cheek is seen from the side, and what is drawn there with it. All of
        it, laid into the little that is seen, would fold the skin beside the mouth."""
        if not self.drawn.any():
            return self.drawn
        drawn = self.drawn.expand_as(moves).clone()
        for cheek in _CHEEKS:
            usual, seen = _half_width(self.mean[None], cheek), _half_width(self.mean + moves, cheek)
            drawn[:, cheek, 0] *= (seen / usual.clamp(min=1e-3)).clamp(0, 1)[:, None]
        return drawn


def _with_brows(moves: Tensor, expression: Expression | None) -> Tensor:
    """Displacements (B,K,2)."""
    if expression is None or not expression.brows.any():
        return moves
    lowered = moves.clone()
    for number, brow in enumerate(_BROWS):
        lowered[:, brow, 1] += expression.brows[:, number, None]
    return lowered


def _half_width(points: Tensor, cheek: slice) -> Tensor:
    """(B,) from points (B,K,2): how far the cheek's outline lies from the bridge of the nose."""
    return (points[:, cheek, 0].mean(1) - points[:, BRIDGE, 0].mean(1)).abs()


def to_mean_shape(faces: Tensor, field: Tensor) -> Tensor:
    """Faces (B,C,D,D) -> the same laid on the mean shape. field (B,2,G,G): the displacements of each."""
    return _sampled(faces, field)


def from_mean_shape(textures: Tensor, field: Tensor) -> Tensor:
    """The way back: textures (B,C,D,D) on the mean shape -> faces."""
    return _sampled(textures, _inverse(field) - _grid(field))


def _inverse(field: Tensor) -> Tensor:
    """(B,2,G,G): the place of the mean shape that is seen at each place, by fixed-point iteration."""
    seen = _grid(field)
    found = seen.expand_as(field)
    for _ in range(_ROUNDS):
        found = seen - F.grid_sample(field, _for_sampling(found), padding_mode="border", align_corners=False)
    return found


def _sampled(pictures: Tensor, field: Tensor) -> Tensor:
    size = pictures.shape[-2:]
    moves = F.interpolate(field, size=size, mode="bilinear", align_corners=False)
    places = _for_sampling(_grid(pictures) + moves)
    return F.grid_sample(pictures, places, mode="bicubic", padding_mode="border", align_corners=False)


def _grid(like: Tensor) -> Tensor:
    """(1,2,D,D): x and y of the centres of the pixels, in units of the side."""
    side = like.shape[-1]
    axis = (torch.arange(side, device=like.device, dtype=torch.float32) + 0.5) / side
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    return torch.stack([x, y])[None]


def _for_sampling(places: Tensor) -> Tensor:
    """As `grid_sample` wants places: (B,D,D,2) in -1..1."""
    return (places * 2 - 1).permute(0, 2, 3, 1)


def thin_plate(points: Tensor) -> Tensor:
    """(G*G,K): a thin plate (Bookstein 1989) that is held at points (K,2) and at the crop's sides, at each place of the
    field; times the points' displacements it gives the places'."""
    held = torch.cat([points.double().cpu(), _sides()])
    kernel = _kernel(held, held) + _STIFFNESS * torch.eye(len(held), dtype=torch.float64)
    plane = _plane(held)
    corner = torch.zeros(3, 3, dtype=torch.float64)
    system = torch.cat([torch.cat([kernel, plane], 1), torch.cat([plane.T, corner], 1)])
    solved = torch.linalg.inv(system)[:, : len(points)]
    places = _grid(torch.empty(FIELD_PX, FIELD_PX)).double()[0].flatten(1).T
    return (torch.cat([_kernel(places, held), _plane(places)], 1) @ solved).float()


def _sides() -> Tensor:
    along = torch.linspace(0, 1, _STILL, dtype=torch.float64)
    ends = [torch.stack([along, torch.full_like(along, side)], 1) for side in (0.0, 1.0)]
    between = [end.flip(1)[1:-1] for end in ends]
    return torch.cat(ends + between)


def _kernel(one: Tensor, other: Tensor) -> Tensor:
    squared = torch.cdist(one, other).square()
    return squared * squared.clamp(min=1e-12).log() / 2


def _plane(points: Tensor) -> Tensor:
    return torch.cat([torch.ones_like(points[:, :1]), points], 1)


__all__ = [
    "BRIDGE", "EYE_CORNERS", "FIELD_PX", "NOSE_TIP", "POINTS", "Expression", "FaceShape", "Glance", "from_mean_shape",
    "thin_plate", "to_mean_shape",
]  # fmt: skip
