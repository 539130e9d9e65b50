"""Training for the suite `faces`: the product's own, looked at on the way without taking any of its time."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from av_models.domain.face import FaceSet, SwapModel, TrainingOptions
from tasks.bench_faces_clips import Exam
from tasks.bench_faces_rate import MatrixRate, matrix_rate, step_flops
from tasks.faces import gather_faces, track_faces
from tasks.model_card import stored_model
from tasks.progress import Progress
from tasks.training_job import TrainingJob, open_training

if TYPE_CHECKING:
    from av_models.swap.plan import Evaluation
    from av_models.swap.train import Trainer, TrainProgress, TrainResult

__all__ = ["HeldOut", "Lesson", "gathered", "lesson"]

BACKEND, SEARCH_EVERY = "dlib", 5
"""As a production has them that says nothing else."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Faces that training never saw, through their own decoder: inside the face."""

    psnr_db: float
    ssim: float


@dataclass(frozen=True, slots=True)
class Lesson:
    """One training. model: at its end.  on_the_way: at the moments that were asked for, in order.  cores: processor
    time over time, low where other work takes its share.  held_out: of the source and of the actor.  curve: of
    held-out faces, as training itself looks at them.  rate: of the machine, right afterwards, and of_rate, the share of
    it that training reached in its median step; None and 0 where nobody asked."""

    model: SwapModel
    on_the_way: tuple[SwapModel, ...]
    s_per_step: float
    faces_per_s: float
    cores: float
    held_out: tuple[HeldOut, HeldOut]
    curve: tuple[Evaluation, ...]
    rate: MatrixRate | None
    of_rate: float


def gathered(exam: Exam, options: TrainingOptions) -> TrainingJob:
    """Both people followed and cut out, as `flow run produce` does it; what was done before is kept."""
    from av_models.swap.presets import face_size

    sets: list[FaceSet] = [
        gather_faces(track_faces(footage, BACKEND, SEARCH_EVERY), face_size(options), consent_id)
        for footage, consent_id in zip((exam.source, exam.actor), exam.consent_ids, strict=True)
    ]
    return TrainingJob(sets[0], sets[1], options)


def lesson(job: TrainingJob, look_at_s: Sequence[float] = (), how_fast: bool = True) -> Lesson:
    """Train from nothing. look_at_s: seconds of training at which the averaged weights are kept as a model.  how_fast:
    measure the machine's rate afterwards, too."""
    from av_models.runtime.device import best_device

    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as folder, Progress("train", 1000, "‰") as progress:
        trainer = open_training(job, best_device())
        trainer.folder = Path(folder)  # a bench never goes on where an earlier training ended
        watched = _Watched(trainer, job, list(look_at_s), progress)
        result = trainer.run(watched)
        model = stored_model(trainer, result, job)
    held_out = _held_out(trainer, result, "source"), _held_out(trainer, result, "actor")
    s_per_step = result.train_s / max(result.step, 1)
    faces_per_s = 2 * trainer.plan.batch / s_per_step
    rate = matrix_rate(trainer.device) if how_fast else None
    of_rate = step_flops(trainer) / watched.usual_step_s / rate.flops if rate else 0.0
    curve = tuple(result.curve)
    return Lesson(model, tuple(watched.found), s_per_step, faces_per_s, watched.cores, held_out, curve, rate, of_rate)


class _Watched:
    """Looks on between steps, where training's clock stands still; keeps models, and counts the processor's time."""

    def __init__(self, trainer: Trainer, job: TrainingJob, waiting: list[float], progress: Progress) -> None:
        self.trainer, self.job, self.waiting, self.progress = trainer, job, waiting, progress
        self.found: list[SwapModel] = []
        self.train_s, self.busy_s, self.left_s = 0.0, 0.0, time.process_time()
        self.steps_s: list[float] = []
        self.began_s: float | None = None

    def __call__(self, state: TrainProgress) -> None:
        if self.began_s is None:  # what lies before the first step is no step
            self.began_s = state.train_s
        else:
            self.busy_s += time.process_time() - self.left_s
        before_s, self.train_s = self.train_s, state.train_s - self.began_s
        self.steps_s.append(self.train_s - before_s or state.train_s)
        self.progress.reach(round(1000 * state.share), f"step {state.step}")
        if self.waiting and state.train_s >= self.waiting[0]:
            del self.waiting[0]
            self.found.append(stored_model(self.trainer, _now(self.trainer, state), self.job))
        self.left_s = time.process_time()

    @property
    def usual_step_s(self) -> float:
        """Median: neither the first step, which may compile, nor one with a look at held-out faces counts much."""
        return float(np.median(self.steps_s))

    @property
    def cores(self) -> float:
        """Processor time over time; 0 when there was one step only."""
        return self.busy_s / self.train_s if self.train_s else 0.0


def _now(trainer: Trainer, state: TrainProgress) -> TrainResult:
    """What training would have delivered at this step."""
    from av_models.swap.plan import PEOPLE, Evaluation
    from av_models.swap.train import TrainResult
    from av_models.swap.validation import held_out_db

    network = trainer.snapshot()
    quality = [held_out_db(network, trainer.held[name], name, trainer.cover, trainer.device) for name in PEOPLE]
    point = Evaluation(state.train_s, state.step, *quality)
    return TrainResult(network, state.step, state.train_s, "request", [point])


def _held_out(trainer: Trainer, result: TrainResult, person: str) -> HeldOut:
    """Both figures over the frames that were held back."""
    import torch

    from av_models.forensics.swap_score_pixels import PixelTally
    from av_models.swap.augment import hide_mouth
    from av_models.swap.batches import as_floats

    tally, bank = PixelTally(), trainer.held[person]
    with torch.no_grad():
        for index in torch.arange(len(bank)).split(16):
            part = bank.part(index)
            faces, masks = as_floats(part, trainer.device)
            shown = hide_mouth(faces, trainer.cover)
            painted = result.network(shown, part.mouths.to(trainer.device), person)[0]
            painted = torch.nn.functional.interpolate(painted.float(), size=faces.shape[-2:], mode="area").clamp(0, 1)
            for mine, right, mask in zip(painted, faces, masks, strict=True):
                a, b = (np.ascontiguousarray(one.cpu().numpy().transpose(1, 2, 0)) for one in (mine, right))
                tally.add(a, b, mask[0].cpu().numpy() > 0.5)
    return HeldOut(tally.psnr_db, tally.mean_ssim)
