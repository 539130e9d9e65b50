"""The principal components of one person's faces, or of a part of them."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["FACES_A_COMPONENT", "leading_scores", "n_components_of"]

FACES_A_COMPONENT = 6
"""More components than one for so many faces would memorise single frames."""


def n_components_of(n_faces: int, most: int) -> int:
    """How many components so many faces can fill."""
    return min(most, max(1, n_faces // FACES_A_COMPONENT))


def leading_scores(rest: Tensor, n: int) -> Tensor:
    """rest (N,M), without its mean -> (N,n) on its principal components, of unit variance."""
    values, vectors = torch.linalg.eigh(rest @ rest.T)
    return vectors[:, values.argsort(descending=True)[:n]] * len(rest) ** 0.5
