"""What training makes small: distance to the true face, and the options on top of it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import functional_call

from .batches import Batch
from .discriminator import PatchDiscriminator, judged_as, on_grey
from .losses import face_loss, mask_loss, weighted_mean
from .perceptual import PerceptualLoss
from .plan import TrainPlan

_MASK_WEIGHT = 0.2


@dataclass(slots=True)
class Objective:
    """perceptual, judge: None where they are not used (yet)."""

    plan: TrainPlan
    perceptual: PerceptualLoss | None = None
    judge: PatchDiscriminator | None = None

    def losses(self, person: str, batch: Batch, painted: Tensor, logits: Tensor) -> dict[str, Tensor]:
        """By name, weighted; their sum is what is made small. painted (B,3,S,S), logits (B,1,S,S), both float32."""
        found = {
            "face": face_loss(painted, batch.target, batch.weight),
            "mask": _MASK_WEIGHT * mask_loss(logits, batch.mask),
        }
        if batch.n_pairs:
            found["temporal"] = self.plan.temporal * change_loss(painted, batch)
        if self.perceptual is not None:
            found["perceptual"] = self.plan.perceptual * self.perceptual(painted, batch.target, batch.mask)
        if self.judge is not None and person == "source":
            found["adversarial"] = self.plan.adversarial * fooling_loss(self.judge, batch, painted)
        return found


def change_loss(painted: Tensor, batch: Batch) -> Tensor:
    """From one frame to the next the painted face must change as the true one does; what else it does is flicker.

    L1 of the difference of the differences, under the weight of the first frame. Both frames were disguised on their
    own, so a crop that trembles is no reason to change either.
    """
    first, second = slice(0, 2 * batch.n_pairs, 2), slice(1, 2 * batch.n_pairs, 2)
    change = painted[second] - painted[first]
    wanted = batch.target[second] - batch.target[first]
    return weighted_mean((change - wanted).abs(), batch.weight[first])


def fooling_loss(judge: PatchDiscriminator, batch: Batch, painted: Tensor) -> Tensor:
    """How far the judge takes the painted face for painted. Its own weights get no gradient: it must not learn to be
    fooled."""
    fixed = {name: value.detach() for name, value in judge.named_parameters()}
    return judged_as(functional_call(judge, fixed, (on_grey(painted, batch.mask),)), 1.0)


def judge_loss(judge: PatchDiscriminator, batch: Batch, painted: Tensor) -> Tensor:
    """What the discriminator learns from a batch of the source. painted: without gradient."""
    filmed, made = (judge(on_grey(faces, batch.mask)) for faces in (batch.target, painted.detach()))
    return torch.stack([judged_as(filmed, 1.0), judged_as(made, 0.0)]).mean()


__all__ = ["Objective", "change_loss", "judge_loss"]
