"""Training state on disk, replaced in one rename, so that a killed run loses only what came after the last one."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

__all__ = ["load_state", "save_state"]


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write `state` beside the old file, then take its place. OSError when that is not possible."""
    import torch

    data = io.BytesIO()  # torch's own writer hides the reason when the disk is full
    torch.save(state, data)
    temporary = path.with_name(f"{path.name}.part")
    try:
        temporary.write_bytes(data.getbuffer())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def load_state(path: Path, signature: str) -> dict[str, Any] | None:
    """The last state of a run with the same `signature` (data, network and plan), or None to begin anew.

    A damaged file counts as none: training can always begin again.
    """
    import torch

    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # torch's reader raises whatever the damaged bytes lead it to, KeyError among others
        return None
    return dict(state) if state.get("signature") == signature else None
