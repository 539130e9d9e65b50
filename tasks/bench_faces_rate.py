"""How much of a machine training makes use of: arithmetic of a step, beside the fastest product of matrices measured
here and now; and when its curve has become flat."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from av_models.swap.plan import Evaluation
    from av_models.swap.train import Trainer

__all__ = ["MatrixRate", "flat_after_s", "matrix_rate", "step_flops"]

_SIDES = {"cuda": 8192, "cpu": 1024}
_ROUNDS, _PRODUCTS = 5, 10
_FLAT_DB = 0.1
_LEAST_REST = 0.2
"""Of the whole time, that must lie behind a point before anybody may say that nothing came after it."""


@dataclass(frozen=True, slots=True)
class MatrixRate:
    """flops: operations per second, a multiplication and an addition being two.  what: which numbers, how many.
    device: 'cpu', 'cuda'."""

    flops: float
    what: str
    device: str


def matrix_rate(device: torch.device) -> MatrixRate:
    """The best of a few rounds of square products: bfloat16 on CUDA, timed by the card's events; elsewhere float32."""
    import torch

    side = _SIDES.get(device.type, _SIDES["cpu"])
    kind = torch.bfloat16 if device.type == "cuda" else torch.float32
    a, b = (torch.randn(side, side, device=device).to(kind) for _ in range(2))
    _products_s(a, b)  # finds the fastest kernel, and wakes the clock
    best_s = min(_products_s(a, b) for _ in range(_ROUNDS))
    what = f"{str(kind).removeprefix('torch.')}, {side} x {side}"
    return MatrixRate(2.0 * side**3 * _PRODUCTS / best_s, what, device.type)


def _products_s(a: torch.Tensor, b: torch.Tensor) -> float:
    import torch

    if a.device.type != "cuda":
        began_s = time.perf_counter()
        for _ in range(_PRODUCTS):
            a @ b
        return time.perf_counter() - began_s
    began, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    began.record()
    for _ in range(_PRODUCTS):
        a @ b
    ended.record()
    torch.cuda.synchronize(a.device)
    return float(began.elapsed_time(ended)) / 1000


def step_flops(trainer: Trainer) -> int:
    """Operations of one step, forwards and backwards, of both people: matrix products and convolutions.

    The step is really done, after the result was taken; not compiled, since nobody can count inside a compiled network.
    """
    from torch.utils.flop_counter import FlopCounterMode

    from av_models.swap.stepping import Stepper

    assert trainer.state is not None, "only a run has steps"
    had = trainer.stepper
    plan = replace(trainer.plan, compiled=False)
    stepper = Stepper(had.samplers, plan, trainer.device, trainer.peers, had.perceptual)
    with FlopCounterMode(display=False) as counter:
        stepper.step(trainer.state)
    return int(counter.get_total_flops())


def flat_after_s(curve: Sequence[Evaluation]) -> float | None:
    """Seconds of training after which held-out faces of the source gained no more than 0.1 dB; None while they still
    do, or where too little of the training lies behind that point to tell."""
    if not curve:
        return None
    first = next(
        point for k, point in enumerate(curve) if max(one.source_db for one in curve[k:]) <= point.source_db + _FLAT_DB
    )
    return first.train_s if first.train_s <= (1 - _LEAST_REST) * curve[-1].train_s else None
