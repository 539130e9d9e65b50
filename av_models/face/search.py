"""Where to look for faces, and how finely: coarsely often, finely seldom, for tilted heads when nothing else helps."""

from __future__ import annotations

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

_COARSE_PX, _MIDDLE_PX, _FINE_PX = 640, 1600, 3200
_MIDDLE_EVERY, _FINE_EVERY = 10, 50
_SMALLER = 0.6
_TILTS_DEG = (-35.0, 35.0)


class Search:
    """Finds faces in whole pictures, at the size that the moment is worth."""

    def __init__(self, backend: FaceBackend) -> None:
        self._backend = backend

    def faces(self, rgb: Rgb, known: list[Box], frame: int, lost_for: int) -> list[Detection]:
        """Faces in picture pixels.

        known: boxes that are being followed; then only faces down to 0.6 of their size are looked for, but for every
        50th frame.  lost_for: frames since the last face.  With nobody in sight every picture is searched coarsely,
        every 10th also more finely and tilted, every 50th down to LEAST_FACE_PX as far as the picture's size permits.
        """
        if known:
            smallest = min(box[2] - box[0] for box in known)
            wide = frame % _FINE_EVERY == 0
            return self._at(rgb, _COARSE_PX if wide else self._long_px(rgb, smallest * _SMALLER, _COARSE_PX))
        found = self._at(rgb, _COARSE_PX)
        for long_px, every in ((_MIDDLE_PX, _MIDDLE_EVERY), (_FINE_PX, _FINE_EVERY)):
            if not found and lost_for % every == 0:
                found = self._at(rgb, long_px)
        if not found and lost_for % _MIDDLE_EVERY == 0:
            found = self._tilted(rgb)
        return found

    def _long_px(self, rgb: Rgb, face_px: float, most_px: int) -> int:
        """The longer side at which faces of face_px are just large enough for the detector."""
        scale = self._backend.least_face_px / max(face_px, 1.0)
        return int(min(scale * max(rgb.shape[:2]), most_px))

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


def _moved(face: Detection, back: Floats) -> Detection:
    """The detection through a similarity (2, 3); the box stays level and square on its centre."""
    left, top, right, bottom = face.box
    x, y = transform(np.array([[(left + right) / 2, (top + bottom) / 2]]), back)[0]
    zoom = np.hypot(back[0, 0], back[1, 0])
    half_w, half_h = zoom * (right - left) / 2, zoom * (bottom - top) / 2
    points = None if face.landmarks is None else transform(face.landmarks, back)
    return Detection((float(x - half_w), float(y - half_h), float(x + half_w), float(y + half_h)), face.score, points)
