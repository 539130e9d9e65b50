"""Whole files or none: everything is written under a temporary name beside its target and renamed when complete."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from av_models.domain.errors import InputError, ResourceError

__all__ = ["disk_errors", "disk_shortage", "new_file"]

_FULL = {errno.ENOSPC, errno.EDQUOT}
# Not EPERM: libav gives it for bad time stamps.
_FORBIDDEN = {errno.EACCES, errno.EROFS}
_SHORTAGE_BYTES = 1_000_000
"""A database ends with an error well before the last byte is taken."""


@contextmanager
def new_file(path: Path, needed_bytes: int = 0) -> Iterator[Path]:
    """Yield a temporary path of the same ending beside `path`; renamed to it on success, removed on any error.

    needed_bytes: for the message, when the size is known beforehand.
    Errors: ResourceError when the disk is full, InputError when the folder cannot be written.
    """
    part = path.with_name(f".{uuid.uuid4().hex}.part{path.suffix}")
    with disk_errors(path, needed_bytes):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            yield part
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)


@contextmanager
def disk_errors(path: Path, needed_bytes: int = 0) -> Iterator[None]:
    """Turn the operating system's refusal to write `path` into an error that tells the user what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise disk_full(path, needed_bytes) from error
        if error.errno in _FORBIDDEN:
            raise InputError(
                f"{path.parent}: this folder cannot be written ({os.strerror(error.errno)}).",
                "Choose another folder, or give yourself the right to write there.",
            ) from error
        if error.errno in {errno.ENOTDIR, errno.EEXIST, errno.EISDIR}:
            raise InputError(
                f"{path}: a file stands where a folder is needed, or the other way round.",
                "Move it away, or choose another folder.",
            ) from error
        raise


def disk_full(path: Path, needed_bytes: int = 0) -> ResourceError:
    """The error for a disk that ran full while `path` was written."""
    free_mb = _free_bytes(path) / 1e6
    needed = f"{needed_bytes / 1e6:.1f} MB needed, " if needed_bytes else ""
    return ResourceError(
        f"{path}: disk full, {needed}{free_mb:.1f} MB free.",
        "Free some space there and run the same command again: finished work is kept.",
    )


def disk_shortage(path: Path) -> ResourceError | None:
    """The error for a disk that has run full, if that of `path` has: for failures of others, who do not say why."""
    return disk_full(path) if _free_bytes(path) < _SHORTAGE_BYTES else None


def _free_bytes(path: Path) -> int:
    for folder in path.parents:
        if folder.is_dir():
            return shutil.disk_usage(folder).free
    return 0
