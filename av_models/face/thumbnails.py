"""A few small pictures of a track, kept while it streams by, when nobody knows yet how many frames will come."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .occlusion import MODEL_PX

__all__ = ["FaceAlbum", "FaceReel", "PictureAlbum", "Thumbnail"]

Floats = NDArray[np.floating[Any]]
Rgb = NDArray[np.uint8]

_FACE_PX, _PICTURE_PX = 192, 320
_MOST_FACES, _MOST_PICTURES, _MOST_TINY = 24, 64, 3000
_LEAST_LINEAR = 0.5
"""From this scale on bilinear sampling leaves no pixel of a whole picture out, in a fifth of the time of averaging."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """frame: of the footage.  rgb: small.  matrix: (2, 3) from picture px to the thumbnail's px."""

    frame: int
    rgb: Rgb
    matrix: Floats


@dataclass
class _Album:
    """Holds every n-th offer and thins itself out by half when it is full."""

    most: int
    kept: list[Thumbnail] = field(default_factory=list)
    every: int = 1
    n_offered: int = 0

    def wants_next(self) -> bool:
        self.n_offered += 1
        return (self.n_offered - 1) % self.every == 0

    def keep(self, thumbnail: Thumbnail) -> None:
        self.kept.append(thumbnail)
        if len(self.kept) > self.most:
            self.kept = self.kept[::2]
            self.every *= 2


class FaceAlbum(_Album):
    """Upright faces of one tracklet."""

    def __init__(self) -> None:
        super().__init__(_MOST_FACES)

    def offer(self, frame: int, crop: Rgb, matrix: Floats) -> None:
        """crop: upright face (S, S, 3). matrix: from picture px to the crop's px."""
        if self.wants_next():
            self.keep(_shrunk(frame, crop, matrix, _FACE_PX))

    def split_at(self, frame: int) -> FaceAlbum:
        """Hand over what belongs to `frame` and later."""
        rest = FaceAlbum()
        rest.kept = [thumbnail for thumbnail in self.kept if thumbnail.frame >= frame]
        self.kept = [thumbnail for thumbnail in self.kept if thumbnail.frame < frame]
        return rest


class FaceReel(_Album):
    """Every face of one tracklet at the size of `occlusion.FaceModel`, at most 3000: 21 MB."""

    def __init__(self) -> None:
        super().__init__(_MOST_TINY)

    def offer(self, frame: int, crop: Rgb, matrix: Floats) -> None:
        """As for an album."""
        if self.wants_next():
            self.keep(_shrunk(frame, crop, matrix, MODEL_PX))

    def split_at(self, frame: int) -> FaceReel:
        """Hand over what belongs to `frame` and later."""
        rest = FaceReel()
        rest.every, rest.n_offered = self.every, self.n_offered
        rest.kept = [thumbnail for thumbnail in self.kept if thumbnail.frame >= frame]
        self.kept = [thumbnail for thumbnail in self.kept if thumbnail.frame < frame]
        return rest


class PictureAlbum(_Album):
    """Whole pictures, to show why a frame has no face."""

    def __init__(self) -> None:
        super().__init__(_MOST_PICTURES)

    def offer(self, frame: int, rgb: Rgb, *, wanted: bool) -> None:
        """wanted: something changed here, so keep it even when it is not due."""
        if self.wants_next() or wanted:
            self.keep(_shrunk(frame, rgb, np.eye(2, 3), _PICTURE_PX, _LEAST_LINEAR))


def _shrunk(frame: int, rgb: Rgb, matrix: Floats, long_px: int, least_linear: float = 1.0) -> Thumbnail:
    """least_linear: scale below which pixels are averaged, not interpolated."""
    import cv2

    scale = long_px / max(rgb.shape[:2])
    kind = cv2.INTER_AREA if scale < least_linear else cv2.INTER_LINEAR
    small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=kind)
    moved = matrix * scale
    moved[:, 2] += (scale - 1) / 2
    return Thumbnail(frame, small.astype(np.uint8, copy=False), moved)
