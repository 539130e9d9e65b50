"""What a training is asked for, and what it tells about itself."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..domain.errors import InputError

if TYPE_CHECKING:
    from .network import SwapNetwork

PEOPLE = ("source", "actor")
_WARM_UP_STEPS = 20
_LAST_RATE = 0.04


@dataclass(frozen=True, slots=True)
class TrainPlan:
    """budget_s: time of training.  max_steps: when given, the budget is counted in steps instead (repeatable runs).

    least_steps: a time budget is extended, to at most twice its length, until so many are done: a busy machine must
    not deliver mush.
    batch: faces per person and step, of each process where several train together.  accumulate: the batch is taken in
    so many parts whose gradients are averaged.
    eyes, mouth: extra weight of these regions.  light: share of faces that the encoder sees in the other person's
    light.
    temporal, perceptual, adversarial: weights of further losses, 0 for none.  temporal_share: of the batch that comes
    as pairs of neighbouring frames.  adversarial_from: share of the budget at which the discriminator starts.
    checkpoint_s: at most, between two checkpoints.
    evaluate_s, evaluate_steps: between two looks at held-out faces, the latter where steps are counted.
    patience, patience_steps: evaluations without `min_gain_db` on held-out faces before it stops, and the steps that
    they must span: evaluations come by the clock, and on a busy machine few steps lie between them.
    compiled: let torch compile the network; None decides by the device.
    """

    budget_s: float = 210.0
    max_steps: int | None = None
    least_steps: int = 0
    batch: int = 8
    accumulate: int = 1
    learning_rate: float = 1.2e-3
    eyes: float = 3.0
    mouth: float = 3.0
    mouth_noise: float = 0.05
    light: float = 0.0
    temporal: float = 0.0
    temporal_share: float = 0.5
    perceptual: float = 0.0
    adversarial: float = 0.0
    adversarial_from: float = 0.6
    ema: float = 0.985
    evaluate_s: float = 20.0
    evaluate_steps: int = 50
    checkpoint_s: float = 20.0
    preview_s: float = 60.0
    patience: int = 5
    patience_steps: int = 150
    min_gain_db: float = 0.03
    seed: int = 7
    compiled: bool | None = None

    def __post_init__(self) -> None:
        if self.batch % self.accumulate:
            raise InputError(
                f"A batch of {self.batch} cannot be taken in {self.accumulate} equal parts.",
                "Choose accumulate so that it divides the batch.",
            )
        if self.temporal and self.batch // self.accumulate < 2:
            raise InputError(
                "Neighbouring frames need two faces at once.", "Raise training.batch to 2, or set temporal to 0."
            )

    @property
    def recipe(self) -> TrainPlan:
        """What decides about the weights: time, pictures and checkpoints apart, and how a batch is divided."""
        apart = {"budget_s": 0.0, "evaluate_s": 0.0, "checkpoint_s": 0.0, "preview_s": 0.0, "compiled": None}
        return replace(self, **apart, accumulate=1)  # type: ignore[arg-type]

    def share(self, step: int, train_s: float) -> float:
        """How much of the budget is spent, 0..1."""
        if self.max_steps:
            return min(step / self.max_steps, 1.0)
        in_time = train_s / self.budget_s
        if self.least_steps:
            in_time = max(in_time / 2, min(in_time, step / self.least_steps))
        return min(in_time, 1.0)

    def is_extended(self, train_s: float) -> bool:
        """Did the time budget have to be extended for the least number of steps?"""
        return not self.max_steps and self.least_steps > 0 and train_s > 1.02 * self.budget_s

    def rate(self, share: float, step: int) -> float:
        """Learning rate: a few steps of warm-up, then a cosine down to 4 % over the budget."""
        cooling = _LAST_RATE + (1 - _LAST_RATE) * 0.5 * (1 + math.cos(math.pi * share))
        return self.learning_rate * min(1.0, (step + 1) / _WARM_UP_STEPS) * cooling


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A point of the curve: training seconds, steps, held-out PSNR in dB of each person through its own decoder."""

    train_s: float
    step: int
    source_db: float
    actor_db: float


@dataclass(frozen=True, slots=True)
class TrainProgress:
    """share: of the budget that is spent, 0..1.  left_s: estimate.  losses: by name, their sum is `loss`."""

    share: float
    step: int
    train_s: float
    left_s: float
    loss: float
    latest: Evaluation | None
    losses: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class TrainResult:
    """network: with averaged weights, in evaluation mode.  stopped_by: 'budget', 'no more gain' or 'request'.

    notes: sentences for the user about what did not go as planned.
    """

    network: SwapNetwork
    step: int
    train_s: float
    stopped_by: str
    curve: list[Evaluation] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


__all__ = ["PEOPLE", "Evaluation", "TrainPlan", "TrainProgress", "TrainResult"]
