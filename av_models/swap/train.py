"""Training of the swap network: a loop that can be killed, resumed, watched and that knows when to stop.

The schedule follows the share of the budget that is spent (of time, or of steps), not a fixed step count: a slow
machine gets fewer steps but the same warm-up and the same cooling down. The same loop runs in one process and in
several that torchrun has started. Knows nothing about Prefect, the store or video.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from ..domain.errors import ModelError
from ..runtime.memory import in_smaller_parts, memory_told
from .augment import mouth_cover
from .batches import FaceSampler
from .checkpoint import drop_checkpoint, load_checkpoint, save_checkpoint
from .faces import FaceBank
from .liae import build_network
from .likeness import Likeness, fit_likeness
from .network import NetworkConfig, SwapNetwork
from .peers import Peers
from .perceptual import PerceptualLoss
from .plan import PEOPLE, Evaluation, TrainPlan, TrainProgress, TrainResult
from .preview import COLUMNS, preview_sheet
from .state import TrainState
from .stepping import Stepper, take_parts
from .validation import AT_ONCE, gains_no_more, held_out_db

_REASONS = ("", "budget", "request", "no more gain")
_OFTEN_S = 5.0
_SHARE_FOR_SAVING = 1 / 30
"""A checkpoint is due after 5 s, or after thirty times what the last one took, and at the latest after
`TrainPlan.checkpoint_s`."""

OnProgress = Callable[[TrainProgress], None]
OnPreview = Callable[[np.ndarray], None]


class Trainer:
    """Trains one network on two banks of faces. `folder` keeps the checkpoint; the same call resumes from it.

    perceptual: needed where the plan asks for it.  peers: the other processes of this training.  likeness: tells what
    is known of a person before the first step.
    """

    def __init__(
        self,
        source: FaceBank,
        actor: FaceBank,
        config: NetworkConfig,
        plan: TrainPlan,
        folder: Path,
        device: torch.device,
        *,
        perceptual: PerceptualLoss | None = None,
        peers: Peers | None = None,
        likeness: Callable[[FaceBank, NetworkConfig], Likeness] = fit_likeness,
    ) -> None:
        _check_sizes(source, config)
        self.config, self.plan, self.folder, self.device = config, plan, folder, device
        self.peers = peers or Peers()
        self.full = {"source": source, "actor": actor}
        self.signature = repr((config, plan.recipe, *(_facts(bank) for bank in self.full.values())))
        small = {name: bank.shrunk(config.size_px) for name, bank in self.full.items()}
        self.train = {name: bank.split()[0] for name, bank in small.items()}
        self.held = {name: bank.split()[1] for name, bank in small.items()}
        # Held-out faces take no part in shapes and bases either: they would be no test of anything.
        self.likenesses = {name: likeness(bank.split()[0], config) for name, bank in self.full.items()}
        self.cover = mouth_cover(config.size_px).to(device)
        with memory_told("to begin with these faces"):
            samplers = {name: FaceSampler(bank, plan, self.cover, device) for name, bank in self.train.items()}
        for name, other in zip(PEOPLE, reversed(PEOPLE), strict=True):
            samplers[name].lights = samplers[other].own_lights
        self.stepper = Stepper(samplers, plan, device, self.peers, perceptual)
        self.state: TrainState | None = None
        self.keeps_checkpoint = plan.max_steps is None
        """Afterwards, too: a longer budget may be asked for when the result has been looked at."""

    def run(
        self,
        on_progress: OnProgress = lambda progress: None,
        on_preview: OnPreview = lambda sheet: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> TrainResult:
        """Train until the budget is spent, the held-out faces gain no more, or should_stop() says so.

        Raises ModelError when training diverges, ResourceError when not even one face fits the memory.
        """
        with memory_told("for the networks"):
            run = self.state = self._begin()
        found = load_checkpoint(self.folder, self.signature)
        if found.state and run.rests_on(found.state):
            run.restore(found.state)
        elif found.state:
            run.note(f"The checkpoint in {self.folder} rests on other bases of the faces: training begins anew.")
        run.note(found.note)
        stopped_by = self._loop(run, on_progress, on_preview, should_stop)
        return self._finish(run, stopped_by, on_preview)

    def preview(self, network: SwapNetwork) -> np.ndarray:
        """Held-out faces: as they are, through their own decoder, and the actor's swapped. RGB uint8."""
        held = self.held["source"], self.held["actor"]
        with memory_told("for the preview"):
            return in_smaller_parts(lambda n: preview_sheet(network, *held, self.cover, self.device, n), COLUMNS)

    def snapshot(self) -> SwapNetwork:
        """The network as it would be delivered now: averaged weights, bases at full size; a copy."""
        assert self.state is not None, "only a run has something to show"
        network = copy.deepcopy(self.state.average).eval()
        for name, likeness in self.likenesses.items():
            network.bases[name] = likeness.basis.to(self.device)
            network.mouths[name] = likeness.mouth.to(self.device)
            if name in network.eyes:
                network.eyes[name] = likeness.eyes.to(self.device)
                network.open_eyes[name] = likeness.open_eyes.to(self.device)
        return network

    def _loop(
        self, run: TrainState, on_progress: OnProgress, on_preview: OnPreview, should_stop: Callable[[], bool]
    ) -> str:
        saved_s, shown_s, took_s = run.train_s, run.train_s - self.plan.preview_s / 2, 0.0
        reason = self._agreed_end(run, should_stop)  # what is resumed may be finished
        while not reason:
            began_s = time.perf_counter()
            losses = self.stepper.step(run)
            if self.peers.leads and self._is_time_to_look(run):
                self._evaluate(run)
            if run.train_s >= saved_s + min(self.plan.checkpoint_s, max(_OFTEN_S, took_s / _SHARE_FOR_SAVING)):
                took_s = self._save(run)
                saved_s = run.train_s
            if self.peers.leads and run.train_s >= shown_s + self.plan.preview_s:
                on_preview(self.preview(run.average))
                shown_s = run.train_s
            run.train_s += time.perf_counter() - began_s
            reason = self._agreed_end(run, should_stop)
            self._tell(run, losses, on_progress)
        return reason

    def _begin(self) -> TrainState:
        torch.manual_seed(self.plan.seed)
        network = build_network(self.config, PEOPLE)
        for name, known in self.likenesses.items():
            weight = known.small.components.flatten(1).norm(dim=1)
            network.decoder(name).start_from(known.performances, known.scores, weight)
            network.shapes[name].load_state_dict(known.shape.state_dict())
            network.bases[name] = copy.deepcopy(known.small)
            network.mouths[name] = known.mouth.shrunk(self.config.detail)
            if name in network.eyes:
                network.eyes[name] = known.eyes.shrunk(self.config.detail)
                network.open_eyes[name] = known.open_eyes.shrunk(self.config.detail)
        run = TrainState.begin(network, self.plan, self.device)
        self.peers.share_weights(run.network, run.average, *([run.judge] if run.judge else []))
        return run

    def _is_time_to_look(self, run: TrainState) -> bool:
        """By the clock; by steps where those are counted, so that the same run stops at the same step."""
        last = run.curve[-1] if run.curve else Evaluation(0.0, 0, 0.0, 0.0)
        if self.plan.max_steps:
            return run.step >= last.step + self.plan.evaluate_steps
        return run.train_s >= last.train_s + self.plan.evaluate_s

    def _evaluate(self, run: TrainState) -> None:
        found = (self._held_out_db(run.average, name) for name in PEOPLE)
        run.curve.append(Evaluation(run.train_s, run.step, *found))

    def _held_out_db(self, network: SwapNetwork, name: str) -> float:
        bank = self.held[name]
        with memory_told("to look at one held-out face"):
            return in_smaller_parts(lambda n: held_out_db(network, bank, name, self.cover, self.device, n), AT_ONCE)

    def _save(self, run: TrainState) -> float:
        """Returns the seconds that it took."""
        began_s = time.perf_counter()
        if self.peers.leads:
            save_checkpoint(self.folder, run.as_dict(self.signature))
        return time.perf_counter() - began_s

    def _tell(self, run: TrainState, losses: dict[str, float], on_progress: OnProgress) -> None:
        """Between two steps, where whoever looks on may end the run: then this very step is kept."""
        try:
            on_progress(self._progress(run, losses))
        except (Exception, KeyboardInterrupt):
            self._save(run)
            raise

    def _progress(self, run: TrainState, losses: dict[str, float]) -> TrainProgress:
        share = self.plan.share(run.step, run.train_s)
        left_s = run.train_s * (1 - share) / max(share, 1e-6)
        latest = run.curve[-1] if run.curve else None
        return TrainProgress(share, run.step, run.train_s, left_s, sum(losses.values()), latest, losses)

    def _agreed_end(self, run: TrainState, should_stop: Callable[[], bool]) -> str:
        """Why training ends here, '' to go on. All processes take the first one's answer, and its clock, and parts of
        a batch as small as the one of them needs that has the least memory."""
        mine = [_REASONS.index(self._reason(run, should_stop)), run.train_s] if self.peers.leads else [0.0, 0.0]
        number, run.train_s, n_parts = self.peers.largest([*mine, run.accumulate], self.device)
        if n_parts > run.accumulate:
            take_parts(run, self.plan, int(n_parts), "The memory of another process was full")
        return _REASONS[int(number)]

    def _reason(self, run: TrainState, should_stop: Callable[[], bool]) -> str:
        if self.plan.share(run.step, run.train_s) >= 1:
            return "budget"
        if should_stop():
            return "request"
        return "no more gain" if gains_no_more(run.curve, run.step, self.plan) else ""

    def _finish(self, run: TrainState, stopped_by: str, on_preview: OnPreview) -> TrainResult:
        if self.peers.leads:
            self._evaluate(run)
            on_preview(self.preview(run.average))
        if self.keeps_checkpoint or stopped_by == "request":
            self._save(run)
        elif self.peers.leads:
            drop_checkpoint(self.folder)
        if self.plan.is_extended(run.train_s):
            longer = f"{self.plan.budget_s:.0f} to {run.train_s:.0f} s"
            run.note(f"The time was extended from {longer}: the machine was slow, and {run.step} steps were done.")
        return TrainResult(self.snapshot(), run.step, run.train_s, stopped_by, run.curve, run.notes)


def _check_sizes(source: FaceBank, config: NetworkConfig) -> None:
    wanted_px = config.size_px * config.detail
    if source.crops.shape[-1] != wanted_px:
        raise ModelError(
            f"The faces are {source.crops.shape[-1]} px, the network wants {wanted_px} px.",
            "Gather the faces again at the network's size.",
        )


def _facts(bank: FaceBank) -> tuple[int, int, int]:
    """Enough to tell other faces apart."""
    return len(bank), int(bank.crops[0].sum()), int(bank.crops[-1].sum())


__all__ = ["PEOPLE", "Evaluation", "TrainPlan", "TrainProgress", "TrainResult", "Trainer"]
