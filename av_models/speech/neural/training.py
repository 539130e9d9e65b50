"""The loop that both networks are trained by: it can be killed, resumed to the bit, watched, and keeps to a budget.

The schedule follows the share of the budget that is spent (of time, or of steps), not a fixed step count: a slow
machine gets fewer steps but the same warm-up and the same cooling down. Knows nothing about Prefect or files of sound.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from av_models.domain.errors import ModelError
from av_models.runtime.checkpoint import load_state, save_state

__all__ = ["Evaluation", "Lesson", "TrainPlan", "TrainProgress", "TrainResult", "set_rate", "train"]

# A step that takes longer was suspended with the machine: that time taught nothing.
_LONGEST_STEP_S = 20.0
_WARM_UP_STEPS = 30


@dataclass(frozen=True, slots=True)
class TrainPlan:
    """budget_s: time of training.  max_steps: when given, the budget is counted in steps instead (repeatable runs).

    batch: segments or sentences per step.  ema: share of the average that each step keeps.
    """

    budget_s: float = 2400.0
    max_steps: int | None = None
    batch: int = 16
    learning_rate: float = 8e-4
    ema: float = 0.998
    evaluate_s: float = 120.0
    checkpoint_s: float = 60.0
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A point of the curve. values: held-out figures by name, their unit at the name's end."""

    train_s: float
    step: int
    values: dict[str, float]


@dataclass(frozen=True, slots=True)
class TrainProgress:
    """part: 'vocoder' or 'acoustic'. share: of the budget that is spent, 0..1. left_s: estimate."""

    part: str
    share: float
    step: int
    train_s: float
    left_s: float
    losses: dict[str, float]
    latest: Evaluation | None


@dataclass(slots=True)
class TrainResult:
    """network: with averaged weights, in evaluation mode. stopped_by: 'budget' or 'request'."""

    network: nn.Module
    step: int
    train_s: float
    stopped_by: str
    curve: list[Evaluation] = field(default_factory=list)


class Lesson(Protocol):
    """What is trained. part: its name.  network: what is kept and averaged.  others: networks that only help.

    signature: of data and shapes; state of another signature is not resumed.
    """

    part: str
    network: nn.Module
    others: dict[str, nn.Module]
    optimisers: dict[str, torch.optim.Optimizer]
    signature: str

    def step(self, generator: torch.Generator, rate: float, share: float) -> dict[str, float]:
        """One step at learning rate `rate` after `share` of the budget. Losses by name."""
        ...

    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """Figures of the averaged network on sentences that are never trained on."""
        ...


@dataclass(slots=True)
class _Run:
    """Everything that a checkpoint holds."""

    lesson: Lesson
    average: nn.Module
    generator: torch.Generator
    step: int = 0
    train_s: float = 0.0
    curve: list[Evaluation] = field(default_factory=list)

    def state(self, signature: str) -> dict[str, Any]:
        return {
            "signature": signature,
            "network": self.lesson.network.state_dict(),
            "average": self.average.state_dict(),
            "others": {name: module.state_dict() for name, module in self.lesson.others.items()},
            "optimisers": {name: one.state_dict() for name, one in self.lesson.optimisers.items()},
            "generator": self.generator.get_state(),
            "dropout": torch.get_rng_state(),
            "step": self.step,
            "train_s": self.train_s,
            "curve": [asdict(point) for point in self.curve],
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.lesson.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        for name, module in self.lesson.others.items():
            module.load_state_dict(state["others"][name])
        for name, optimiser in self.lesson.optimisers.items():
            optimiser.load_state_dict(state["optimisers"][name])
        self.generator.set_state(state["generator"])
        torch.set_rng_state(state["dropout"])
        self.step, self.train_s = state["step"], state["train_s"]
        self.curve = [Evaluation(**point) for point in state["curve"]]


def train(
    lesson: Lesson,
    plan: TrainPlan,
    folder: Path,
    on_progress: Callable[[TrainProgress], None] = lambda progress: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> TrainResult:
    """Train until the budget is spent or should_stop() says so. `folder` keeps the state; the same call resumes."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{lesson.part}.pt"
    signature = f"{lesson.signature} {plan.batch} {plan.learning_rate} {plan.ema} {plan.seed}"
    average = copy.deepcopy(lesson.network).eval().requires_grad_(False)
    run = _Run(lesson, average, torch.Generator().manual_seed(plan.seed))
    state = load_state(path, signature)
    if state:
        run.restore(state)
    try:
        stopped_by = _loop(run, plan, lambda: save_state(path, run.state(signature)), on_progress, should_stop)
    finally:  # also when interrupted: what was learnt is kept
        save_state(path, run.state(signature))
    _evaluate(run)
    return TrainResult(average, run.step, run.train_s, stopped_by, run.curve)


def _loop(
    run: _Run,
    plan: TrainPlan,
    save: Callable[[], None],
    on_progress: Callable[[TrainProgress], None],
    should_stop: Callable[[], bool],
) -> str:
    evaluate_at, save_at = run.train_s + plan.evaluate_s, run.train_s + plan.checkpoint_s
    while True:
        share = _share(run, plan)
        if share >= 1:
            return "budget"
        if should_stop():
            return "request"
        began = time.perf_counter()
        losses = _step(run, plan, share)
        if run.train_s >= evaluate_at:
            _evaluate(run)
            evaluate_at = run.train_s + plan.evaluate_s
        if run.train_s >= save_at:
            save()
            save_at = run.train_s + plan.checkpoint_s
        run.train_s += min(time.perf_counter() - began, _LONGEST_STEP_S)
        on_progress(_progress(run, plan, losses))


def _evaluate(run: _Run) -> None:
    # Plain numbers, because a state file is read without any class of numpy.
    values = {name: float(value) for name, value in run.lesson.evaluate(run.average).items()}
    run.curve.append(Evaluation(run.train_s, run.step, values))


def _share(run: _Run, plan: TrainPlan) -> float:
    spent = run.step / plan.max_steps if plan.max_steps else run.train_s / plan.budget_s
    return min(spent, 1.0)


def _step(run: _Run, plan: TrainPlan, share: float) -> dict[str, float]:
    losses = run.lesson.step(run.generator, plan.learning_rate * _schedule(share, run.step), share)
    wrong = [name for name, value in losses.items() if not math.isfinite(value)]
    if wrong:
        raise ModelError(
            f"Training of the {run.lesson.part} diverged: {wrong[0]} is not a number.",
            "Lower the learning rate and train again.",
        )
    run.step += 1
    keep = min(plan.ema, (1 + run.step) / (10 + run.step))
    with torch.no_grad():
        for mean, value in zip(run.average.parameters(), run.lesson.network.parameters(), strict=True):
            mean.lerp_(value, 1 - keep)
    return losses


def _schedule(share: float, step: int) -> float:
    """Factor of the learning rate: a warm-up, then a cosine down to 3 % over the budget."""
    return min(1.0, (step + 1) / _WARM_UP_STEPS) * (0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * share)))


def _progress(run: _Run, plan: TrainPlan, losses: dict[str, float]) -> TrainProgress:
    share = _share(run, plan)
    left_s = run.train_s * (1 - share) / max(share, 1e-6)
    latest = run.curve[-1] if run.curve else None
    return TrainProgress(run.lesson.part, share, run.step, run.train_s, left_s, losses, latest)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """A group with a 'factor' learns so many times faster than the rest."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group.get("factor", 1.0)
