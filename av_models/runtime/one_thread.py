"""Small products of matrices on one thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["one_thread", "one_torch_thread"]


class _Limit:
    """One for the process, as is the number of threads: the first that enters sets it, the last that leaves puts back
    what was."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_inside = 0
        self._libraries: list[Any] = []
        self._before: list[int] = []

    def enter(self) -> None:
        with self._lock:
            self._n_inside += 1
            if self._n_inside == 1:
                self._libraries = self._libraries or _blas_libraries()
                self._before = [library.get_num_threads() for library in self._libraries]
                self._set([1] * len(self._libraries))

    def leave(self) -> None:
        with self._lock:
            self._n_inside -= 1
            if self._n_inside == 0:
                self._set(self._before)

    def _set(self, counts: list[int]) -> None:
        """threadpoolctl obeys only one thread for as long as that lives, which here is not always the same."""
        from threadpoolctl import OpenBLASController

        OpenBLASController.clear_controlling_thread(force=True)
        for library, n_threads in zip(self._libraries, counts, strict=True):
            library.set_num_threads(n_threads)
        OpenBLASController.clear_controlling_thread(force=True)


def _blas_libraries() -> list[Any]:
    from threadpoolctl import ThreadpoolController

    return list(ThreadpoolController().select(user_api="blas").lib_controllers)


_limit = _Limit()


@contextmanager
def one_thread() -> Iterator[None]:
    """For layers that are too small to share: threads that wait for each other on a busy machine cost tens of times
    more than they save, and one thread always sums in the same order."""
    _limit.enter()
    try:
        yield
    finally:
        _limit.leave()


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """The same for small networks of torch; its number of threads is that of the thread that asks."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
