"""A training that is killed again and again, beside one that is left alone: what each kill costs, and what comes out.

The very process that torchrun would start is killed with -9 at a random moment of its training. What is lost is told by
the checkpoint that it leaves: the time of training since then is spent again.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from av_models.domain.bench import BenchRow, at_most, shown
from tasks.progress import Progress
from tasks.training_job import TrainingJob, open_training, write_job

__all__ = ["Kill", "kill_rows", "killed_often"]

_MOST_LOST_S = 30.0
_WAIT_S = (5.0, 15.0)


@dataclass(frozen=True, slots=True)
class Kill:
    """start_s: from the start of the process to its first step, in which faces are read and closed forms are fitted.

    reached_s, kept_s: seconds of training that the process told of, and those that its checkpoint holds.
    """

    start_s: float
    reached_s: float
    kept_s: float

    @property
    def lost_s(self) -> float:
        return max(0.0, self.reached_s - self.kept_s)


def kill_rows(job: TrainingJob, n_kills: int) -> Iterator[BenchRow]:
    """job: of counted steps, so that both trainings are of one length, and long enough not to end between the kills."""
    part = f"{n_kills} kills in a row"
    with tempfile.TemporaryDirectory(prefix="understudy-kills-") as folder:
        kills = killed_often(job, n_kills, Path(folder))
        lost, starts = [kill.lost_s for kill in kills], [kill.start_s for kill in kills]
        note = "each: " + ", ".join(f"{value:.1f}" for value in lost)
        yield at_most(part, "training lost by a kill, most", round(max(lost), 1), _MOST_LOST_S, "s", note)
        yield shown(part, "start again, most", round(max(starts), 1), "s", "until the first step")
        yield at_most(part, "lost and started again, most", round(_most_in_all(kills), 1), _MOST_LOST_S, "s")
        (Path(folder) / "whole").mkdir()
        killed, whole = (_finished(job, Path(folder) / name) for name in ("", "whole"))
    yield shown(part, "held-out source, killed", round(killed.curve[-1].source_db, 3), "dB", f"{killed.step} steps")
    yield shown(part, "held-out source, left alone", round(whole.curve[-1].source_db, 3), "dB", f"{whole.step} steps")
    yield at_most(part, "weights apart, most", _apart(killed, whole), 1e-6, "", "0: equal to the bit")


def killed_often(job: TrainingJob, n_kills: int, folder: Path) -> list[Kill]:
    """Starts, waits for a random time of steps, kills, and looks at what is left. folder: of the checkpoint."""
    write_job(job, folder)
    chance, kills = random.Random(job.options.seed), []
    with Progress("kill the training", n_kills, "kill") as progress:
        for number in range(n_kills):
            kills.append(_killed(folder, chance.uniform(*_WAIT_S)))
            progress.reach(number + 1, f"lost {kills[-1].lost_s:.1f} s")
    return kills


def _killed(folder: Path, wait_s: float) -> Kill:
    began_s = time.monotonic()
    command = [sys.executable, "-m", "tasks.training_job", str(folder)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    first_s = reached_s = 0.0
    assert running.stdout is not None
    try:
        for line in running.stdout:
            told = json.loads(line) if line.startswith("{") else {}
            if "share" in told:
                first_s, reached_s = first_s or time.monotonic(), told["train_s"]
            if first_s and time.monotonic() >= first_s + wait_s:
                break
    finally:
        if running.poll() is None:
            os.killpg(running.pid, 9)
        rest, _ = running.communicate()
    steps = [json.loads(line)["train_s"] for line in rest.splitlines() if line.startswith('{"share"')]
    return Kill((first_s or time.monotonic()) - began_s, max([reached_s, *steps]), _kept_s(folder))


def _kept_s(folder: Path) -> float:
    import torch

    from av_models.swap.checkpoint import NAME

    path = folder / NAME
    return float(torch.load(path, map_location="cpu", weights_only=True)["train_s"]) if path.is_file() else 0.0


def _most_in_all(kills: list[Kill]) -> float:
    """What was lost by a kill, and the start that followed it."""
    return max(before.lost_s + after.start_s for before, after in zip(kills, kills[1:] or kills, strict=False))


def _finished(job: TrainingJob, folder: Path) -> Any:
    """Trained to the end, from whatever the folder holds."""
    from av_models.runtime.device import best_device

    trainer = open_training(job, best_device())
    trainer.folder = folder
    return trainer.run()


def _apart(one: Any, other: Any) -> float:
    others = other.network.state_dict()
    return max(
        float((value.float() - others[name].float()).abs().max()) for name, value in one.network.state_dict().items()
    )
