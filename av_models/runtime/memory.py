"""What is done when memory is full: less at once, and where that is not possible, a clear error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from ..domain.errors import ResourceError

T = TypeVar("T")

_OF_THE_PROCESSOR = "DefaultCPUAllocator"
REMEDY = "Lower training.size_px or take a smaller preset, or close what else uses the memory."


def is_full(error: BaseException) -> bool:
    """Torch has an error of its own for accelerators only."""
    import torch

    return isinstance(error, torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and _OF_THE_PROCESSOR in str(error)
    )


@contextmanager
def memory_told(doing: str, remedy: str = REMEDY) -> Iterator[None]:
    """A full memory becomes a ResourceError. doing: what it was too small for, e.g. 'for the networks'."""
    try:
        yield
    except RuntimeError as error:
        if not is_full(error):
            raise
        raise ResourceError(f"The memory is too small {doing}.", remedy) from error


def in_smaller_parts(work: Callable[[int], T], n: int) -> T:
    """work(n); with half as many at once, and half again, as long as the memory is full. The last error is raised."""
    while True:
        try:
            return work(n)
        except RuntimeError as error:
            if not is_full(error) or n <= 1:
                raise
        # Not inside `except`: the error's traceback keeps the tensors alive that filled the memory.
        free_unused()
        n //= 2


def free_unused() -> None:
    """Give back what torch keeps of an accelerator's memory for later."""
    import torch

    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()


__all__ = ["REMEDY", "free_unused", "in_smaller_parts", "is_full", "memory_told"]
