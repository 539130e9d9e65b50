"""How much of a person's face is behind something, and which landmarks, from the small pictures that a track kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .front import FRONT_PX, fronts, learn, shares_of
from .mask import hull_mask
from .occlusion import MODEL_PX, FaceModel
from .quality import face_problem
from .thumbnails import Thumbnail
from .tracklets import Tracklet
from .warp import transform

__all__ = ["Hidden", "what_is_hidden"]

Floats = NDArray[np.floating[Any]]

_LEAST_FACES = 24
"""With fewer nobody can tell what is usual for this face."""

_MOST_LESSONS = 100
_STRIDE = 3
"""A hand stays for longer than this many kept faces; those between two that show nothing are not looked at."""


_NEAR = 0.03
"""Of the crop's side: a landmark as near as this to something in front was taken from its edge."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """share (N,) of the face behind something, 0..1, NaN where the face was not seen; 0 where too little is known.
    points (N,68) 0..1: how surely each landmark is covered."""

    share: NDArray[np.float32]
    points: NDArray[np.float32]


def what_is_hidden(tracklets: Sequence[Tracklet], n_frames: int) -> Hidden:
    """Of one person's face in every frame of the footage."""
    shares, points = np.full(n_frames, np.nan, np.float32), np.zeros((n_frames, 68), np.float32)
    for tracklet in tracklets:
        shares[tracklet.frames] = 0.0
    faces = sorted((face for each in tracklets for face in each.reel.kept), key=lambda face: face.frame)
    landmarks = {frame: points for each in tracklets for frame, points in zip(each.frames, each.landmarks, strict=True)}
    plain = [face for face in faces if face_problem(landmarks[face.frame], sharpness=1.0) is None]
    if len(plain) < _LEAST_FACES:
        return Hidden(shares, points)
    model = _learnt(plain, landmarks)
    found = _looked_at(model, faces)
    frames = np.array([face.frame for face in faces])
    for frame in np.flatnonzero(np.isfinite(shares)):
        near = _nearest(frames, int(frame))
        if near in found:
            shares[frame] = shares_of(model, found[near][None])[0]
            points[frame] = _covered(found[near], transform(landmarks[int(frame)], faces[near].matrix))
    return Hidden(shares, points)


def _nearest(frames: NDArray[np.integer[Any]], frame: int) -> int:
    """Row of the kept face that is nearest in time."""
    after = int(np.clip(np.searchsorted(frames, frame), 0, len(frames) - 1))
    before = max(after - 1, 0)
    return before if frame - frames[before] < abs(frames[after] - frame) else after


def _covered(front: Floats, points: Floats) -> NDArray[np.float32]:
    """(K,) of points (K,2), px of MODEL_PX."""
    import cv2

    reach = 2 * round(_NEAR * FRONT_PX) + 1
    wide = cv2.dilate(np.asarray(front, np.float32), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    places = np.round((points + 0.5) * (FRONT_PX / MODEL_PX) - 0.5).astype(int)
    inside = ((places >= 0) & (places < FRONT_PX)).all(1)
    x, y = np.clip(places, 0, FRONT_PX - 1).T
    return np.where(inside, wide[y, x], 0).astype(np.float32)


def _learnt(faces: list[Thumbnail], landmarks: dict[int, Floats]) -> FaceModel:
    chosen = [faces[i] for i in np.unique(np.linspace(0, len(faces) - 1, _MOST_LESSONS).round().astype(int))]
    masks = [hull_mask(transform(landmarks[face.frame], face.matrix), (MODEL_PX, MODEL_PX)) for face in chosen]
    crops = np.stack([face.rgb for face in chosen])
    return learn(crops, np.round(np.stack(masks) * 255).astype(np.uint8))


def _looked_at(model: FaceModel, faces: list[Thumbnail]) -> dict[int, NDArray[np.float32]]:
    """`fronts` (P,P) of every third face, and of those beside one that shows something, by row; only those that do."""
    coarse = sorted({*range(0, len(faces), _STRIDE), len(faces) - 1})
    found = _fronts_in(model, faces, coarse)
    shown = [(before, after) for before, after in pairwise(coarse) if before in found or after in found]
    return found | _fronts_in(model, faces, [k for before, after in shown for k in range(before + 1, after)])


def _fronts_in(model: FaceModel, faces: list[Thumbnail], rows: list[int]) -> dict[int, NDArray[np.float32]]:
    told = fronts(model, [faces[k].rgb for k in rows])
    return {k: one for k, one in zip(rows, told, strict=True) if one.any()}
