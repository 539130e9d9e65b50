"""Everything of a training that a checkpoint holds. There is no random state in it: see `batches.py`."""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

import torch
from torch import nn

from .discriminator import PatchDiscriminator
from .network import SwapNetwork
from .plan import Evaluation, TrainPlan

M = TypeVar("M", bound=nn.Module)

_BETAS = (0.9, 0.98)
_WEIGHT_DECAY = 1e-3
_JUDGE_BETAS = (0.5, 0.99)
_SAME = 2e-3
"""Half an 8-bit step: rounding by another number of threads lies far below."""


@dataclass(slots=True)
class TrainState:
    """average: of the weights over time, which is what is delivered.  accumulate: parts in which a batch is taken,
    more than planned once the accelerator's memory was full.  judge: None without a discriminator."""

    network: SwapNetwork
    average: SwapNetwork
    optimiser: torch.optim.Optimizer
    accumulate: int
    judge: PatchDiscriminator | None = None
    judge_optimiser: torch.optim.Optimizer | None = None
    step: int = 0
    train_s: float = 0.0
    curve: list[Evaluation] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @classmethod
    def begin(cls, network: SwapNetwork, plan: TrainPlan, device: torch.device) -> TrainState:
        """At step 0, with the initial weights of `network`, which is moved to the device."""
        network = channels_last(network.to(device))
        average = copy.deepcopy(network).eval().requires_grad_(False)
        fused = device.type == "cuda"  # takes no memory beside the moments; on a processor it would round otherwise
        optimiser = torch.optim.AdamW(
            network.parameters(), lr=plan.learning_rate, betas=_BETAS, weight_decay=_WEIGHT_DECAY, fused=fused
        )
        state = cls(network, average, optimiser, plan.accumulate)
        if plan.adversarial:
            state.judge = channels_last(PatchDiscriminator().to(device))
            state.judge_optimiser = torch.optim.Adam(
                state.judge.parameters(), lr=plan.learning_rate / 4, betas=_JUDGE_BETAS, fused=fused
            )
        for one in (state.optimiser, state.judge_optimiser):
            if one is not None:
                _allocate_moments(one, fused)
        return state

    def as_dict(self, signature: str) -> dict[str, Any]:
        parts = {name: part.state_dict() for name, part in self._parts().items()}
        facts = {name: getattr(self, name) for name in ("step", "train_s", "accumulate", "notes")}
        return {"signature": signature, "parts": parts, **facts, "curve": [asdict(point) for point in self.curve]}

    def restore(self, state: dict[str, Any]) -> None:
        """From `as_dict`."""
        for name, part in self._parts().items():
            part.load_state_dict(state["parts"][name])
        for name in ("step", "train_s", "accumulate", "notes"):
            setattr(self, name, state[name])
        self.curve = [Evaluation(**point) for point in state["curve"]]

    def rests_on(self, state: dict[str, Any]) -> bool:
        """Whether the network of `state` (from `as_dict`) paints with the same bases as this one.

        They are found anew at every start. With others, be it of another version, its decoders would ask for
        components that are no longer there, and every mouth would be a wrong one.
        """
        saved, bases = state["parts"]["network"], self.network.bases.state_dict()
        return all(
            torch.allclose(value.float().cpu(), saved[f"bases.{name}"].float(), atol=_SAME)
            for name, value in bases.items()
        )

    def note(self, sentence: str) -> None:
        if sentence and sentence not in self.notes:
            self.notes.append(sentence)

    def follow(self, ema: float) -> None:
        """Let the average follow the network after a step; faster at the beginning."""
        keep = min(ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for mean, value in zip(self.average.parameters(), self.network.parameters(), strict=True):
                mean.lerp_(value, 1 - keep)

    def _parts(self) -> dict[str, Any]:
        parts: dict[str, Any] = {"network": self.network, "average": self.average, "optimiser": self.optimiser}
        if self.judge is not None:
            parts |= {"judge": self.judge, "judge_optimiser": self.judge_optimiser}
        return parts


def _allocate_moments(optimiser: torch.optim.Optimizer, on_device: bool) -> None:
    """Adam's memory as it would make it in its first step, where half of it could be found to be too much: then some
    weights would have moved and others not."""
    for group in optimiser.param_groups:
        for value in group["params"]:
            if value.requires_grad:
                step = torch.zeros((), dtype=torch.float32, device=value.device if on_device else "cpu")
                moments = {name: torch.zeros_like(value) for name in ("exp_avg", "exp_avg_sq")}
                optimiser.state[value] = {"step": step, **moments}


def channels_last(module: M) -> M:
    """Convolutions in the memory layout of the pictures. The bases keep theirs: they are multiplied as matrices."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            part.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return module


__all__ = ["TrainState", "channels_last"]
