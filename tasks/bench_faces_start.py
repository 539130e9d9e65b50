"""What the head start saves: the same training twice, with it and from nothing, in turns on one machine.

With it, a network begins from what a shipped reader and closed forms say about the person's own frames. Without it
everything is random: no reader, no basis, no shape. Both train for a while in turn, so that whatever else the machine
does weighs on both; held-out faces are looked at between turns, while no clock runs.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from av_models.domain.face import SwapModel
from tasks.model_card import stored_model
from tasks.progress import Progress
from tasks.training_job import TrainingJob, open_training

if TYPE_CHECKING:
    from av_models.swap.train import Trainer, TrainResult

__all__ = ["Start", "both_starts", "reached_after"]

_TURNS = 10
_NEVER = 10**9


@dataclass(slots=True)
class Start:
    """One of the two. curve: (minutes, held-out dB of the source), the closed forms' time included, from before the
    first step on.  models: the same moments that were asked for, with their minutes.  n_steps: in all."""

    name: str
    curve: list[tuple[float, float]] = field(default_factory=list)
    models: list[tuple[float, SwapModel]] = field(default_factory=list)
    n_steps: int = 0


def both_starts(job: TrainingJob, kept_at: Sequence[float]) -> tuple[Start, Start]:
    """With the head start, and without. kept_at: shares of the training, 0 for before its first step, at which a model
    is kept."""
    from av_models.runtime.device import best_device

    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as folder:
        usual = open_training(job, best_device())
        runs = [_Run(job, usual, Path(folder), known) for known in (True, False)]
        with Progress("train with and without a head start", _TURNS + 1, "turn") as progress:
            for turn in range(_TURNS + 1):
                keeps = any(abs(share - turn / _TURNS) < 0.5 / _TURNS for share in kept_at)
                for run in runs:
                    run.take_turn(turn / _TURNS, keeps)
                progress.reach(turn + 1)
    return runs[0].start, runs[1].start


def reached_after(curve: Sequence[tuple[float, float]], value: float) -> float | None:
    """Minutes at which a curve first has a value, on straight lines between its points; None where it never has."""
    before = curve[0]
    for after in curve:
        if after[1] >= value:
            rise = after[1] - before[1]
            return before[0] + (after[0] - before[0]) * ((value - before[1]) / rise if rise > 0 else 1.0)
        before = after
    return None


class _Run:
    def __init__(self, job: TrainingJob, usual: Trainer, folder: Path, known: bool) -> None:
        began_s = time.perf_counter()
        self.job, self.trainer = job, _opened(usual, folder / ("known" if known else "nothing"), known)
        self.trainer.keeps_checkpoint = True  # each turn goes on from the one before, also where steps are counted
        self.fitted_s = time.perf_counter() - began_s
        self.start = Start("with the head start" if known else "from nothing")

    def take_turn(self, until: float, keeps: bool) -> None:
        """Train until that share of the whole, and look."""
        result = self.trainer.run(should_stop=lambda: self._share() >= until)
        minutes = (self.fitted_s + result.train_s) / 60
        self.start.n_steps = result.step
        self.start.curve.append((minutes, result.curve[-1].source_db))
        if keeps:
            self.start.models.append((minutes, self._model(result)))

    def _share(self) -> float:
        state = self.trainer.state
        return self.trainer.plan.share(state.step, state.train_s) if state else 0.0

    def _model(self, result: TrainResult) -> SwapModel:
        return stored_model(self.trainer, result, self.job)


def _opened(usual: Trainer, folder: Path, known: bool) -> Trainer:
    """The product's own training of a job, looked at between turns alone, and never ended before its time."""
    from av_models.swap.likeness import fit_likeness
    from av_models.swap.train import Trainer
    from av_models.swap.unknown import unknown_person

    plan = replace(
        usual.plan,
        evaluate_s=_NEVER,
        evaluate_steps=_NEVER,
        checkpoint_s=_NEVER,
        preview_s=_NEVER,
        patience=_NEVER,
        least_steps=0,
    )
    folder.mkdir()
    return Trainer(
        usual.full["source"],
        usual.full["actor"],
        usual.config if known else replace(usual.config, readings=0),
        plan,
        folder,
        usual.device,
        perceptual=usual.stepper.perceptual,
        likeness=fit_likeness if known else unknown_person,
    )
