"""Training state on disk, replaced in one rename, so that a killed run loses only what came after the last one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ..runtime.checkpoint import save_state

FORMAT = 13
NAME = "training.pt"


@dataclass(frozen=True, slots=True)
class Found:
    """state: of an earlier run of the same training, None to begin anew.  note: why, where a file was there, ''
    otherwise."""

    state: dict[str, Any] | None
    note: str = ""


def save_checkpoint(folder: Path, state: dict[str, Any]) -> None:
    """Write `state` beside the old checkpoint, then take its place. OSError when that is not possible."""
    save_state(folder / NAME, {"format": FORMAT, **state})


def load_checkpoint(folder: Path, signature: str) -> Found:
    """The last state of a run with the same `signature` (data, network and plan).

    A damaged file, or one of another format or training, is no error: training can always begin anew. It is told.
    """
    path = folder / NAME
    if not path.is_file():
        return Found(None)
    try:
        state = dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # torch's reader raises whatever the damaged bytes lead it to, KeyError among others
        return Found(None, f"The checkpoint {path} is damaged ({type(error).__name__}): training begins anew.")
    if (version := state.get("format")) != FORMAT:
        problem = f"has format {version!r}, this version reads {FORMAT!r}"
        return Found(None, f"The checkpoint {path} {problem}: training begins anew.")
    if state.get("signature") != signature:
        problem = "is of another training (other faces, another preset or other settings)"
        return Found(None, f"The checkpoint {path} {problem}: training begins anew.")
    return Found(state)


def drop_checkpoint(folder: Path) -> None:
    """After a finished run: its weights are in the store, the state is of no more use."""
    (folder / NAME).unlink(missing_ok=True)


__all__ = ["NAME", "Found", "drop_checkpoint", "load_checkpoint", "save_checkpoint"]
