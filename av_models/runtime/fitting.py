"""As much at once as the accelerator's memory holds."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ..domain.errors import ResourceError

if TYPE_CHECKING:
    import torch

__all__ = ["Fitting"]

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Fitting:
    """Work on a batch in parts that fit, found by halving; once found, parts stay that small."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.most: int | None = None

    def parts(self, work: Callable[[slice], T], n: int) -> list[T]:
        """`work` on slices that cover 0 to n in order, n at least 1. What it gives had best not lie on the device.

        Errors: ResourceError when one alone does not fit.
        """
        made: list[T] = []
        first = 0
        while first < n:
            size = min(n - first, self.most or n)
            found = self._tried(work, slice(first, first + size))
            if found:
                made.append(found[0])
                first += size
            else:
                self._halve(size)
        return made

    def _tried(self, work: Callable[[slice], T], part: slice) -> tuple[T] | None:
        import torch

        try:
            return (work(part),)
        except torch.OutOfMemoryError:
            return None  # the error's traceback, which keeps the tensors that filled the memory, ends here

    def _halve(self, size: int) -> None:
        import torch

        if size == 1:
            raise ResourceError(
                "The memory of the accelerator is too small for one face of this model.",
                "Close what else uses the accelerator, or hide it (CUDA_VISIBLE_DEVICES=) and render on the processor.",
            )
        self.most = size // 2
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        _log.warning("The accelerator's memory was full: %d faces are painted at once from now on.", self.most)
