"""How much of a person's face is behind something, frame by frame, from the small pictures that a track kept."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .mask import hull_mask
from .occlusion import MODEL_PX, FaceModel
from .quality import face_problem
from .thumbnails import Thumbnail
from .tracklets import Tracklet
from .warp import transform

__all__ = ["hidden_shares"]

Floats = NDArray[np.floating[Any]]

_LEAST_FACES = 24
"""With fewer nobody can tell what is usual for this face."""

_MOST_LESSONS = 100
_STRIDE = 3
"""A hand stays for longer than this many kept faces; those between two that show nothing are not looked at."""


def hidden_shares(tracklets: Sequence[Tracklet], n_frames: int) -> NDArray[np.float32]:
    """(N,) share of the face behind something, 0..1, NaN where the face was not seen; 0 where too little is known."""
    shares = np.full(n_frames, np.nan, np.float32)
    for tracklet in tracklets:
        shares[tracklet.frames] = 0.0
    faces = sorted((face for each in tracklets for face in each.reel.kept), key=lambda face: face.frame)
    landmarks = {frame: points for each in tracklets for frame, points in zip(each.frames, each.landmarks, strict=True)}
    plain = [face for face in faces if face_problem(landmarks[face.frame], sharpness=1.0) is None]
    if len(plain) < _LEAST_FACES:
        return shares
    model = _learnt(plain, landmarks)
    found = _looked_at(model, faces)
    frames = np.array([face.frame for face in faces])
    seen = np.flatnonzero(np.isfinite(shares))
    near = np.clip(np.searchsorted(frames, seen), 0, len(frames) - 1)
    earlier = np.maximum(near - 1, 0)
    shares[seen] = found[np.where(seen - frames[earlier] < np.abs(frames[near] - seen), earlier, near)]
    return shares


def _learnt(faces: list[Thumbnail], landmarks: dict[int, Floats]) -> FaceModel:
    chosen = [faces[i] for i in np.unique(np.linspace(0, len(faces) - 1, _MOST_LESSONS).round().astype(int))]
    masks = [hull_mask(transform(landmarks[face.frame], face.matrix), (MODEL_PX, MODEL_PX)) for face in chosen]
    crops = np.stack([face.rgb for face in chosen])
    return FaceModel.fit(crops, np.round(np.stack(masks) * 255).astype(np.uint8))


def _looked_at(model: FaceModel, faces: list[Thumbnail]) -> NDArray[np.float32]:
    """(K,) of every third face, and of those beside one that shows something."""
    found = np.zeros(len(faces), np.float32)
    coarse = sorted({*range(0, len(faces), _STRIDE), len(faces) - 1})
    found[coarse] = model.hidden_shares([faces[k].rgb for k in coarse])
    shown = [(before, after) for before, after in pairwise(coarse) if found[before] > 0 or found[after] > 0]
    between = [k for before, after in shown for k in range(before + 1, after)]
    found[between] = model.hidden_shares([faces[k].rgb for k in between])
    return found
