"""A training that is killed again and again, beside the same one left alone: what a kill costs, and what comes of it.

Both are the product's own trainings with counted steps, each life a process of its own, so that both may end with the
same weights to the bit. Nothing is tidied up before a kill: it is the signal that cannot be caught.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from av_models.domain.errors import ResourceError
from tasks.progress import Progress
from tasks.training_job import TrainingJob, open_training, write_job

if TYPE_CHECKING:
    from av_models.swap.train import TrainResult

__all__ = ["Killed", "Lives", "killed_again"]

_SEED = 3
_LIFE = 2, 20
"""Steps that a process may do before it is killed."""


@dataclass(frozen=True, slots=True)
class Killed:
    """lost_s: of training, by each kill.  steps: in the end.  held_db: held-out faces of the source of the training
    that was killed, and of the one left alone.  same: all weights of the two are equal to the bit."""

    lost_s: tuple[float, ...]
    steps: int
    held_db: tuple[float, float]
    same: bool


class Lives:
    """What the processes of one training told, life after life."""

    def __init__(self) -> None:
        self.lost_s: list[float] = []
        self.reached = 0
        self._train_s = {0: 0.0}
        self._killed = False

    def tell(self, step: int, train_s: float) -> None:
        """A step is done. The first one of a life tells from where it went on."""
        if self._killed:
            self.lost_s.append(max(0.0, self._train_s[self.reached] - self._train_s.get(step - 1, 0.0)))
            self._killed = False
        self.reached = step
        self._train_s[step] = train_s

    def end(self) -> None:
        self._killed = True


def killed_again(job: TrainingJob, n_kills: int) -> Killed:
    """job: its steps are counted. Fewer kills than `n_kills` where it is finished before."""
    lives, chance = Lives(), random.Random(_SEED)
    with (
        tempfile.TemporaryDirectory(prefix="understudy-bench-") as name,
        Progress("kill and resume", n_kills + 2, "life") as progress,
    ):
        killed, whole = (Path(name) / part for part in ("killed", "whole"))
        for folder in (killed, whole):
            folder.mkdir()
            write_job(job, folder)
        for number in range(n_kills):
            until = lives.reached + chance.randint(*_LIFE)
            if not _live(killed, lives.tell, until):
                break
            lives.end()
            progress.reach(number + 1)
        _live(killed, lives.tell)
        progress.reach(n_kills + 1)
        _live(whole, lambda step, train_s: None)
        progress.reach(n_kills + 2)
        results = [_result(job, folder) for folder in (killed, whole)]
    states = [result.network.state_dict() for result in results]
    same = all(bool((value == states[1][key]).all()) for key, value in states[0].items())
    held_db = results[0].curve[-1].source_db, results[1].curve[-1].source_db
    return Killed(tuple(lives.lost_s), results[0].step, held_db, same)


def _live(folder: Path, tell: Callable[[int, float], None], until: int | None = None) -> bool:
    """Train in a process of its own, killed as soon as it has done `until` steps. False if it ended before that.

    Raises ResourceError for one that failed of itself: nothing that comes after would be a measurement.
    """
    command = [sys.executable, "-m", "tasks.training_job", str(folder)]
    was_killed = False
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        assert running.stdout is not None
        try:
            for told in filter(None, map(_told, running.stdout)):
                tell(*told)
                if until is not None and told[0] >= until and not was_killed:
                    running.kill()
                    was_killed = True
        except BaseException:
            running.kill()  # it would train on for nobody
            raise
    if not was_killed and running.returncode:
        raise ResourceError(
            f"A training that nobody killed ended with code {running.returncode}.",
            f"See what it says: {' '.join(command[:-1])} FOLDER, or train as usual: flow run train-face.",
        )
    return was_killed


def _told(line: str) -> tuple[int, float] | None:
    """Step and seconds of training; None for whatever else is printed."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return (int(found["step"]), float(found["train_s"])) if isinstance(found, dict) and "step" in found else None


def _result(job: TrainingJob, folder: Path) -> TrainResult:
    """Of a finished training, from its last checkpoint."""
    from av_models.runtime.device import best_device

    trainer = open_training(job, best_device())
    trainer.folder = folder
    return trainer.run()
