"""Pictures of one person, each with what it was like, of which those that are most alike come back.

A mean over all pictures, weighted by how much alike they are (Nadaraya 1964, Watson 1964). Where a fitted map mixes all
that it was fitted on, this keeps the detail that was seen.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["Album"]


class Album(nn.Module):
    """At most n pictures (3,h,w) with keys (K,); empty until `fill`. Keys that differ by 1 are as good as alike."""

    keys: Tensor
    known: Tensor
    pictures: Tensor

    def __init__(self, n: int, n_keys: int, height: int, width: int) -> None:
        super().__init__()
        self.register_buffer("keys", torch.zeros(n, n_keys))
        self.register_buffer("known", torch.zeros(n))
        self.register_buffer("pictures", torch.zeros(n, 3, height, width))

    def __len__(self) -> int:
        """How many it can hold."""
        return len(self.known)

    @property
    def is_empty(self) -> bool:
        return not bool(self.known.any())

    def fill(self, keys: Tensor, pictures: Tensor) -> None:
        """keys (N,K), pictures (N,3,h,w) in 0..1, in place of what was there."""
        for kept, new in ((self.keys, keys), (self.known, torch.ones(len(keys))), (self.pictures, pictures)):
            kept.zero_()[: len(new)] = new

    def forward(self, keys: Tensor) -> Tensor:
        """(B,K) -> (B,3,h,w)."""
        apart = torch.cdist(keys, self.keys).square() / 2
        weight = torch.softmax(-torch.where(self.known > 0, apart, torch.inf), 1)
        return (weight @ self.pictures.flatten(1)).unflatten(1, self.pictures.shape[1:])

    def shrunk(self, factor: int) -> Album:
        """The same at 1/factor of the size."""
        small = Album(len(self), self.keys.shape[1], 1, 1)
        small.keys, small.known = self.keys.clone(), self.known.clone()
        small.pictures = F.avg_pool2d(self.pictures, factor)
        return small
