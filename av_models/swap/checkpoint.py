"""Training state on disk, replaced in one rename, so that a killed run loses only what came after the last one."""

from __future__ import annotations

import io
import os
import pickle
from pathlib import Path
from typing import Any

import torch

FORMAT = 2
NAME = "training.pt"


def save_checkpoint(folder: Path, state: dict[str, Any]) -> None:
    """Write `state` beside the old checkpoint, then take its place. OSError when that is not possible."""
    data = io.BytesIO()  # torch's own writer hides the reason when the disk is full
    torch.save({"format": FORMAT, **state}, data)
    temporary = folder / f"{NAME}.part"
    try:
        temporary.write_bytes(data.getbuffer())
        os.replace(temporary, folder / NAME)
    finally:
        temporary.unlink(missing_ok=True)


def load_checkpoint(folder: Path, signature: str) -> dict[str, Any] | None:
    """The last state of a run with the same `signature` (data, network and plan), or None to begin anew.

    A damaged file or one of another format counts as none: training can always begin again.
    """
    try:
        state = torch.load(folder / NAME, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError):
        return None
    if state.get("format") != FORMAT or state.get("signature") != signature:
        return None
    return dict(state)


def drop_checkpoint(folder: Path) -> None:
    """After a finished run: its weights are in the store, the state is of no more use."""
    (folder / NAME).unlink(missing_ok=True)


__all__ = ["drop_checkpoint", "load_checkpoint", "save_checkpoint"]
