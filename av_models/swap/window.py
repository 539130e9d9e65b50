"""A part of the normalised crop that has pictures of its own: where it lies, and how they are laid in."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Window"]

_PARTS = 16
"""Of a crop's side, which is a multiple of it at every size: no window needs resampling when crops are halved."""

_RAMP = 0.12


@dataclass(frozen=True, slots=True)
class Window:
    """In sixteenths of the crop's side. Crops are normalised: everybody's eyes and mouth lie in the same windows."""

    left: int
    top: int
    right: int
    bottom: int

    def size(self, size_px: int) -> tuple[int, int]:
        """Height and width in pixels."""
        rows, columns = self._slices(size_px)
        return rows.stop - rows.start, columns.stop - columns.start

    def cut(self, pictures: Tensor) -> Tensor:
        """(B,C,D,D) -> (B,C,h,w), a view."""
        rows, columns = self._slices(pictures.shape[-1])
        return pictures[:, :, rows, columns]

    def laid_in(self, pictures: Tensor, parts: Tensor, soft: Tensor) -> Tensor:
        """Pictures (B,C,D,D), changed in place, with parts (B,C,h,w) as far as soft (…,h,w) says."""
        part = self.cut(pictures)
        part.copy_(torch.lerp(part, parts.to(part), soft.to(part)))
        return pictures

    def places(self, size_px: int) -> Tensor:
        """(h,w,2): x and y of the middles of the pixels, in units of the crop's side."""
        rows, columns = self._slices(size_px)
        y = (torch.arange(rows.start, rows.stop) + 0.5) / size_px
        x = (torch.arange(columns.start, columns.stop) + 0.5) / size_px
        return torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)

    def ramp(self, size_px: int) -> Tensor:
        """(h,w): 1 inside, down to 0 at the sides."""
        places = self.places(size_px)
        low = torch.tensor([self.left, self.top]) / _PARTS
        high = torch.tensor([self.right, self.bottom]) / _PARTS
        near = torch.minimum(places - low, high - places)
        return (near / ((high - low) * _RAMP)).clamp(0, 1).prod(-1)

    def _slices(self, size_px: int) -> tuple[slice, slice]:
        part_px = size_px // _PARTS
        return slice(self.top * part_px, self.bottom * part_px), slice(self.left * part_px, self.right * part_px)
