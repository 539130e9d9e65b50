"""Training of the swap network: a loop that can be killed, resumed, watched and that knows when to stop.

The schedule follows the share of the budget that is spent (of time, or of steps), not a fixed step count: a slow
machine gets fewer steps but the same warm-up and the same cooling down. Knows nothing about Prefect, the store or
video.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..domain.errors import ModelError
from ..runtime.device import autocast
from .augment import disguise, hide_mouth, mouth_cover
from .basis import fit_basis, project
from .checkpoint import drop_checkpoint, load_checkpoint, save_checkpoint
from .faces import FaceBank, feature_weight
from .losses import face_loss, mask_loss, psnr_db
from .network import NetworkConfig, SwapNetwork
from .preview import preview_sheet

PEOPLE = ("source", "actor")


@dataclass(frozen=True, slots=True)
class TrainPlan:
    """budget_s: time of training.  max_steps: when given, the budget is counted in steps instead (repeatable runs).

    batch: faces per person and step.  eyes, mouth: extra weight of these regions.  patience, patience_steps:
    evaluations without `min_gain_db` on held-out faces before it stops, and the steps that they must span: evaluations
    come by the clock, and on a busy machine few steps lie between them.
    """

    budget_s: float = 210.0
    max_steps: int | None = None
    batch: int = 8
    learning_rate: float = 1.2e-3
    eyes: float = 3.0
    mouth: float = 3.0
    mouth_noise: float = 0.05
    ema: float = 0.985
    evaluate_s: float = 20.0
    preview_s: float = 60.0
    patience: int = 5
    patience_steps: int = 150
    min_gain_db: float = 0.03
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A point of the curve: training seconds, steps, held-out PSNR in dB of each person through its own decoder."""

    train_s: float
    step: int
    source_db: float
    actor_db: float


@dataclass(frozen=True, slots=True)
class TrainProgress:
    """share: of the budget that is spent, 0..1. left_s: estimate."""

    share: float
    step: int
    train_s: float
    left_s: float
    loss: float
    latest: Evaluation | None


@dataclass(slots=True)
class TrainResult:
    """network: with averaged weights, in evaluation mode. stopped_by: 'budget', 'no more gain' or 'request'."""

    network: SwapNetwork
    step: int
    train_s: float
    stopped_by: str
    curve: list[Evaluation] = field(default_factory=list)


@dataclass(slots=True)
class _Run:
    """Everything that a checkpoint holds."""

    network: SwapNetwork
    average: SwapNetwork
    optimiser: torch.optim.Optimizer
    generator: torch.Generator
    step: int = 0
    train_s: float = 0.0
    curve: list[Evaluation] = field(default_factory=list)

    def state(self, signature: str) -> dict[str, Any]:
        return {
            "signature": signature,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "generator": self.generator.get_state(),
            "step": self.step,
            "train_s": self.train_s,
            "curve": [asdict(point) for point in self.curve],
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.generator.set_state(state["generator"])
        self.step, self.train_s = state["step"], state["train_s"]
        self.curve = [Evaluation(**point) for point in state["curve"]]


class Trainer:
    """Trains one network on two banks of faces. `folder` keeps the checkpoint; the same call resumes from it."""

    def __init__(
        self,
        source: FaceBank,
        actor: FaceBank,
        config: NetworkConfig,
        plan: TrainPlan,
        folder: Path,
        device: torch.device,
    ) -> None:
        if source.crops.shape[-1] != config.size_px * config.detail:
            raise ModelError(
                f"The faces are {source.crops.shape[-1]} px, the network wants {config.size_px * config.detail} px.",
                "Gather the faces again at the network's size.",
            )
        self.config, self.plan, self.folder, self.device = config, plan, folder, device
        self.full = {"source": source, "actor": actor}
        self.signature = repr(
            (
                config,
                replace(plan, budget_s=0.0),
                len(source),
                len(actor),
                int(source.crops[0].sum()),
                int(actor.crops[-1].sum()),
            )
        )
        small = {name: bank.shrunk(config.size_px) for name, bank in self.full.items()}
        self.train = {name: bank.split()[0] for name, bank in small.items()}
        self.held = {name: bank.split()[1] for name, bank in small.items()}
        self.chances = {name: bank.weights() for name, bank in self.train.items()}
        self.bases = {name: fit_basis(bank.crops, bank.masks, config.n_components) for name, bank in self.full.items()}
        self.cover = mouth_cover(config.size_px).to(device)

    def run(
        self,
        on_progress: Callable[[TrainProgress], None] = lambda progress: None,
        on_preview: Callable[[np.ndarray], None] = lambda sheet: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> TrainResult:
        """Train until the budget is spent, the held-out faces gain no more, or should_stop() says so."""
        run = self._begin()
        state = load_checkpoint(self.folder, self.signature)
        if state:
            run.restore(state)
        try:
            stopped_by = self._loop(run, on_progress, on_preview, should_stop)
        except KeyboardInterrupt:
            save_checkpoint(self.folder, run.state(self.signature))
            raise
        return self._finish(run, stopped_by, on_preview)

    def _loop(
        self,
        run: _Run,
        on_progress: Callable[[TrainProgress], None],
        on_preview: Callable[[np.ndarray], None],
        should_stop: Callable[[], bool],
    ) -> str:
        evaluate_at, preview_at = run.train_s + self.plan.evaluate_s, run.train_s + self.plan.preview_s / 2
        while True:
            began = time.perf_counter()
            loss = self._step(run)
            if run.train_s >= evaluate_at:
                self._evaluate(run)
                evaluate_at = run.train_s + self.plan.evaluate_s
                save_checkpoint(self.folder, run.state(self.signature))
            if run.train_s >= preview_at:
                on_preview(self.preview(run.average))
                preview_at = run.train_s + self.plan.preview_s
            run.train_s += time.perf_counter() - began
            on_progress(self._progress(run, loss))
            if reason := self._stop_reason(run, should_stop):
                return reason

    def preview(self, network: SwapNetwork) -> np.ndarray:
        """Held-out faces: as they are, through their own decoder, and the actor's swapped. RGB uint8."""
        return preview_sheet(network, self.held["source"], self.held["actor"], self.cover, self.device)

    def _begin(self) -> _Run:
        generator = torch.Generator().manual_seed(self.plan.seed)
        torch.manual_seed(self.plan.seed)
        network = SwapNetwork(self.config, PEOPLE)
        for name, basis in self.bases.items():
            small = basis.shrunk(self.config.detail)
            faces, masks = as_floats(self.train[name], torch.device("cpu"))
            network.decoder(name).start_from(self.train[name].mouths, project(small, faces, masks))
            network.bases[name] = small
        network = network.to(self.device)
        average = copy.deepcopy(network).eval().requires_grad_(False)
        optimiser = torch.optim.AdamW(
            network.parameters(), lr=self.plan.learning_rate, betas=(0.9, 0.98), weight_decay=1e-3
        )
        return _Run(network, average, optimiser, generator)

    def _share(self, run: _Run) -> float:
        spent = run.step / self.plan.max_steps if self.plan.max_steps else run.train_s / self.plan.budget_s
        return min(spent, 1.0)

    def _step(self, run: _Run) -> float:
        rate = self.plan.learning_rate * schedule(self._share(run), run.step)
        for group in run.optimiser.param_groups:
            group["lr"] = rate
        run.optimiser.zero_grad(set_to_none=True)
        loss = torch.stack([self._loss(run, name) for name in PEOPLE]).sum()
        if not torch.isfinite(loss):
            raise ModelError(
                "Training diverged: the loss is not a number.", "Lower training.learning_rate and run again."
            )
        loss.backward()
        torch.nn.utils.clip_grad_norm_(run.network.parameters(), 1.0)
        run.optimiser.step()
        run.step += 1
        keep = min(self.plan.ema, (1 + run.step) / (10 + run.step))
        with torch.no_grad():
            for mean, value in zip(run.average.parameters(), run.network.parameters(), strict=True):
                mean.lerp_(value, 1 - keep)
        return float(loss.detach())

    def _loss(self, run: _Run, name: str) -> Tensor:
        index = torch.multinomial(self.chances[name], self.plan.batch, replacement=True, generator=run.generator)
        bank = self.train[name].part(index)
        target, mask = as_floats(bank, self.device)
        noise = torch.randn(bank.mouths.shape, generator=run.generator) * self.plan.mouth_noise
        shown = disguise(target.cpu(), self.cover.cpu(), run.generator).to(self.device)
        weight = (mask + 0.05) * feature_weight(bank.landmarks, target.shape[-1], self.plan.eyes, self.plan.mouth).to(
            self.device
        )
        with autocast(self.device):
            joint, grid = run.network.code(shown, (bank.mouths + noise).to(self.device))
            painted, logits, _ = run.network.paint(name, joint, grid)
        return face_loss(painted.float(), target, weight) + 0.2 * mask_loss(logits.float(), mask)

    def _evaluate(self, run: _Run) -> None:
        quality = {name: held_out_db(run.average, self.held[name], name, self.cover, self.device) for name in PEOPLE}
        run.curve.append(Evaluation(run.train_s, run.step, quality["source"], quality["actor"]))

    def _progress(self, run: _Run, loss: float) -> TrainProgress:
        share = self._share(run)
        left_s = run.train_s * (1 - share) / max(share, 1e-6)
        return TrainProgress(share, run.step, run.train_s, left_s, loss, run.curve[-1] if run.curve else None)

    def _stop_reason(self, run: _Run, should_stop: Callable[[], bool]) -> str:
        if self._share(run) >= 1:
            return "budget"
        if should_stop():
            return "request"
        quality = [point.source_db for point in run.curve]
        earlier = quality[: -self.plan.patience]
        if not earlier or run.step - run.curve[len(earlier) - 1].step < self.plan.patience_steps:
            return ""
        if max(quality[-self.plan.patience :]) < max(earlier) + self.plan.min_gain_db:
            return "no more gain"
        return ""

    def _finish(self, run: _Run, stopped_by: str, on_preview: Callable[[np.ndarray], None]) -> TrainResult:
        self._evaluate(run)
        on_preview(self.preview(run.average))
        if self.plan.max_steps and stopped_by != "request":
            drop_checkpoint(self.folder)
        else:  # a longer budget may be asked for when the result has been looked at
            save_checkpoint(self.folder, run.state(self.signature))
        for name, basis in self.bases.items():
            run.average.bases[name] = basis.to(self.device)
        return TrainResult(run.average.eval(), run.step, run.train_s, stopped_by, run.curve)


def schedule(share: float, step: int) -> float:
    """Factor of the learning rate: 20 steps of warm-up, then a cosine down to 4 % over the budget."""
    return min(1.0, (step + 1) / 20) * (0.04 + 0.96 * 0.5 * (1 + math.cos(math.pi * share)))


def as_floats(bank: FaceBank, device: torch.device) -> tuple[Tensor, Tensor]:
    """Faces (B,3,S,S) and masks (B,1,S,S) as float32 0..1."""
    faces = bank.crops.to(device).float().div_(255).contiguous(memory_format=torch.channels_last)
    return faces, bank.masks.to(device).float().div_(255)[:, None]


@torch.no_grad()
def held_out_db(network: SwapNetwork, bank: FaceBank, name: str, cover: Tensor, device: torch.device) -> float:
    """Mean PSNR in dB inside the face of `bank` through its own decoder."""
    values = []
    for index in torch.arange(len(bank)).split(16):
        part = bank.part(index)
        target, mask = as_floats(part, device)
        with autocast(device):
            painted, _, _ = network(hide_mouth(target, cover), part.mouths.to(device), name)
        values.append(psnr_db(painted.float().clamp(0, 1), target, mask))
    return float(torch.cat(values).mean())


__all__ = ["PEOPLE", "Evaluation", "TrainPlan", "TrainProgress", "TrainResult", "Trainer"]
