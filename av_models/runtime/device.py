"""The device that torch works on, and how many threads it may use."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def best_device() -> torch.device:
    """CUDA when there, else the CPU with as many threads as this process may run on cores."""
    import torch

    if torch.cuda.is_available():
        return torch.device("cuda")
    torch.set_num_threads(n_cores())
    return torch.device("cpu")


def n_cores() -> int:
    """Cores that this process may use (containers often get fewer than the machine has)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


__all__ = ["best_device", "n_cores"]
