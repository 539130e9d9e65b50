"""Overlap of decoding, computing and encoding: the next items are made in a thread while this one is used."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
_END = object()


def ahead(items: Iterable[T], n: int) -> Iterator[T]:
    """The same items in the same order, up to `n` of them made in advance. Errors come out where the item would have.

    Leaving the loop early ends the thread after the item that it is making.
    """
    ready: queue.Queue[tuple[object, BaseException | None]] = queue.Queue(maxsize=n)
    left = threading.Event()

    def offer(item: object, error: BaseException | None = None) -> bool:
        while not left.is_set():
            try:
                ready.put((item, error), timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def make() -> None:
        try:
            for item in items:
                if not offer(item):
                    return
            offer(_END)
        except BaseException as error:
            offer(_END, error)

    worker = threading.Thread(target=make, daemon=True)
    worker.start()
    try:
        while True:
            item, error = ready.get()
            if error is not None:
                raise error
            if item is _END:
                return
            yield item  # type: ignore[misc]
    finally:
        left.set()
        worker.join()


__all__ = ["ahead"]
