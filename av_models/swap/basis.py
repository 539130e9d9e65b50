"""The face basis of one person: mean face and principal components of the crops, laid on the mean shape.

Eigenfaces (Turk and Pentland 1991) on faces whose features lie on one another (`shape.py`): for one person in one light
a few dozen components hold most of what changes. Their detail is that of the footage, which no small network reaches in
minutes.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from .network import FaceBasis
from .principal import leading_scores, n_components_of

MAX_FACES = 720
BLOCK = 32
# How alike two faces are shows at this size as well as at full size, at a fraction of the memory.
COMPARE_PX = 64
_SELDOM = 0.01
"""As rare as any place can be face, or be none: a mask that is surer could not be corrected."""


def fit_basis(crops: Tensor, masks: Tensor, n_components: int) -> FaceBasis:
    """crops (N,3,D,D) uint8, masks (N,D,D) uint8 0..255 -> basis of n_components (unused ones are zero).

    Pixels count by how often they are face, so that a moving background buys no component. At most N/6 components are
    kept, see `principal.py`. Works in blocks: memory stays near that of the basis itself.
    """
    chosen = torch.linspace(0, len(crops) - 1, min(len(crops), MAX_FACES)).round().long()
    kept = n_components_of(len(chosen), n_components)
    scores = _scores(crops[chosen], masks[chosen], kept)
    basis = FaceBasis(n_components, crops.shape[-1])
    for faces in crops[chosen].split(BLOCK):
        basis.mean += faces.float().sum(0) / 255 / len(chosen)
    # Regressing the unweighted crops on the scores gives every pixel its component, whatever its weight was.
    for faces, part in zip(crops[chosen].split(BLOCK), scores.split(BLOCK), strict=True):
        rest = (faces.float() / 255 - basis.mean).flatten(1)
        basis.components[:kept] += (part.T @ rest / len(chosen)).unflatten(1, basis.mean.shape)
    basis.outline.copy_(_outline(masks[chosen]))
    return basis


def _outline(masks: Tensor) -> Tensor:
    """Logits (1,D,D): a mask that is learnt from nothing says for its first fifty steps that nowhere is a face."""
    often = sum((part.float().sum(0) for part in masks.split(BLOCK)), torch.zeros(masks.shape[1:])) / 255 / len(masks)
    return torch.logit(often.clamp(_SELDOM, 1 - _SELDOM))[None]


def _scores(crops: Tensor, masks: Tensor, kept: int) -> Tensor:
    """Scores (N,kept) of unit variance on the leading components of the face pixels."""
    factor = max(1, crops.shape[-1] // COMPARE_PX)
    small = torch.cat([F.avg_pool2d(part.float() / 255, factor) for part in crops.split(BLOCK)])
    face = torch.cat([F.avg_pool2d(part[:, None].float() / 255, factor) for part in masks.split(BLOCK)])
    flat = ((small - small.mean(0)) * face.mean(0).clamp(0.02, 1).sqrt()).flatten(1)
    return leading_scores(flat, kept)


def project(basis: FaceBasis, crops: Tensor, masks: Tensor) -> Tensor:
    """Least-squares coefficients (N,K) of crops (N,3,D,D) 0..1 inside masks (N,1,D,D) 0..1."""
    weight = masks.clamp(0.02, 1).mean(0)
    components = basis.components.flatten(1)
    weighted = (basis.components * weight).flatten(1)
    gram = weighted @ components.T
    ridge = torch.eye(len(gram)) * (gram.diagonal().mean() * 1e-4 + 1e-9)
    return torch.linalg.solve(gram + ridge, weighted @ (crops - basis.mean).flatten(1).T).T


__all__ = ["fit_basis", "project"]
