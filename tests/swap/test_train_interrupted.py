"""A training that is killed, and several processes that train together."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from av_models.swap.checkpoint import NAME
from av_models.swap.plan import TrainProgress
from tests.swap.runs_made import small_trainer, start, steps_of

ROOT = Path(__file__).parents[2]


class PowerCut(BaseException):
    """Nothing may be saved on the way out."""


N_STEPS = 24
ALL_OPTIONS = {"temporal": 0.5, "light": 0.5, "adversarial": 0.05, "adversarial_from": 0.3}


def cut_off(folder: Path) -> None:
    """A run that ends after its first step and leaves a checkpoint of it."""

    def report(state: TrainProgress) -> None:
        raise PowerCut

    with pytest.raises(PowerCut):
        small_trainer(folder, max_steps=2, checkpoint_s=0.0).run(report)


def equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor], within: float = 0.0) -> bool:
    return all(float((value.float() - other[name].float()).abs().max()) <= within for name, value in one.items())


def test_kill_9_at_random_steps_changes_nothing(tmp_path: Path) -> None:
    """Every option on: weights, averages, both optimisers, what is drawn, all of it has to come back."""
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
    settings = [f"{name}={value}" for name, value in ALL_OPTIONS.items()]
    reached, chance = 0, random.Random()
    for _ in range(2):
        running = start(tmp_path / "killed", N_STEPS, "checkpoint_s=0.0", *settings)
        told = steps_of(running, reached + chance.randint(2, 8))
        running.kill()
        told += steps_of(running)  # what it did before the kill reached it
        running.wait()
        # One step may be lost, and one may have been kept but not told.
        assert reached <= told[0] <= reached + 2
        reached = told[-1]
    assert steps_of(start(tmp_path / "killed", N_STEPS, *settings))[-1] == N_STEPS
    # In a process like those that were killed: another number of threads adds in another order.
    assert steps_of(start(tmp_path / "whole", N_STEPS, *settings))[-1] == N_STEPS
    whole, killed = (torch.load(tmp_path / name / "final.pt") for name in ("whole", "killed"))
    assert equal(whole, killed)


def test_two_processes_train_what_one_trains_in_two_parts(tmp_path: Path) -> None:
    """Each takes half of the faces; their mean gradient is that of all, so both hold the weights that one would."""
    for name in ("together", "alone"):
        (tmp_path / name).mkdir()
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command = [*torchrun, "-m", "tests.swap.runs_made", str(tmp_path / "together"), "8", "batch=4"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    first, second = (torch.load(tmp_path / "together" / f"final-{rank}.pt") for rank in range(2))
    assert equal(first, second)
    alone = small_trainer(tmp_path / "alone", max_steps=8, batch=8, accumulate=2).run().network.state_dict()
    at_first = small_trainer(tmp_path / "alone", max_steps=1, batch=8).run().network.state_dict()
    assert equal(first, alone, within=2e-4)
    assert not equal(first, at_first, within=5e-4)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda data: data[: len(data) // 2], "is damaged"),
        (lambda data: b"not a checkpoint", "is damaged"),
        (lambda data: b"", "is damaged"),
    ],
)
def test_a_damaged_checkpoint_begins_anew_and_says_so(tmp_path: Path, damage, said) -> None:
    cut_off(tmp_path)
    path = tmp_path / NAME
    path.write_bytes(damage(path.read_bytes()))
    result = small_trainer(tmp_path, max_steps=2).run()
    assert result.step == 2 and said in result.notes[0] and "begins anew" in result.notes[0]


def test_a_checkpoint_without_its_keys_is_damaged(tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / NAME)
    assert "is damaged" in small_trainer(tmp_path, max_steps=1).run().notes[0]


def test_a_checkpoint_of_another_version_or_preset_begins_anew_and_says_so(tmp_path: Path) -> None:
    torch.save({"format": 1}, tmp_path / NAME)
    assert "has format 1" in small_trainer(tmp_path, max_steps=1).run().notes[0]
    cut_off(tmp_path)
    assert "another preset" in small_trainer(tmp_path, max_steps=2, batch=6).run().notes[0]
