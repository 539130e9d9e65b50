"""Small networks that come with the product: how they are trained once, and how their weights are read."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from typing import TypeVar

import torch
from safetensors.torch import load
from torch import Tensor, nn

__all__ = ["shipped", "train_averaged"]

N = TypeVar("N", bound=nn.Module)

_EMA = 0.995


def shipped(network: N, name: str) -> N:
    """`network` with the weights in file `name` beside its own module, ready to be used and never to be trained on."""
    package = type(network).__module__.rpartition(".")[0]
    network.load_state_dict({key: value.float() for key, value in _weights(package, name).items()})
    return network.eval().requires_grad_(False)


@lru_cache
def _weights(package: str, name: str) -> dict[str, Tensor]:
    return dict(load((files(package) / name).read_bytes()))


def train_averaged(
    network: N,
    loss_of: Callable[[N, int], Tensor],
    steps: int,
    rate: float,
    decay: float,
    warm_up: float,
    on_step: Callable[[int, float], None],
) -> N:
    """The average of `network` over its training. loss_of: of a fresh batch.  warm_up: share of the steps."""
    average = copy.deepcopy(network)
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=decay)
    pace = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=warm_up)
    for step in range(steps):
        loss = loss_of(network, step)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        pace.step()
        keep = min(_EMA, (1 + step) / (10 + step))
        with torch.no_grad():
            for mean, value in zip(average.parameters(), network.parameters(), strict=True):
                mean.lerp_(value, 1 - keep)
        on_step(step, float(loss.detach()))
    return average.eval()
