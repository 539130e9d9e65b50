"""A WAV file of any length that says in its own head that a machine spoke it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .disk import new_file
from .label import LABEL_TEXT

__all__ = ["write_labelled_wav"]


def write_labelled_wav(path: Path, blocks: Iterable[NDArray[np.float32]], rate_hz: int, title: str) -> int:
    """Mono blocks (n,) as 16-bit WAV with the title and the label in its INFO chunk; returns the number of samples.

    What lies beyond -1..1 is clipped. Errors: ResourceError (disk full), InputError (folder not writable).
    """
    import soundfile

    n_samples = 0
    with new_file(path) as part, soundfile.SoundFile(part, "w", rate_hz, 1, "PCM_16", format="WAV") as file:
        file.title, file.comment = title, LABEL_TEXT
        for block in blocks:
            whole = np.clip(np.rint(block.astype(np.float64) * 32768), -32768, 32767).astype(np.int16)
            file.write(whole)
            n_samples += len(whole)
    return n_samples
