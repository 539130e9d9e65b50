"""A folder of results that is exchanged as a whole at the end: a run that fails leaves the earlier results alone."""

from __future__ import annotations

import glob
import os
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .disk import disk_errors

__all__ = ["output_folder"]


@contextmanager
def output_folder(target: Path, either: Sequence[str] = ()) -> Iterator[Path]:
    """Yield an empty folder; when all is well its entries replace those of the same name in `target`.

    either: names of which only one may lie there: the new one replaces any other of them, too.
    What else lies in `target` stays. On any error, and on Ctrl-C, the new folder is removed.
    Errors: InputError when nothing can be written there, ResourceError when the disk is full.
    """
    home = _home(target)
    part = home / f".{target.name}.{os.getpid()}-{uuid.uuid4().hex[:6]}.part"
    with disk_errors(part):
        _sweep(home, target.name)
        part.mkdir(parents=True)
        try:
            yield part
            new = {entry.name for entry in part.iterdir()}
            _exchange(part, target)
            if new & set(either):
                for name in set(either) - new:
                    (target / name).unlink(missing_ok=True)
        finally:
            shutil.rmtree(part, ignore_errors=True)


def _home(target: Path) -> Path:
    """Where the new folder can be made and renamed from: beside `target`, or in it where that is another disk (the
    volume of a container, a link) or either of the two cannot be written."""
    if not target.is_dir():
        return target.parent
    same_disk = target.stat().st_dev == target.parent.stat().st_dev
    open_to_us = all(os.access(folder, os.W_OK | os.X_OK) for folder in (target, target.parent))
    return target.parent if same_disk and open_to_us else target


def _exchange(part: Path, target: Path) -> None:
    """Every entry by two renames, so that no moment leaves it half written."""
    target.mkdir(parents=True, exist_ok=True)
    old = part / ".old"
    old.mkdir()
    for entry in sorted(part.iterdir()):
        if entry == old:
            continue
        place = target / entry.name
        if place.is_dir() and not place.is_symlink():
            os.rename(place, old / entry.name)
        os.replace(entry, place)


def _sweep(home: Path, name: str) -> None:
    """Remove what killed runs left behind; the process of each is in its name."""
    for left in home.glob(f".{glob.escape(name)}.*-??????.part"):
        if not _lives(int(left.name.removesuffix(".part").rpartition(".")[2].partition("-")[0])):
            shutil.rmtree(left, ignore_errors=True)


def _lives(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        pass
    return True
