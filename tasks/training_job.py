"""A training as it stands on disk: opened by one process, or by several that torchrun starts, with one result.

    torchrun --nproc-per-node 2 -m tasks.training_job FOLDER

FOLDER holds job.json and, while training goes on, training.pt; it need not be the job's own. The processes leave the
finished checkpoint behind; whoever opens the job next has nothing left to train and makes the model of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from av_models.domain.errors import ResourceError, UnderstudyError
from av_models.domain.face import FaceSet, TrainingOptions
from tasks.training_material import load_bank, perceptual_loss, perceptual_weights
from tasks.workspace import store

if TYPE_CHECKING:
    import numpy as np
    import torch
    from pydantic import TypeAdapter

    from av_models.swap.peers import Peers
    from av_models.swap.train import Trainer, TrainProgress

__all__ = ["TrainingJob", "n_accelerators", "open_training", "train_together", "write_job"]

_JOB, _SHEET = "job.json", "preview.jpg"
_STOP_S = 20.0


@dataclass(frozen=True, slots=True)
class TrainingJob:
    source: FaceSet
    actor: FaceSet
    options: TrainingOptions

    @property
    def folder(self) -> Path:
        """One for all runs of the same training. A longer time goes on where a shorter one ended; counted steps are
        repeatable, and another count is another training."""
        shards = [ref.digest for ref in (*self.source.shards, *self.actor.shards)]
        options = replace(self.options, budget_s=0.0)
        return store().workdir("train-" + hashlib.sha256(repr((shards, options)).encode()).hexdigest()[:24])


def open_training(job: TrainingJob, device: torch.device, peers: Peers | None = None) -> Trainer:
    """Raises MediaError for too few faces, ModelError for weights of a loss that was asked for and is not there."""
    from av_models.swap.presets import network_of, plan_of
    from av_models.swap.train import Trainer

    plan = plan_of(job.options, perceptual_weights().is_file())
    perceptual = perceptual_loss() if plan.perceptual else None
    source, actor = (load_bank(faces, in_pairs=plan.temporal > 0) for faces in (job.source, job.actor))
    config = network_of(job.options, max(len(bank.split()[0]) for bank in (source, actor)))
    return Trainer(source, actor, config, plan, job.folder, device, perceptual=perceptual, peers=peers)


def n_accelerators() -> int:
    """How many processes training is worth: one for each CUDA device, one where there is none."""
    import torch

    return max(1, torch.cuda.device_count())


def train_together(
    job: TrainingJob,
    n_processes: int,
    on_progress: Callable[[TrainProgress], None],
    on_preview: Callable[[np.ndarray], None],
) -> None:
    """Train with `n_processes` at once until the budget is spent; the result is the checkpoint in the job's folder.

    Raises ResourceError when a process fails for a reason of its own.
    """
    write_job(job, job.folder)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={n_processes}"]
    command = [*torchrun, "-m", "tasks.training_job", str(job.folder)]
    workers = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        answer = _followed(workers, job.folder, on_progress, on_preview)
        code = workers.wait()
    finally:
        _end(workers)
    if answer or code:
        problem = answer.get("error", f"they ended with code {code}")
        raise ResourceError(
            f"The {n_processes} processes that train together failed: {problem}.", answer.get("remedy", "Run again.")
        )


def write_job(job: TrainingJob, folder: Path) -> None:
    """For processes that are started on this folder."""
    (folder / _JOB).write_bytes(_as_json().dump_json(job))


def _followed(
    workers: subprocess.Popen[str],
    folder: Path,
    on_progress: Callable[[TrainProgress], None],
    on_preview: Callable[[np.ndarray], None],
) -> dict[str, Any]:
    """What the workers tell is passed on until they end; the error that they tell of, {} if all is well."""
    from av_models.io.preview import decode_image
    from av_models.swap.train import Evaluation, TrainProgress

    answer: dict[str, Any] = {}
    assert workers.stdout is not None
    for line in workers.stdout:
        told = _parsed(line)
        if "share" in told:
            latest = told.pop("latest")
            on_progress(TrainProgress(**told, latest=Evaluation(**latest) if latest else None))
        elif "sheet" in told:
            on_preview(decode_image((folder / _SHEET).read_bytes()))
        answer = told if "error" in told else answer
    return answer


def _as_json() -> TypeAdapter[TrainingJob]:
    from pydantic import TypeAdapter

    return TypeAdapter(TrainingJob)


def _parsed(line: str) -> dict[str, Any]:
    """A line of a worker, {} for anything else that a library printed."""
    try:
        told = json.loads(line)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _end(workers: subprocess.Popen[str]) -> None:
    """They have a session of their own: Ctrl-C reaches them through us, and none is left behind."""
    if workers.poll() is None:
        workers.terminate()
        try:
            workers.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(workers.pid, 9)
            workers.wait()


def _work(folder: Path) -> None:
    """What each process does."""
    from av_models.swap.peers import joined_peers

    job = _as_json().validate_json((folder / _JOB).read_bytes())
    with joined_peers() as (peers, device):
        try:
            trainer = open_training(job, device, peers)
            trainer.folder, trainer.keeps_checkpoint = folder, True
            trainer.run(_say_progress if peers.leads else _nothing, lambda sheet: _say_sheet(folder, sheet))
        except UnderstudyError as error:
            _say({"error": error.message.rstrip("."), "remedy": error.remedy})
            raise SystemExit(error.exit_code) from None


def _say_progress(state: TrainProgress) -> None:
    _say(asdict(state))


def _say_sheet(folder: Path, sheet: np.ndarray) -> None:
    from av_models.io.disk import new_file
    from av_models.io.preview import encode_jpeg

    with new_file(folder / _SHEET) as part:
        part.write_bytes(encode_jpeg(sheet))
    _say({"sheet": _SHEET})


def _nothing(state: TrainProgress) -> None:
    pass


def _say(told: dict[str, Any]) -> None:
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    _work(Path(sys.argv[1]))
