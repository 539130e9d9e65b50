"""The network with a shared decoder (the LIAE family): what the two people have in common is learnt once.

Two intermediate layers: one that both people pass through, and one of the actor's own. The decoder's convolutions are
the same for everybody and get two grids side by side. The source's faces are painted from [shared, shared], the
actor's from [own, shared]; so a swap is the actor's face painted from [shared, shared]. More is shared than with a
decoder per person: expressions and light that only the actor shows come over better, likeness is a little weaker.
Mean face, components and their coefficients stay each person's own.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from .network import Decoder, Intermediate, NetworkConfig, SwapNetwork

_OWN = ("coefficients", "from_performance")
"""Parts of a decoder that speak of one person's basis and cannot be shared."""


class LiaeNetwork(SwapNetwork):
    """Behind the interface of `SwapNetwork`. The feature grid has both layers' channels: shared first, then own."""

    def __init__(self, config: NetworkConfig, people: tuple[str, ...] = ("source", "actor")) -> None:
        super().__init__(config, people)
        wide = replace(config, grid=2 * config.grid)
        self.decoders = nn.ModuleDict({name: Decoder(wide, self.intermediate.joint_size) for name in people})
        first = self.decoders[people[0]]
        for name in people[1:]:
            for part, module in first.named_children():
                if part not in _OWN:
                    setattr(self.decoders[name], part, module)
        self.own = nn.ModuleDict({name: Intermediate(config) for name in people if name != "source"})

    def code(self, face: Tensor, mouth: Tensor, seen: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """As `SwapNetwork.code`; grid (B,2 grid,S/8,S/8)."""
        joint, shared = super().code(face, mouth, seen)
        if "actor" not in self.own:
            return joint, torch.cat([shared, shared], 1)
        size = self.config.code_size
        _, own = self.own["actor"](joint[:, :size], mouth)
        return joint, torch.cat([shared, own], 1)

    def details(self, person: str, grid: Tensor) -> Tensor:
        """As `SwapNetwork.details`, from the two layers that this person is painted from."""
        shared, own = grid.chunk(2, 1)
        return super().details(person, torch.cat([shared if person == "source" else own, shared], 1))


def build_network(config: NetworkConfig, people: tuple[str, ...] = ("source", "actor")) -> SwapNetwork:
    """The network of `config.architecture`."""
    return (LiaeNetwork if config.architecture == "liae" else SwapNetwork)(config, people)


__all__ = ["LiaeNetwork", "build_network"]
