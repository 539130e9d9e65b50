"""The device that torch works on, and how many threads it may use."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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


def autocast(device: torch.device) -> torch.autocast:
    """bfloat16 where the device multiplies it in hardware, else everything stays float32.

    A processor without it computes bfloat16 in software: 50 times slower than float32 where it was measured (Zen 3).
    """
    import torch

    return torch.autocast(device.type, torch.bfloat16, enabled=_multiplies_bfloat16(device))


def _multiplies_bfloat16(device: torch.device) -> bool:
    import torch

    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    found = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return any(asked is not None and bool(asked()) for asked in found)


_limited = threading.Lock()
_n_limits = 0


@contextmanager
def torch_threads(n: int) -> Iterator[None]:
    """Inside, torch shares the work of a layer out to `n` threads; enter it before the threads that call torch start.

    The number is the process's: the first that enters sets it, the last that leaves puts back that of `best_device`.
    """
    import torch

    global _n_limits
    with _limited:
        _n_limits += 1
        if _n_limits == 1:
            torch.set_num_threads(n)
    try:
        yield
    finally:
        with _limited:
            _n_limits -= 1
            if not _n_limits:
                torch.set_num_threads(n_cores())


def n_cores() -> int:
    """Cores that this process may use (containers often get fewer than the machine has)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


__all__ = ["autocast", "best_device", "n_cores", "torch_threads"]
