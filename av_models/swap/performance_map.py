"""From a performance in a few numbers to one person's face: what a person's own frames say in closed form.

Radial basis functions round typical performances of the person plus a plane (Broomhead and Lowe 1988), fitted by ridge
regression in a fraction of a second, before the first step of training. It paints a first likeness with moving lips,
lids and turns of the head. It stays as it was fitted: hundreds of small steps of a gradient would only blur what the
normal equations found at once; what they cannot say is left to the layers beside it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

N_CENTRES = 256
_RIDGE = 1e-2
_METRIC_RIDGE = 0.05
_LEAST_SPREAD = 0.05
_LEAST_TOLD = 0.02


class PerformanceMap(nn.Module):
    """(B,F) -> (B,K). Zero until `fit`."""

    centre: Tensor
    spread: Tensor
    low: Tensor
    high: Tensor
    typical: Tensor
    reach: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(self, n_features: int, n_outputs: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(n_features))
        self.register_buffer("spread", torch.ones(n_features))
        self.register_buffer("low", torch.zeros(n_features))
        self.register_buffer("high", torch.zeros(n_features))
        self.register_buffer("typical", torch.zeros(N_CENTRES, n_features))
        self.register_buffer("reach", torch.ones(()))
        self.register_buffer("weight", torch.zeros(n_outputs, N_CENTRES + n_features))
        self.register_buffer("bias", torch.zeros(n_outputs))

    def forward(self, features: Tensor) -> Tensor:
        return F.linear(self._terms(features.float()), self.weight, self.bias)

    @torch.no_grad()
    def fit(self, features: Tensor, outputs: Tensor, weight: Tensor | None = None) -> None:
        """features (N,F) and outputs (N,K) of one person's frames; weight (K,): how much each output matters."""
        known = features.detach().double().cpu()
        wanted = outputs.detach().double().cpu()
        spread = _metric(known, wanted, weight)
        scaled = (known - known.mean(0)) / spread
        typical = scaled[far_apart(scaled, N_CENTRES)]
        self.centre.copy_(known.mean(0))
        self.spread.copy_(spread)
        self.low.copy_(scaled.amin(0))
        self.high.copy_(scaled.amax(0))
        self.typical.copy_(typical)
        self.reach.copy_(torch.cdist(typical, typical).square().median().clamp(min=1e-3))
        terms = self._terms(features.detach().float().to(self.centre.device)).double().cpu()
        mean = wanted.mean(0)
        gram = terms.T @ terms + torch.diag(_held_back(known, spread, terms.shape[1]) * (_RIDGE * len(terms)))
        weights = torch.linalg.solve(gram, terms.T @ (wanted - mean))
        self.weight.copy_(weights.T)
        self.bias.copy_(mean)

    def as_seen(self, features: Tensor) -> Tensor:
        """The nearest of (B,F) that lies within what the person did."""
        return self._within(features) * self.spread + self.centre

    def _within(self, features: Tensor) -> Tensor:
        return ((features - self.centre) / self.spread).clamp(self.low, self.high)

    def _terms(self, features: Tensor) -> Tensor:
        # What the person never did is not followed: a plane has no end of its own, and paints cheeks orange.
        scaled = self._within(features)
        near = torch.cdist(scaled[None], self.typical[None])[0].square() / (2 * self.reach)
        return torch.cat([torch.exp(-near), scaled], 1)


def _held_back(features: Tensor, spread: Tensor, n_terms: int) -> Tensor:
    """(n_terms,): how much each term is held back by the ridge.

    The plane's terms come in the metric's units, in which what moves a small part of the face is small: the width of
    the mouth would be held back to half of itself, beside a turn of the head. So those terms count in units of their
    own spread. What never moves is held back a little, too, or nothing would determine its weight.
    """
    held_back = torch.ones(n_terms, dtype=torch.float64)
    held_back[-features.shape[1] :] = (features.std(0, unbiased=False) / spread).square().clamp(min=1e-6)
    return held_back


def _metric(features: Tensor, outputs: Tensor, weight: Tensor | None) -> Tensor:
    """(F,): what is divided by so that a step of 1 changes the outputs alike in every direction.

    A feature that tells nothing about the outputs of this person is nearly switched off: on another person's face it
    would only bring what sets the two apart.
    """
    spread = features.std(0, unbiased=False).clamp(min=_LEAST_SPREAD)
    scaled = (features - features.mean(0)) / spread
    wanted = (outputs - outputs.mean(0)) * (1 if weight is None else weight.double().cpu())
    gram = scaled.T @ scaled + torch.eye(scaled.shape[1], dtype=torch.float64) * (_METRIC_RIDGE * len(scaled))
    tells = torch.linalg.solve(gram, scaled.T @ wanted).norm(dim=1)
    return spread / (tells / tells.amax().clamp(min=1e-9)).clamp(min=_LEAST_TOLD)


def far_apart(points: Tensor, n: int) -> Tensor:
    """Rows (n,) of points (N,F) that cover them: each is the farthest from those before; all again if N is less."""
    chosen = [int((points - points.mean(0)).square().sum(1).argmin())]
    distance = (points - points[chosen[0]]).square().sum(1)
    while len(chosen) < min(n, len(points)):
        chosen.append(int(distance.argmax()))
        distance = torch.minimum(distance, (points - points[chosen[-1]]).square().sum(1))
    return torch.tensor([chosen[k % len(chosen)] for k in range(n)])


__all__ = ["N_CENTRES", "PerformanceMap", "far_apart"]
