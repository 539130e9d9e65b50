"""Several processes that train one network together, one on each accelerator, as torchrun starts them.

Each takes batches of its own; gradients are averaged over all before every step, so that all hold equal weights at all
times. The first process keeps the time, measures, saves and decides when to stop. Without torchrun there is one
process, and all of this does nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True, slots=True)
class Peers:
    """rank: of this process, from 0.  n: how many there are."""

    rank: int = 0
    n: int = 1

    @property
    def leads(self) -> bool:
        return self.rank == 0

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace every gradient by its mean over all processes, in one exchange."""
        if self.n == 1:
            return
        gradients = [value.grad for value in parameters if value.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        torch.distributed.all_reduce(flat)
        flat /= self.n
        for gradient, mean in zip(gradients, flat.split([gradient.numel() for gradient in gradients]), strict=True):
            gradient.copy_(mean.view_as(gradient))

    def share_weights(self, *modules: nn.Module) -> None:
        """Take over the first process's weights."""
        for module in modules if self.n > 1 else ():
            for value in (*module.parameters(), *module.buffers()):
                torch.distributed.broadcast(value.data, src=0)

    def largest(self, numbers: list[float], device: torch.device) -> list[float]:
        """Each number, as large as it is in any of the processes."""
        if self.n == 1:
            return numbers
        told = torch.tensor(numbers, dtype=torch.float64, device=device)
        torch.distributed.all_reduce(told, torch.distributed.ReduceOp.MAX)
        return [float(value) for value in told.cpu()]


@contextmanager
def joined_peers() -> Iterator[tuple[Peers, torch.device]]:
    """The processes that torchrun has started, and the device of this one; one process on its own without torchrun."""
    from ..runtime.device import best_device

    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield Peers(), best_device()
        return
    device = _device_of(int(os.environ["LOCAL_RANK"]))
    torch.distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Peers(torch.distributed.get_rank(), torch.distributed.get_world_size()), device
    finally:
        torch.distributed.destroy_process_group()


def _device_of(local_rank: int) -> torch.device:
    """One accelerator a process; without any, the processes of a machine share its cores."""
    from ..runtime.device import n_cores

    if torch.cuda.is_available():
        device = torch.device("cuda", local_rank)
        torch.cuda.set_device(device)
        return device
    torch.set_num_threads(max(1, n_cores() // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))))
    return torch.device("cpu")


__all__ = ["Peers", "joined_peers"]
