"""Whether torch may compile a network on this machine, and what to do when it cannot."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    import torch

__all__ = ["compiled", "compiles", "has_compiler"]

P = ParamSpec("P")
R = TypeVar("R")

_log = logging.getLogger(__name__)


def compiles(device: torch.device, wanted: bool | None) -> bool:
    """wanted: None leaves it to the device: yes on CUDA, where it pays within a minute, no on a processor.

    Never where no compiler is there.
    """
    return (device.type == "cuda" if wanted is None else wanted) and has_compiler(device)


def has_compiler(device: torch.device) -> bool:
    """Triton for CUDA, a C++ compiler for a processor; Triton itself needs a C compiler, too."""
    if device.type == "cuda":
        return find_spec("triton") is not None and shutil.which("gcc") is not None
    return any(shutil.which(name) for name in ("g++", "clang++"))


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """`function` compiled by torch at its first call; should the compiler fail, as it is from then on."""
    import torch
    from torch._dynamo.exc import TorchDynamoException

    fast = torch.compile(function)
    broken = False

    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        nonlocal broken
        if not broken:
            try:
                return fast(*args, **kwargs)
            except TorchDynamoException as error:
                broken = True
                reason = str(error).strip().splitlines()[0]
                _log.warning("The network cannot be compiled (%s): it goes on as it is.", reason)
        return function(*args, **kwargs)

    return call
