"""Training of the swap model as a stage: material from the store, a folder that survives interruption, a model to the
store."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from av_models.domain.face import FaceSet, SwapModel, TrainingOptions
from tasks.artifacts import inline_picture, show_markdown
from tasks.caching import stage
from tasks.model_card import stored_model
from tasks.progress import Progress
from tasks.training_job import TrainingJob, n_accelerators, open_training, train_together
from tasks.training_material import MAX_FACES, MIN_FACES, load_bank

if TYPE_CHECKING:
    from av_models.swap.train import TrainProgress

__all__ = ["MAX_FACES", "MIN_FACES", "load_bank", "train_swapper"]


@stage("24")
def train_swapper(source: FaceSet, actor: FaceSet, options: TrainingOptions) -> SwapModel:
    """Train on both people's faces, or go on where an interrupted run stopped. Returns the model with its card.

    On a machine with several accelerators, one process on each of them trains first, and this one finishes.
    """
    from av_models.io.disk import disk_errors
    from av_models.runtime.device import best_device

    job = TrainingJob(source, actor, options)
    n_processes = n_accelerators()
    with disk_errors(job.folder / "training.pt"), Progress("train_swapper", 1000, "‰ of the budget") as progress:
        if n_processes > 1:
            train_together(job, n_processes, partial(_report, progress), _preview)
        trainer = open_training(job, best_device())
        result = trainer.run(partial(_report, progress), _preview)
    return stored_model(trainer, result, job)


def _report(progress: Progress, state: TrainProgress) -> None:
    quality = f", held-out {state.latest.source_db:.1f} dB" if state.latest else ""
    progress.reach(round(1000 * state.share), f"step {state.step}{quality}")


def _preview(sheet: np.ndarray) -> None:
    rows = "Held-out faces, from the top: source, repainted; actor, repainted, with the source's face"
    show_markdown("model-preview", inline_picture(sheet, rows), rows)
