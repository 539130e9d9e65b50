"""Private keys on disk: readable by their owner only, from the first byte on, and never half written."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from .disk import disk_errors

__all__ = ["make_secret"]


def make_secret(path: Path, data: bytes) -> None:
    """Write `data` at `path` with mode 0600. A file that is already there wins, also in a race."""
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent)  # 0600 by definition
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            with suppress(FileExistsError):
                os.link(name, path)
        finally:
            os.unlink(name)
