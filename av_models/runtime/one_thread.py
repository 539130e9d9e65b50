"""Small products of matrices on one thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

__all__ = ["one_thread"]


class _Limit:
    """One for the process, as is the number of threads: the first that enters sets it, the last that leaves puts back
    what was."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_inside = 0
        self._libraries: ThreadpoolController | None = None
        self._before: list[int] = []

    def enter(self) -> None:
        with self._lock:
            self._n_inside += 1
            if self._n_inside == 1:
                self._before = [library.get_num_threads() for library in self._blas()]
                for library in self._blas():
                    library.set_num_threads(1)

    def leave(self) -> None:
        with self._lock:
            self._n_inside -= 1
            if self._n_inside == 0:
                for library, n_threads in zip(self._blas(), self._before, strict=True):
                    library.set_num_threads(n_threads)

    def _blas(self) -> list[Any]:
        from threadpoolctl import ThreadpoolController

        if self._libraries is None:
            self._libraries = ThreadpoolController()
        return list(self._libraries.select(user_api="blas").lib_controllers)


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
