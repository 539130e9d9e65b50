"""As much at once as the memory holds."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from ..domain.errors import ResourceError
from .memory import free_unused, is_full

__all__ = ["Fitting"]

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Fitting:
    """Work on a batch in parts that fit, found by halving; once found, parts stay that small."""

    def __init__(self) -> None:
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
        try:
            return (work(part),)
        except RuntimeError as error:
            if not is_full(error):
                raise
        return None  # the error's traceback, which keeps the tensors that filled the memory, has ended

    def _halve(self, size: int) -> None:
        if size == 1:
            raise ResourceError(
                "The memory is too small for one face of this model.",
                "Close what else uses the accelerator, or hide it (CUDA_VISIBLE_DEVICES=) and render on the processor.",
            )
        self.most = size // 2
        free_unused()
        _log.warning("The memory was full: %d faces are painted at once from now on.", self.most)
