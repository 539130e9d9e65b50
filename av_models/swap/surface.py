"""What lies on a face goes where the face goes: pictures laid on one another before they are compared, and back.

The flank of a nose is at another place of the crop in every frame. Light that is measured over many frames, and laid on
each of them, has to go along with it (the same thin plate as textures, see `shape.py`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .shape import FIELD_PX, from_mean_shape, thin_plate, to_mean_shape

Floats = NDArray[np.floating[Any]]

__all__ = ["Surface"]

_AT_ONCE = 8


class Surface:
    """A face whose points (K,2) lie where they usually do, in units of the crop's side."""

    def __init__(self, usual: Floats | Tensor, device: torch.device | None = None) -> None:
        self.usual = torch.as_tensor(np.asarray(usual, np.float32)).to(device)
        self.spread = thin_plate(self.usual).to(device)

    def laid(self, pictures: Tensor, points: Tensor) -> Tensor:
        """pictures (N,C,D,D) of faces with points (N,K,2) -> the same with every point where it usually is."""
        parts = [slice(k, k + _AT_ONCE) for k in range(0, len(pictures), _AT_ONCE)]
        return torch.cat([to_mean_shape(pictures[part], self._field(points[part])) for part in parts])

    def worn(self, fields: Tensor, points: Tensor) -> Tensor:
        """The way back: fields (N,C,G,G), or (1,C,G,G) for all, of the usual face -> (N,C,G,G) as faces with points
        (N,K,2) wear them."""
        return from_mean_shape(fields.expand(len(points), -1, -1, -1), self._field(points))

    def _field(self, points: Tensor) -> Tensor:
        """(N,2,F,F): how far from its usual place each place is."""
        away = points.to(self.usual) - self.usual
        return torch.einsum("gk,nkc->ncg", self.spread, away).unflatten(2, (FIELD_PX, FIELD_PX))
