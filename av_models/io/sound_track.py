"""Sound of any length in bounded memory: read piece by piece, from arrays or from plain float files on disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .disk import new_file

__all__ = ["BLOCK_SAMPLES", "ArraySound", "Sound", "SoundFile", "blocks_of", "write_sound"]

Samples = NDArray[np.float32]

BLOCK_SAMPLES = 1 << 18
"""5.5 s at 48 kHz: long enough that edges cost nothing, one megabyte a channel."""


class Sound(Protocol):
    """Sound with samples 0..n_samples of n_channels."""

    @property
    def n_samples(self) -> int: ...

    @property
    def n_channels(self) -> int: ...

    def read(self, start: int, end: int) -> Samples:
        """(end - start, n_channels) float32; must lie within the sound."""


class ArraySound:
    """Samples in memory, (N,) or (N, C)."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples if samples.ndim == 2 else samples[:, None]

    @property
    def n_samples(self) -> int:
        return len(self._samples)

    @property
    def n_channels(self) -> int:
        return self._samples.shape[1]

    def read(self, start: int, end: int) -> Samples:
        return self._samples[start:end]


class SoundFile:
    """A file of interleaved little-endian float32 without a header, as `write_sound` makes it and FFmpeg's f32le."""

    def __init__(self, path: Path, n_channels: int) -> None:
        self.path = path
        self._n_channels = n_channels
        self._n_samples = path.stat().st_size // (4 * n_channels)

    @property
    def n_samples(self) -> int:
        return self._n_samples

    @property
    def n_channels(self) -> int:
        return self._n_channels

    def read(self, start: int, end: int) -> Samples:
        count = (end - start) * self._n_channels
        flat = np.fromfile(self.path, "<f4", count, offset=4 * start * self._n_channels)
        return flat.reshape(-1, self._n_channels)


def write_sound(path: Path, blocks: Iterable[Samples], n_channels: int) -> SoundFile:
    """Keep blocks (n, n_channels) one after the other. Errors: ResourceError (disk full)."""
    with new_file(path) as part, part.open("wb") as file:
        for block in blocks:
            file.write(np.ascontiguousarray(block, "<f4").data)
    return SoundFile(path, n_channels)


def blocks_of(sound: Sound, n_samples: int = BLOCK_SAMPLES) -> Iterator[Samples]:
    """The whole sound, a block at a time."""
    for start in range(0, sound.n_samples, n_samples):
        yield sound.read(start, min(start + n_samples, sound.n_samples))
