"""Several items worked on at once, each in a thread of its own; results in the order of the items."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def side_by_side(work: Callable[[T], R], items: Iterable[T], n: int) -> Iterator[R]:
    """`work` of every item, `n` of them at once and one more held ready. An error comes out where its result would
    have; leaving early ends the threads after the items that they are at.

    For work that spends its time outside of Python, which lets go of the interpreter's lock.
    """
    waiting: deque[Future[R]] = deque()
    with ThreadPoolExecutor(n) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > n:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for one in waiting:
                one.cancel()


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in lists of `size`, the last one shorter; each list as soon as it is full."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


__all__ = ["batched", "side_by_side"]
