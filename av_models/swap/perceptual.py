"""Perceptual loss: pictures are alike when a network that was trained on photographs sees the same in them.

Features of VGG (Simonyan and Zisserman 2015), each of unit length, compared layer by layer as LPIPS does without its
learnt weights (Zhang et al. 2018). The network's weights are not part of the product: see configs/weights.lock.yaml.
"""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from ..domain.errors import ModelError

FILE_NAME = "vgg16-397923af.pth"
_MEAN, _SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_BLOCKS = 4
"""The fifth block sees whole objects, at 1/16 of the size: of a face crop too little is left there."""


class PerceptualLoss(nn.Module):
    """Distance of painted and true faces in features. convolutions: in order; pooled: before which of them the size is
    halved."""

    def __init__(self, convolutions: list[nn.Conv2d], pooled: set[int]) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(convolutions)
        self.pooled = pooled
        self.register_buffer("mean", torch.tensor(_MEAN)[:, None, None])
        self.register_buffer("spread", torch.tensor(_SPREAD)[:, None, None])
        self.requires_grad_(False).eval()

    def forward(self, painted: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """painted, target (B,3,S,S) 0..1, mask (B,1,S,S) -> mean distance inside the mask, 0..2 per block."""
        both = torch.cat([painted, target])
        total = painted.new_zeros(())
        for features in self.features(both):
            ours, true = F.normalize(features.float(), dim=1).chunk(2)
            weight = F.adaptive_avg_pool2d(mask, (features.shape[-2], features.shape[-1]))
            distance = (ours - true).square().sum(1, keepdim=True)
            total = total + (distance * weight).sum() / weight.sum().clamp(min=1e-3)
        return total

    def features(self, faces: Tensor) -> list[Tensor]:
        """The last features of every block."""
        x = (faces - self.get_buffer("mean")) / self.get_buffer("spread")
        found: list[Tensor] = []
        for number, layer in enumerate(self.convolutions):
            if number in self.pooled:
                found.append(x)
                x = F.max_pool2d(x, 2)
            x = F.relu(layer(x))
        return [*found, x][:_BLOCKS]


def load_perceptual(path: Path) -> PerceptualLoss:
    """From the `features.N.{weight,bias}` of torchvision's VGG, as .safetensors or as torch's own file.

    Raises ModelError when the file is not there, damaged, or holds something else.
    """
    if not path.is_file():
        raise ModelError(
            f"The perceptual loss needs the weights {path.name}, which are not at {path}.",
            "Fetch them from the address in configs/weights.lock.yaml, or set training.perceptual to 0.",
        )
    try:
        state = load_file(path) if path.suffix == ".safetensors" else torch.load(path, "cpu", weights_only=True)
        return PerceptualLoss(*_layers(state))
    except (SafetensorError, RuntimeError, KeyError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise ModelError(
            f"{path} holds no VGG features ({str(error).splitlines()[0][:120]}).", "Delete it and fetch it again."
        ) from None


def _layers(state: dict[str, Tensor]) -> tuple[list[nn.Conv2d], set[int]]:
    """Convolutions of 3x3 in order. Where two numbers are three apart, a pooling lay between them."""
    found = (re.fullmatch(r"features\.(\d+)\.weight", name) for name in state)
    numbers = sorted(int(match[1]) for match in found if match)
    if not numbers:
        raise KeyError("no features.N.weight")
    layers, pooled = [], set[int]()
    for place, number in enumerate(numbers):
        weight, bias = state[f"features.{number}.weight"].float(), state[f"features.{number}.bias"].float()
        layer = nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1)
        layer.load_state_dict({"weight": weight, "bias": bias})
        layers.append(layer)
        if place and number - numbers[place - 1] == 3:
            pooled.add(place)
    return layers, pooled


__all__ = ["FILE_NAME", "PerceptualLoss", "load_perceptual"]
