"""One process at a time works on one result, and a killed one does not block the next."""

from __future__ import annotations

import copy
import pickle
import signal
import subprocess
import sys
import threading
from pathlib import Path

from tasks.locking import ProcessLocks
from tasks.workspace import locks_dir


def test_excludes_others_until_released(tmp_path: Path) -> None:
    locks = ProcessLocks(lambda: tmp_path)
    assert locks.acquire_lock("key", "first")
    assert locks.acquire_lock("key", "first")
    assert not locks.acquire_lock("key", "second", acquire_timeout=0)
    assert locks.is_locked("key") and locks.is_lock_holder("key", "first") and not locks.is_lock_holder("key", "second")
    locks.release_lock("key", "first")
    assert not locks.is_locked("key")
    assert locks.acquire_lock("key", "second", acquire_timeout=0)


def test_a_waiting_thread_gets_its_turn(tmp_path: Path) -> None:
    locks = ProcessLocks(lambda: tmp_path)
    locks.acquire_lock("key", "first")
    waiter = threading.Thread(target=locks.acquire_lock, args=("key", "second"))
    waiter.start()
    locks.release_lock("key", "first")
    waiter.join(10)
    assert locks.is_lock_holder("key", "second")


def test_a_killed_process_leaves_no_lock(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from tasks.locking import ProcessLocks;"
        "ProcessLocks(lambda: pathlib.Path(sys.argv[1])).acquire_lock('key', 'other'); print('held', flush=True);"
        "sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdout is not None and other.stdout.readline() == b"held\n"
    locks = ProcessLocks(lambda: tmp_path)
    assert locks.is_locked("key") and not locks.acquire_lock("key", "me", acquire_timeout=0)
    other.send_signal(signal.SIGKILL)
    other.communicate()
    assert locks.acquire_lock("key", "me", acquire_timeout=0)


def test_copies_share_their_locks(tmp_path: Path) -> None:
    locks = ProcessLocks(lambda: tmp_path)
    assert copy.deepcopy(locks) is locks
    assert isinstance(pickle.loads(pickle.dumps(ProcessLocks(locks_dir))), ProcessLocks)
