"""What training works on: faces of a person in memory, and the weights of a loss that are not ours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from av_models.domain.errors import MediaError
from av_models.domain.face import FaceSet
from tasks.workspace import configs_dir, media_dir, store

if TYPE_CHECKING:
    from av_models.swap.coverage import Coverage
    from av_models.swap.faces import FaceBank
    from av_models.swap.perceptual import PerceptualLoss

__all__ = ["MAX_FACES", "MIN_FACES", "load_bank", "perceptual_loss", "perceptual_weights", "raw_mouths"]

MIN_FACES = 24
MAX_FACES = 720
"""Of one clip: what the largest preset's face basis can use (`basis.py`, six faces a component), held-out faces apart.
Memory stays bounded by it; of a longer clip those are taken that show all of what it shows (`coverage.py`)."""


def load_bank(faces: FaceSet, in_pairs: bool = False) -> FaceBank:
    """The crops of one person in memory, mouths normalised to the person's own range; at most MAX_FACES of them.

    in_pairs: neighbouring frames are wanted where a choice has to be made.
    """
    from av_models.lips.mouth import mouth_scale
    from av_models.swap.faces import FaceBank

    if faces.n_faces < MIN_FACES:
        raise MediaError(
            faces.track.footage.name,
            f"it has only {faces.n_faces} usable faces; training needs {MIN_FACES}",
            "Use a longer clip in which the face looks towards the camera.",
        )
    chosen = _chosen(faces, in_pairs)
    parts: dict[str, list[np.ndarray]] = {name: [] for name in ("crop", "mask", "landmarks", "mouth", "frame")}
    first = 0
    for shard in faces.shards:
        arrays = store().arrays(shard)
        rows = chosen[(chosen >= first) & (chosen < first + len(arrays["frame"]))] - first
        first += len(arrays["frame"])
        for name, values in parts.items():
            values.append(arrays[name][rows])
    joined = {name: np.concatenate(parts.pop(name)) for name in tuple(parts)}
    # On the scale of all faces, as mouths are asked for later: those chosen open wider than is usual.
    joined["mouth"] = mouth_scale(raw_mouths(faces)).normalise(joined["mouth"])
    return FaceBank.from_arrays(**joined)


def _chosen(faces: FaceSet, in_pairs: bool) -> np.ndarray:
    """Rows of the faces to train on."""
    from av_models.swap.coverage import chosen_faces

    if faces.n_faces <= MAX_FACES:
        return np.arange(faces.n_faces)
    return chosen_faces(_shown_in(faces), MAX_FACES, in_pairs)


def _shown_in(faces: FaceSet) -> Coverage:
    """What all gathered faces show, from one look at each shard."""
    from av_models.face.quality import poses, sharpness
    from av_models.lips.mouth import mouth_scale
    from av_models.swap.coverage import Coverage, eye_patches, rarity_of

    seen: dict[str, list[np.ndarray]] = {name: [] for name in ("frame", "mouth", "landmarks", "eyes", "sharp")}
    for shard in faces.shards:
        arrays = store().arrays(shard)
        for name in ("frame", "mouth", "landmarks"):
            seen[name].append(arrays[name])
        seen["eyes"].append(eye_patches(arrays["crop"], arrays["landmarks"]))
        seen["sharp"].append(np.array([sharpness(crop) for crop in arrays["crop"]], np.float32))
    joined = {name: np.concatenate(values) for name, values in seen.items()}
    turns, codes = poses(joined["landmarks"]), mouth_scale(joined["mouth"]).normalise(joined["mouth"])
    lids = rarity_of(joined["eyes"])
    return Coverage(joined["frame"], turns["yaw_deg"], turns["pitch_deg"], codes[:, 0], lids, joined["sharp"])


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
