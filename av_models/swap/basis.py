"""The face basis of one person: mean face and principal components of the aligned crops.

Eigenfaces (Turk and Pentland 1991) on crops that are aligned on the rigid points: for one person in one light a few
dozen components hold most of what moves. Their detail is that of the footage, which no small network reaches in
minutes.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .network import FaceBasis

MAX_FACES = 600


def fit_basis(crops: Tensor, masks: Tensor, n_components: int) -> FaceBasis:
    """crops (N,3,D,D) uint8, masks (N,D,D) uint8 0..255 -> basis of n_components (unused ones are zero).

    Pixels count by how often they are face, so that a moving background buys no component. At most N/6 components are
    kept: more would memorise single frames. Runs on float32 in blocks; needs about N*D*D*12 bytes for N <= MAX_FACES.
    """
    chosen = torch.linspace(0, len(crops) - 1, min(len(crops), MAX_FACES)).round().long()
    faces = crops[chosen].float().div_(255)
    weight = masks[chosen].float().div_(255).mean(0).clamp_(0.02, 1).sqrt_()
    basis = FaceBasis(n_components, crops.shape[-1])
    basis.mean = faces.mean(0)
    kept = min(n_components, max(1, len(faces) // 6))
    flat = (faces - basis.mean).flatten(1)
    weighted = flat * weight.expand(3, -1, -1).flatten()
    values, vectors = torch.linalg.eigh(weighted @ weighted.T)
    order = values.argsort(descending=True)[:kept]
    scores = vectors[:, order] * len(faces) ** 0.5
    # Regressing the unweighted crops on the scores gives every pixel its component, whatever its weight was.
    components = scores.T @ flat / len(faces)
    basis.components[:kept] = components.unflatten(1, basis.mean.shape)
    return basis


def project(basis: FaceBasis, crops: Tensor, masks: Tensor) -> Tensor:
    """Least-squares coefficients (N,K) of crops (N,3,D,D) 0..1 inside masks (N,1,D,D) 0..1."""
    weight = masks.clamp(0.02, 1).mean(0)
    components = basis.components.flatten(1)
    weighted = (basis.components * weight).flatten(1)
    gram = weighted @ components.T
    ridge = torch.eye(len(gram)) * (gram.diagonal().mean() * 1e-4 + 1e-9)
    return torch.linalg.solve(gram + ridge, weighted @ (crops - basis.mean).flatten(1).T).T


__all__ = ["fit_basis", "project"]
