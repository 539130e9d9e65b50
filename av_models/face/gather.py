"""Aligned crops of one person for training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .mask import hull_mask
from .track import PictureLike
from .warp import align_matrix, mean_template, transform, warp_crop

__all__ = ["gather"]

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
