"""Where to look for faces, and how finely: coarsely often, finely seldom, for tilted heads when nothing else helps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .backend import Box, Detection, FaceBackend
from .quality import LEAST_FACE_PX
from .warp import invert, transform

__all__ = ["Search"]

Rgb = NDArray[np.uint8]
Floats = NDArray[np.floating[Any]]

_COARSE_PX, _FINE_PX, _FINEST_PX = 640, 1920, 3200
_TILTED_EVERY, _FINE_EVERY = 10, 50
_SMALLER = 0.6
_NEAR = 1.5
"""How far round its last place a face that was lost is looked for, in its own widths to each side."""

_LIKELY = 0.75
"""A face is looked for at a size at which it could be smaller by this and still be found."""
_TILTS_DEG = (-35.0, 35.0)


class Search:
    """Finds faces in whole pictures, at the size that the moment is worth.

    A fine search finds faces of a twenty-fourth of the picture's longer side: 80 px at 1080p, 160 px at 4K with dlib.
    A coarse one costs a sixth of it and finds those of an eighth. The first picture of every shot is searched finely,
    and one every 50 frames; whoever comes into the picture small is found that late at worst.
    """

    def __init__(self, backend: FaceBackend) -> None:
        self._backend = backend
        self._fine_at: int | None = None

    def new_shot(self) -> None:
        """The next search is a fine one."""
        self._fine_at = None

    def faces(
        self, rgb: Rgb, known: list[Box], frame: int, lost_for: int, *, lost: Sequence[Box] = (), following: bool = True
    ) -> list[Detection]:
        """Faces in picture pixels, some of them perhaps twice.

        known: boxes of the faces that were seen last.  following: they are being followed, and between fine searches
        only faces down to 0.6 of the smallest are looked for, and beside them each of `lost` round its last place;
        otherwise all of them are to be found again.  lost_for: frames since the last face.  With nobody in sight every
        picture is searched coarsely, every 10th also finely and tilted, every 50th down to LEAST_FACE_PX as far as the
        picture's size permits.
        """
        if self._fine_at is None or frame - self._fine_at >= _FINE_EVERY:
            self._fine_at = frame
            found = self._at(rgb, _FINE_PX)
        elif known:
            long_px = self._long_px(rgb, min(_width(box) for box in known) * _SMALLER)
            long_px = min(long_px, _COARSE_PX) if following else min(max(long_px, _COARSE_PX), _FINE_PX)
            return self._at(rgb, long_px) + self._near(rgb, lost, long_px)
        else:
            found = self._at(rgb, _COARSE_PX)
        return found if found or known else self._anywhere(rgb, lost_for)

    def _anywhere(self, rgb: Rgb, lost_for: int) -> list[Detection]:
        """Nobody is in sight: more finely, and tilted, now and then."""
        found: list[Detection] = []
        for long_px, every in ((_FINE_PX, _TILTED_EVERY), (_FINEST_PX, _FINE_EVERY)):
            if not found and lost_for % every == 0:
                found = self._at(rgb, long_px)
        return self._tilted(rgb) if not found and lost_for % _TILTED_EVERY == 0 else found

    def _near(self, rgb: Rgb, lost: Sequence[Box], long_px: int) -> list[Detection]:
        """Round the last places of faces that are too small to be found in the whole picture at `long_px`."""
        found: list[Detection] = []
        for box in lost:
            if self._long_px(rgb, _width(box)) <= long_px:
                continue
            part, corner = _round_about(rgb, box)
            if min(part.shape[:2]) < 2:
                continue
            inside = self._at(part, self._long_px(part, _width(box) * _LIKELY))
            found += [_moved(face, np.array([[1.0, 0, corner[0]], [0, 1.0, corner[1]]])) for face in inside]
        return found

    def _long_px(self, rgb: Rgb, face_px: float) -> int:
        """The longer side at which faces of face_px are just large enough for the detector."""
        return int(self._backend.least_face_px / max(face_px, 1.0) * max(rgb.shape[:2]))

    def _at(self, rgb: Rgb, long_px: int) -> list[Detection]:
        small, scale = self._scaled(rgb, long_px)
        return [_moved(face, np.array([[1 / scale, 0, 0], [0, 1 / scale, 0]])) for face in self._backend.detect(small)]

    def _scaled(self, rgb: Rgb, long_px: int) -> tuple[Rgb, float]:
        import cv2

        most = self._backend.least_face_px / LEAST_FACE_PX
        scale = min(long_px / max(rgb.shape[:2]), most)
        kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        return cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=kind).astype(np.uint8, copy=False), scale

    def _tilted(self, rgb: Rgb) -> list[Detection]:
        """The HOG detector knows upright faces only: turn the picture both ways."""
        import cv2

        small, scale = self._scaled(rgb, _COARSE_PX)
        height, width = small.shape[:2]
        for tilt_deg in _TILTS_DEG:
            turn = np.array(cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), tilt_deg, 1.0), np.float64)
            back = invert(turn) / scale
            turned = cv2.warpAffine(small, turn, (width, height)).astype(np.uint8, copy=False)
            found = self._backend.detect(turned)
            if found:
                return [self._turned_back(turned, face, back) for face in found]
        return []

    def _turned_back(self, turned: Rgb, face: Detection, back: Floats) -> Detection:
        """A box cannot be turned, landmarks can: fit them where the face stands upright."""
        if face.landmarks is None:
            face = replace(face, landmarks=self._backend.landmarks(turned, face.box))
        return _moved(face, back)


def _width(box: Box) -> float:
    return box[2] - box[0]


def _round_about(rgb: Rgb, box: Box) -> tuple[Rgb, tuple[int, int]]:
    """The part of the picture round a box, and its left upper corner."""
    reach = _NEAR * _width(box)
    left, top = (max(0, int(at - reach)) for at in box[:2])
    right, bottom = (max(0, int(at + reach)) for at in box[2:])
    return rgb[top:bottom, left:right], (left, top)


def _moved(face: Detection, back: Floats) -> Detection:
    """The detection through a similarity (2, 3); the box stays level and square on its centre."""
    left, top, right, bottom = face.box
    x, y = transform(np.array([[(left + right) / 2, (top + bottom) / 2]]), back)[0]
    zoom = np.hypot(back[0, 0], back[1, 0])
    half_w, half_h = zoom * (right - left) / 2, zoom * (bottom - top) / 2
    points = None if face.landmarks is None else transform(face.landmarks, back)
    return Detection((float(x - half_w), float(y - half_h), float(x + half_w), float(y + half_h)), face.score, points)
