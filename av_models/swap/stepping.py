"""One step of training: batches, losses, gradients, and the next weights."""

from __future__ import annotations

import logging
import math
from collections import defaultdict
from collections.abc import Mapping

import torch
from torch import Tensor

from ..domain.errors import ModelError, ResourceError
from ..runtime.compiling import compiled, compiles
from ..runtime.device import autocast
from ..runtime.memory import REMEDY, free_unused, is_full, memory_told
from .batches import Batch, Draw, FaceSampler
from .network import SwapNetwork
from .objective import Objective, judge_loss
from .peers import Peers
from .perceptual import PerceptualLoss
from .plan import PEOPLE, TrainPlan
from .state import TrainState

_log = logging.getLogger(__name__)
_LONGEST_GRADIENT = 1.0
_GO_ON = "Close what else uses it, or lower training.batch, and run again: training goes on at its last checkpoint."


class Stepper:
    """Takes steps. samplers: by person."""

    def __init__(
        self,
        samplers: Mapping[str, FaceSampler],
        plan: TrainPlan,
        device: torch.device,
        peers: Peers,
        perceptual: PerceptualLoss | None = None,
    ) -> None:
        if plan.perceptual and perceptual is None:
            raise ModelError("The perceptual loss has no network.", "Load its weights, or set its weight to 0.")
        self.samplers, self.plan, self.device, self.peers = samplers, plan, device, peers
        self.perceptual = perceptual.to(device) if perceptual is not None and plan.perceptual else None
        self._forward = compiled(_forward) if compiles(device, plan.compiled) else _forward

    def step(self, run: TrainState) -> dict[str, float]:
        """Move the weights once; the losses by name.

        A batch that does not fit the memory is taken in more parts, from then on. Raises ResourceError when one face
        alone does not fit, ModelError when the loss is not a number.
        """
        share = self.plan.share(run.step, run.train_s)
        judged = run.judge is not None and share >= self.plan.adversarial_from
        objective = Objective(self.plan, self.perceptual, run.judge if judged else None)
        losses = self._gradients(run, objective)
        with memory_told("to move the weights", _GO_ON):  # some have moved already: they cannot move again
            self._move(run, share, judged)
        run.step += 1
        run.follow(self.plan.ema)
        return losses

    def _gradients(self, run: TrainState, objective: Objective) -> dict[str, float]:
        while True:
            try:
                return self._accumulated(run, objective)
            except RuntimeError as error:
                if not is_full(error):
                    raise
                self._clear(run)
            # Not inside `except`: the error's traceback keeps the tensors alive that filled the memory.
            self._take_smaller_parts(run)

    def _accumulated(self, run: TrainState, objective: Objective) -> dict[str, float]:
        """Gradients of the whole batch, part by part, left in the parameters. The losses are looked at once, at the
        end: an accelerator has to be waited for each time."""
        self._clear(run)
        found: list[tuple[str, Tensor]] = []
        n_parts = run.accumulate
        for part in range(n_parts):
            for person in PEOPLE:
                batch = self._batch(run, person, part)
                painted, logits = self._paint(run.network, person, batch)
                losses = objective.losses(person, batch, painted, logits)
                (torch.stack(list(losses.values())).sum() / n_parts).backward()
                if objective.judge is not None and person == "source":
                    (judge_loss(objective.judge, batch, painted) / n_parts).backward()
                found += [(name, loss.detach().float()) for name, loss in losses.items()]
        return _means(found, n_parts)

    def _batch(self, run: TrainState, person: str, part: int) -> Batch:
        """Every process draws parts of its own. One whose memory was full takes smaller ones than the others do, until
        all agree; those are named by their size, too, or two processes could draw the same faces."""
        number, n = self.peers.rank * run.accumulate + part, self.plan.batch // run.accumulate
        smaller = 0 if run.accumulate == self.plan.accumulate else n
        return self.samplers[person].draw(Draw(self.plan.seed, run.step, person, number, smaller), n)

    def _paint(self, network: SwapNetwork, person: str, batch: Batch) -> tuple[Tensor, Tensor]:
        with autocast(self.device):
            painted, logits = self._forward(network, person, batch.shown, batch.mouths, batch.seen)
        return painted.float(), logits.float()

    def _move(self, run: TrainState, share: float, judged: bool) -> None:
        rate = self.plan.rate(share, run.step)
        pairs: list[tuple[torch.nn.Module, torch.optim.Optimizer, float]] = [(run.network, run.optimiser, rate)]
        if judged and run.judge is not None and run.judge_optimiser is not None:
            pairs.append((run.judge, run.judge_optimiser, rate / 4))
        for module, optimiser, speed in pairs:
            self.peers.average_gradients(module.parameters())
            torch.nn.utils.clip_grad_norm_(module.parameters(), _LONGEST_GRADIENT)
            for group in optimiser.param_groups:
                group["lr"] = speed
            optimiser.step()

    def _clear(self, run: TrainState) -> None:
        run.network.zero_grad(set_to_none=True)
        if run.judge is not None:
            run.judge.zero_grad(set_to_none=True)

    def _take_smaller_parts(self, run: TrainState) -> None:
        batch, now = self.plan.batch, run.accumulate
        smaller = [parts for parts in range(2 * now, batch + 1) if batch % parts == 0]
        if not smaller:
            raise ResourceError("The memory is too small for one face of this size.", REMEDY)
        free_unused()
        take_parts(run, self.plan, smaller[0], "The memory was full")


def take_parts(run: TrainState, plan: TrainPlan, n_parts: int, why: str) -> None:
    """Take batches in more parts from now on, and say so."""
    run.accumulate = n_parts
    notes = [f"{why}: a batch of {plan.batch} is taken in {n_parts} parts."]
    if plan.temporal and n_parts == plan.batch:
        notes.append("One face at a time has no neighbour: training.temporal has no effect from then on.")
    for note in notes:
        _log.warning(note)
        run.note(note)


def _means(found: list[tuple[str, Tensor]], n_parts: int) -> dict[str, float]:
    """By name, over the parts. Raises ModelError where one is not a number; the weights have not moved then."""
    values = torch.stack([loss for _, loss in found]).tolist()
    if not all(math.isfinite(value) for value in values):
        raise ModelError("Training diverged: the loss is not a number.", "Lower training.learning_rate and run again.")
    totals: dict[str, float] = defaultdict(float)
    for (name, _), value in zip(found, values, strict=True):
        totals[name] += value / n_parts
    return dict(totals)


def _forward(network: SwapNetwork, person: str, shown: Tensor, mouths: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
    painted, logits, _ = network.paint(person, *network.code(shown, mouths, seen))
    return painted, logits


__all__ = ["Stepper", "take_parts"]
