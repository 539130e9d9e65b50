"""Whether torch may compile a network on this machine."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

__all__ = ["compiles", "has_compiler"]


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
