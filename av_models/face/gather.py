"""Aligned crops of one person for training, and what they cover."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .mask import hull_mask
from .quality import head_pose
from .track import PictureLike
from .warp import align_matrix, mean_template, transform, warp_crop

__all__ = ["Coverage", "coverage", "gather"]

_BATCH = 64


def gather(
    pictures: Iterable[PictureLike], track: Mapping[str, NDArray[Any]], size_px: int
) -> Iterator[dict[str, NDArray[Any]]]:
    """Batches of at most 64 usable faces in the crop of `warp.mean_template`.

    pictures: of the same footage, in any order.  track: arrays as `FaceTrack.data` describes.
    Yields crop (M, S, S, 3) uint8, mask (M, S, S) uint8, landmarks (M, 68, 2) float32 in crop px, frame (M,) int32;
    nothing at all when no frame is usable.
    """
    usable, landmarks = track["usable"], track["landmarks"].astype(np.float64)
    if not usable.any():
        return
    template = mean_template(landmarks[usable])
    batch: list[dict[str, Any]] = []
    for picture in pictures:
        if not usable[picture.index]:
            continue
        matrix = align_matrix(landmarks[picture.index], size_px, template)
        points = transform(landmarks[picture.index], matrix)
        mask = np.round(hull_mask(points, (size_px, size_px)) * 255).astype(np.uint8)
        crop = warp_crop(picture.rgb, matrix, size_px)
        batch.append({"crop": crop, "mask": mask, "landmarks": points.astype(np.float32), "frame": picture.index})
        if len(batch) == _BATCH:
            yield _stacked(batch)
            batch = []
    if batch:
        yield _stacked(batch)


def _stacked(batch: list[dict[str, Any]]) -> dict[str, NDArray[Any]]:
    stacked = {key: np.stack([face[key] for face in batch]) for key in ("crop", "mask", "landmarks")}
    return {**stacked, "frame": np.array([face["frame"] for face in batch], np.int32)}


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a track shows of a person: 5th and 95th percentile of the turn in degrees, shares 0..1 of usable frames."""

    n_faces: int
    yaw_deg: tuple[float, float]
    pitch_deg: tuple[float, float]
    face_height_px: float
    share_mouth_open: float
    share_mouth_closed: float

    def __str__(self) -> str:
        if not self.n_faces:
            return "no usable face"
        return (
            f"{self.n_faces} faces of about {self.face_height_px:.0f} px, "
            f"turned {self.yaw_deg[0]:+.0f} to {self.yaw_deg[1]:+.0f} degrees, "
            f"nodding {self.pitch_deg[0]:+.0f} to {self.pitch_deg[1]:+.0f}, "
            f"mouth open in {self.share_mouth_open:.0%}, closed in {self.share_mouth_closed:.0%}"
        )


_OPEN, _CLOSED = 0.25, 0.08


def coverage(track: Mapping[str, NDArray[Any]]) -> Coverage:
    """Summary of the usable frames. Pitch is from the person's own middle; the mouth by inner height over width."""
    landmarks = track["landmarks"][track["usable"]].astype(np.float64)
    if not len(landmarks):
        return Coverage(0, (0.0, 0.0), (0.0, 0.0), 0.0, 0.0, 0.0)
    poses = [head_pose(points) for points in landmarks]
    yaw, pitch = np.array([pose.yaw_deg for pose in poses]), np.array([pose.pitch_deg for pose in poses])
    low, high = np.percentile(yaw, [5, 95])
    down, up = np.percentile(pitch - np.median(pitch), [5, 95])
    gap = np.hypot(*(landmarks[:, 62] - landmarks[:, 66]).T) / np.hypot(*(landmarks[:, 60] - landmarks[:, 64]).T)
    height = np.median(np.hypot(*(landmarks[:, 17:27].mean(axis=1) - landmarks[:, 8]).T))
    return Coverage(
        n_faces=len(landmarks),
        yaw_deg=(float(low), float(high)),
        pitch_deg=(float(down), float(up)),
        face_height_px=float(height),
        share_mouth_open=float((gap > _OPEN).mean()),
        share_mouth_closed=float((gap < _CLOSED).mean()),
    )
