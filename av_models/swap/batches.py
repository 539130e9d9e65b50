"""Batches for training: which faces are seen, and in which disguise.

What is drawn in a step follows from the seed, the step, the person and the part of the batch alone. So there is no
random state to lose: a run that is resumed draws what it would have drawn, and processes that train together draw
different faces without asking each other. On a processor with the same number of threads a resumed run therefore ends
with the same weights to the bit. On CUDA it draws the same, but gradients of warps (`grid_sample`) are summed in any
order there, and weights agree within rounding.

Faces are drawn as often as the root of what is alike, half-way between as they occur and uniformly over pose and mouth:
with uniform chances a cell of one frame, often a wrong landmark, would be seen as often as a hundred others together.
Of a long clip the faces themselves were chosen by the root already (`coverage.py`), which brings it close to uniform.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import torch
from torch import Tensor

from ..face.quality import head_pose
from .augment import disguise, hide_mouth
from .faces import FaceBank, feature_weight
from .light_transfer import in_light_of, light_of
from .plan import TrainPlan

_POSE_BIN_DEG = 8.0
_BLOCK = 64
_MOST_OF_FREE = 0.25
"""Of the free memory of an accelerator: more than that for the faces, and they stay on the processor's side."""


@dataclass(slots=True)
class Batch:
    """shown (B,3,S,S): what the encoder sees.  seen (B,3,S,S): the same without a disguise.  target (B,3,S,S), mask
    (B,1,S,S), weight (B,1,S,S): what is to be painted, and how much each pixel counts.  mouths (B,8).

    n_pairs: so many times, from the front, two rows one after the other are neighbouring frames.
    """

    shown: Tensor
    seen: Tensor
    target: Tensor
    mask: Tensor
    weight: Tensor
    mouths: Tensor
    n_pairs: int


@dataclass(frozen=True, slots=True)
class Draw:
    """Names the random numbers of one part of one step. smaller: faces in it, where these are fewer than planned."""

    seed: int
    step: int
    person: str
    part: int
    smaller: int = 0

    def generator(self, use: str, device: torch.device) -> torch.Generator:
        """use: tells several generators of the same part apart."""
        part = f"{self.part}x{self.smaller}" if self.smaller else str(self.part)
        named = f"{self.seed}/{self.step}/{self.person}/{part}/{use}".encode()
        digest = hashlib.blake2b(named, digest_size=8).digest()
        return torch.Generator(device).manual_seed(int.from_bytes(digest, "little") >> 1)


class FaceSampler:
    """Faces of one person on the way into training. `lights` (M,2,3): of the other person's frames."""

    def __init__(self, bank: FaceBank, plan: TrainPlan, cover: Tensor, device: torch.device) -> None:
        self.plan, self.cover, self.device = plan, cover, device
        self.chances = bank.weights() * pose_rarity(bank)
        self.successors = successors_of(bank)
        self.own_lights = _lights(bank, device) if plan.light else torch.zeros(0, 2, 3)
        self.lights = self.own_lights
        self.bank = bank.to(device) if _fits(bank, device) else bank

    def draw(self, draw: Draw, n: int) -> Batch:
        """n faces, the pairs first."""
        order = draw.generator("order", torch.device("cpu"))
        index, n_pairs = self._choose(n, order)
        bank = self.bank.part(index.to(self.bank.crops.device))
        target, mask = as_floats(bank, self.device)
        noise = torch.randn(bank.mouths.shape, generator=order).to(bank.mouths.device) * self.plan.mouth_noise
        features = feature_weight(bank.landmarks.to(self.device), target.shape[-1], self.plan.eyes, self.plan.mouth)
        shown = self._relit(target, index, order) if self.plan.light else target
        return Batch(
            shown=disguise(shown, self.cover, draw.generator("disguise", self.device)),
            seen=hide_mouth(target, self.cover),
            target=target,
            mask=mask,
            weight=mask * features,
            mouths=(bank.mouths + noise).to(self.device),
            n_pairs=n_pairs,
        )

    def _choose(self, n: int, order: torch.Generator) -> tuple[Tensor, int]:
        """(rows of the bank (n,), how many pairs lead them): a pair at least where there is room for one."""
        n_pairs = max(1, round(self.plan.temporal_share * n / 2)) if self.plan.temporal and n > 1 else 0
        leads = self.chances * (self.successors >= 0)
        if not n_pairs or not leads.any():
            return torch.multinomial(self.chances, n, replacement=True, generator=order), 0
        first = torch.multinomial(leads, n_pairs, replacement=True, generator=order)
        pairs = torch.stack([first, self.successors[first]], 1).flatten()
        if 2 * n_pairs == n:
            return pairs, n_pairs
        rest = torch.multinomial(self.chances, n - 2 * n_pairs, replacement=True, generator=order)
        return torch.cat([pairs, rest]), n_pairs

    def _relit(self, faces: Tensor, index: Tensor, order: torch.Generator) -> Tensor:
        n = len(faces)
        other = torch.randint(len(self.lights), (n,), generator=order)
        strength = torch.rand(n, generator=order) * (torch.rand(n, generator=order) < self.plan.light)
        lights = self.own_lights[index.to(self.device)], self.lights[other.to(self.device)]
        return in_light_of(faces, *lights, strength.to(self.device))


def successors_of(bank: FaceBank) -> Tensor:
    """(N,) row of the face that the next frame of the footage shows, -1 where it is not in the bank."""
    assert bank.frames is not None
    after = torch.full((len(bank),), -1)
    follows = (bank.frames[1:] - bank.frames[:-1] == 1).nonzero()[:, 0]
    after[follows] = follows + 1
    return after


def pose_rarity(bank: FaceBank) -> Tensor:
    """(N,) factor of the sampling weight: turns and nods that are rare are seen more often than they occur."""
    poses = [head_pose(points) for points in bank.landmarks.double().numpy()]
    turn = torch.tensor([[pose.yaw_deg, pose.pitch_deg] for pose in poses]).nan_to_num()
    cells = ((turn - turn.median(0).values) / _POSE_BIN_DEG).round().clamp(-4, 4).long() + 4
    numbers = cells[:, 0] * 9 + cells[:, 1]
    return torch.bincount(numbers, minlength=81).float()[numbers].rsqrt()


def as_floats(bank: FaceBank, device: torch.device) -> tuple[Tensor, Tensor]:
    """Faces (B,3,S,S) and masks (B,1,S,S) as float32 0..1."""
    faces = bank.crops.to(device).float().div_(255).contiguous(memory_format=torch.channels_last)
    return faces, bank.masks.to(device).float().div_(255)[:, None]


def _fits(bank: FaceBank, device: torch.device) -> bool:
    if device.type != "cuda":
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return bank.n_bytes < _MOST_OF_FREE * free


def _lights(bank: FaceBank, device: torch.device) -> Tensor:
    """(N,2,3) as `light_of` gives them."""
    blocks = torch.arange(len(bank)).split(_BLOCK)
    return torch.cat([light_of(*as_floats(bank.part(index), device)) for index in blocks])


__all__ = ["Batch", "Draw", "FaceSampler", "as_floats", "pose_rarity", "successors_of"]
