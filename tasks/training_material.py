"""What training works on: faces of a person in memory, and the weights of a loss that are not ours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from av_models.domain.errors import MediaError
from av_models.domain.face import FaceSet
from tasks.workspace import configs_dir, media_dir, store

if TYPE_CHECKING:
    from av_models.swap.faces import FaceBank
    from av_models.swap.perceptual import PerceptualLoss

__all__ = ["MAX_FACES", "MIN_FACES", "load_bank", "perceptual_loss", "perceptual_weights", "raw_mouths", "thinned"]

MIN_FACES = 24
MAX_FACES = 450
"""More than this many frames of one clip teach no more; they are thinned evenly, so that memory stays bounded."""


def load_bank(faces: FaceSet) -> FaceBank:
    """The crops of one person in memory, mouths normalised to the person's own range; at most MAX_FACES of them."""
    from av_models.lips.mouth import mouth_scale
    from av_models.swap.faces import FaceBank

    if faces.n_faces < MIN_FACES:
        raise MediaError(
            faces.track.footage.name,
            f"it has only {faces.n_faces} usable faces; training needs {MIN_FACES}",
            "Use a longer clip in which the face looks towards the camera.",
        )
    chosen = thinned(faces.n_faces, MAX_FACES)
    parts: dict[str, list[np.ndarray]] = {name: [] for name in ("crop", "mask", "landmarks", "mouth", "frame")}
    first = 0
    for shard in faces.shards:
        arrays = store().arrays(shard)
        rows = chosen[(chosen >= first) & (chosen < first + len(arrays["frame"]))] - first
        first += len(arrays["frame"])
        for name, values in parts.items():
            values.append(arrays[name][rows])
    joined = {name: np.concatenate(parts.pop(name)) for name in tuple(parts)}
    joined["mouth"] = mouth_scale(joined["mouth"]).normalise(joined["mouth"])
    return FaceBank.from_arrays(**joined)


def thinned(n: int, most: int) -> np.ndarray:
    """At most `most` of n rows, in pairs of neighbours at even distances: what changes from one frame to the next is
    wanted, too."""
    if n <= most:
        return np.arange(n)
    first = np.linspace(0, n - 2, most // 2).round().astype(int)
    return np.unique(np.concatenate([first, first + 1]))


def raw_mouths(faces: FaceSet) -> np.ndarray:
    """(M,8) raw mouth codes of all gathered frames."""
    return np.concatenate([store().arrays(shard)["mouth"] for shard in faces.shards])


def perceptual_weights() -> Path:
    """Where the weights of the perceptual loss belong, whether they are there or not."""
    from av_models.swap.perceptual import FILE_NAME

    return media_dir() / "models" / "perceptual" / FILE_NAME


def perceptual_loss() -> PerceptualLoss:
    """Raises ModelError when the weights are not there or are not those of the lock."""
    from av_models.io.settings_file import read_settings
    from av_models.runtime.weights import read_lock, verify
    from av_models.swap.perceptual import load_perceptual

    path, lock = perceptual_weights(), read_lock(read_settings(configs_dir() / "weights.lock.yaml"))
    if path.is_file() and path.name in lock:
        verify(path, lock[path.name])
    return load_perceptual(path)
