"""Locks for cached stages that die with their process.

Prefect's own file locks stay behind when a process is killed and then block the next run for ever. These are locks of
the operating system (flock), which it gives back by itself.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["ProcessLocks"]

_POLL_S = 0.05


class ProcessLocks:
    """Prefect's `LockManager` over flock. folder: asked for at each use, as the environment may move it."""

    def __init__(self, folder: Callable[[], Path]) -> None:
        self._folder = folder
        self._held: dict[str, tuple[str, int]] = {}
        self._guard = threading.Lock()

    def __deepcopy__(self, _memo: dict[int, object]) -> ProcessLocks:
        """Policies are copied by Prefect; the locks of one process are one."""
        return self

    def __reduce__(self) -> tuple[object, ...]:
        return (ProcessLocks, (self._folder,))

    def acquire_lock(
        self, key: str, holder: str, acquire_timeout: float | None = None, hold_timeout: float | None = None
    ) -> bool:
        """Wait until nobody else works on `key`. hold_timeout is not used: a lock lasts as long as its process."""
        deadline = None if acquire_timeout is None else time.monotonic() + acquire_timeout
        while not self._try(key, holder):
            if deadline is not None and time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_S)
        return True

    async def aacquire_lock(
        self, key: str, holder: str, acquire_timeout: float | None = None, hold_timeout: float | None = None
    ) -> bool:
        # Tried on the loop's own thread: a lock that belongs to a cancelled waiter would never be given back.
        deadline = None if acquire_timeout is None else time.monotonic() + acquire_timeout
        while not self._try(key, holder):
            if deadline is not None and time.monotonic() >= deadline:
                return False
            await asyncio.sleep(_POLL_S)
        return True

    def release_lock(self, key: str, holder: str) -> None:
        with self._guard:
            held_by, descriptor = self._held.get(key, ("", -1))
            if held_by != holder:
                raise ValueError(f"{holder} does not hold the lock {key}.")
            del self._held[key]
            os.close(descriptor)

    def is_locked(self, key: str) -> bool:
        with self._guard:
            if key in self._held:
                return True
            descriptor = self._open(key)
            try:
                return not _locked_now(descriptor)
            finally:
                os.close(descriptor)

    def is_lock_holder(self, key: str, holder: str) -> bool:
        with self._guard:
            return self._held.get(key, ("", -1))[0] == holder

    def wait_for_lock(self, key: str, timeout: float | None = None) -> bool:
        """Wait until `key` is free, without taking it."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.is_locked(key):
            if deadline is not None and time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_S)
        return True

    async def await_for_lock(self, key: str, timeout: float | None = None) -> bool:
        return await asyncio.to_thread(self.wait_for_lock, key, timeout)

    def _try(self, key: str, holder: str) -> bool:
        with self._guard:
            if key in self._held:
                return self._held[key][0] == holder
            descriptor = self._open(key)
            if not _locked_now(descriptor):
                os.close(descriptor)
                return False
            self._held[key] = (holder, descriptor)
            return True

    def _open(self, key: str) -> int:
        folder = self._folder()
        folder.mkdir(parents=True, exist_ok=True)
        return os.open(folder / f"{key}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)


def _locked_now(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
