"""A person of whom nothing is known before the first step of training: what the head start is measured against."""

from __future__ import annotations

import torch

from .faces import FaceBank
from .likeness import Likeness
from .mouth_texture import MouthTexture
from .network import FaceBasis, NetworkConfig
from .open_eyes import OpenEyes
from .shape import FaceShape
from .shut_eyes import ShutEyes

__all__ = ["unknown_person"]

_GREY = 0.5


def unknown_person(bank: FaceBank, config: NetworkConfig) -> Likeness:
    """As `fit_likeness`, with a grey mean, no components, a shape that never moves and no blinks: all that is painted
    has to come out of random convolutions. For a network without readings."""
    basis = FaceBasis(config.n_components, bank.crops.shape[-1])
    basis.mean.fill_(_GREY)
    size, side = config.performance_size, bank.crops.shape[-1]
    parts = FaceShape(size, turns=False), MouthTexture(size, side), ShutEyes(size, side), OpenEyes(side)
    nothing = torch.zeros(len(bank), size), torch.zeros(len(bank), config.n_components)
    return Likeness(*parts, basis, basis.shrunk(config.detail), *nothing)
