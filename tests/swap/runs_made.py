"""A small training as a program of its own, to be killed or started by torchrun; the weights end in FOLDER/final.pt.

python -m tests.swap.runs_made FOLDER STEPS [NAME=NUMBER ...]
python -m tests.swap.runs_made --kill 20 FOLDER STEPS         killed so often; tells what each kill has cost
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch

from av_models.swap.network import NetworkConfig
from av_models.swap.peers import Peers, joined_peers
from av_models.swap.plan import TrainPlan
from av_models.swap.train import Trainer
from tests.swap.faces_made import drawn_bank

SMALL = NetworkConfig(
    size_px=32, detail=2, widths=(8, 12, 16, 16), code=24, grid=16, decoder_widths=(16, 12, 8), n_components=6
)
CPU = torch.device("cpu")


def small_plan(**changes: Any) -> TrainPlan:
    never = {"evaluate_steps": 10**9, "checkpoint_s": 1e9, "preview_s": 1e9, "patience": 10**6}
    return TrainPlan(**{"max_steps": 40, "batch": 4, "learning_rate": 2e-3, **never, **changes})


def small_trainer(folder: Path, peers: Peers | None = None, **changes: Any) -> Trainer:
    return Trainer(drawn_bank("source"), drawn_bank("actor"), SMALL, small_plan(**changes), folder, CPU, peers=peers)


def run(folder: Path, n_steps: int, **changes: Any) -> None:
    with joined_peers() as (peers, device):
        torch.set_num_threads(1)
        trainer = small_trainer(folder, peers, max_steps=n_steps, **changes)
        assert device == CPU
        result = trainer.run(lambda state: print(state.step, flush=True) if peers.leads else None)
        torch.save(result.network.state_dict(), folder / f"final{f'-{peers.rank}' if peers.n > 1 else ''}.pt")


def start(folder: Path, n_steps: int, *settings: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.swap.runs_made", str(folder), str(n_steps), *settings]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2], env=environment)


def steps_of(running: subprocess.Popen[str], until: int = 10**9) -> list[int]:
    """What it reports, up to a step; empty when it had nothing to do."""
    assert running.stdout is not None
    steps: list[int] = []
    for line in running.stdout:
        steps.append(int(line))
        if steps[-1] >= until:
            break
    return steps


def kill_often(folder: Path, n_kills: int, n_steps: int) -> None:
    """Killed at a random moment, again and again. Says for each kill how many steps and seconds were lost."""
    chance, reached = random.Random(1), 0
    for number in range(1, n_kills + 1):
        running = start(folder, n_steps, "checkpoint_s=0.5")
        began_s = time.monotonic()
        told = steps_of(running, reached + chance.randint(20, 120))
        running.kill()
        told += steps_of(running)
        running.wait()
        first = told[0] if told else reached + 1
        print(f"kill {number}: went on at step {first} of {reached}, lost {reached + 1 - first} steps", flush=True)
        reached = told[-1] if told else reached
        print(f"        ran {time.monotonic() - began_s:.1f} s to step {reached}", flush=True)
    steps_of(start(folder, n_steps, "checkpoint_s=0.5"))


if __name__ == "__main__":
    if sys.argv[1] == "--kill":
        kill_often(Path(sys.argv[3]), int(sys.argv[2]), int(sys.argv[4]))
    else:
        pairs = (one.split("=") for one in sys.argv[3:])
        changes = {name: float(value) if "." in value else int(value) for name, value in pairs}
        run(Path(sys.argv[1]), int(sys.argv[2]), **changes)
