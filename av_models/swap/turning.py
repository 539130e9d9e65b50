"""How the parts of anybody's face move in its crop as the head turns and nods.

A source who looks into the camera for a minute says nothing about how it looks from the side, and a map that was fitted
on such frames can only stand still beyond them: the tip of the nose stays in the middle of a head that is turned away.
What all faces have in common there was measured once on many fictional people (`turning.md`). A person's own frames say
what is different on theirs.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..runtime.shipped import shipped
from .reader import READINGS, TRUSTED

__all__ = ["WEIGHTS", "Turning", "load_turning", "turning_terms"]

WEIGHTS = "turning.safetensors"

YAW, PITCH = (TRUSTED.index(READINGS.index(name)) for name in ("yaw", "pitch"))
"""Their places in a performance."""

N_TERMS = 5


class Turning(nn.Module):
    """How much farther than they were seen to go parts of a face go in a head that is turned more: (B,2K), x and y of
    each point in units of the crop's side.

    weight (2K,5): of `turning_terms`.  most (2,): turns and nods beyond which nobody was seen; there nothing moves on.
    """

    weight: Tensor
    most: Tensor

    def __init__(self, n_points: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(2 * n_points, N_TERMS))
        self.register_buffer("most", torch.zeros(2))

    def forward(self, asked: Tensor, seen: Tensor) -> Tensor:
        """asked, seen (B,P): performances, and the nearest ones that the person was seen in.

        Turns alone are followed beyond those: nods of strangers are read with an offset of 2.5 degrees (`reader.md`),
        which a face would be stretched by.
        """
        there, from_there = (torch.stack([one[:, YAW], seen[:, PITCH]], 1) for one in (asked, seen))
        return (turning_terms(there, self.most) - turning_terms(from_there, self.most)) @ self.weight.T


def turning_terms(turns: Tensor, most: Tensor) -> Tensor:
    """Readings of yaw and pitch (B,2) -> (B,5): a plane and what is curved."""
    yaw, pitch = turns.clamp(-most, most).unbind(1)
    return torch.stack([yaw, pitch, yaw * yaw, yaw * pitch, pitch * pitch], 1)


def load_turning(n_points: int) -> Turning:
    """The shipped one."""
    return shipped(Turning(n_points), WEIGHTS)
