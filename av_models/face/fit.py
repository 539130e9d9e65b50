"""Landmarks of one face, found in an upright crop of fixed size: the same at 240 lines and at 4K, level or tilted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .backend import Box, Detection, FaceBackend
from .warp import RIGID, invert, similarity, transform, warp_crop

__all__ = ["FIT_PX", "Fit", "fit_again", "fit_detection", "look_again", "upright_box", "upright_matrix"]

Floats = NDArray[np.floating[Any]]
Rgb = NDArray[np.uint8]

FIT_PX = 320
"""Side of the crop; a face is about 205 px tall in it, so that whole-pixel answers cost less than 0.2 px."""

_LOOK_PX, _LOOK_ZOOM = 168, 0.72
_GLANCE_PX = 20

_TEMPLATE = np.array([
    (0.500, 0.2895), (0.500, 0.3446), (0.500, 0.3994), (0.500, 0.4555), (0.4466, 0.4965), (0.4725, 0.5072),
    (0.500, 0.5158), (0.5275, 0.5072), (0.5534, 0.4965), (0.3063, 0.2961), (0.4212, 0.3063), (0.5788, 0.3063),
    (0.6937, 0.2961),
])  # fmt: skip
"""Where the rigid points lie in a unit crop: the mean of two rendered heads, made symmetric."""

_BOX: Box = (0.149, 0.092, 0.851, 0.789)
"""What the HOG detector calls the face in the same crop, on the mean of the same heads."""


@dataclass(frozen=True, slots=True)
class Fit:
    """landmarks: (68, 2) picture px.  spread: how far the looks disagree, as a share of the box.  crop: the face.

    matrix: (2, 3) from picture px to the crop's px.
    glance: a tiny picture of the face as a unit vector, to tell whether something came before it.
    """

    landmarks: Floats
    spread: float
    crop: Rgb
    matrix: Floats
    glance: Floats


def upright_matrix(landmarks: Floats, size_px: int = FIT_PX) -> Floats:
    """(2, 3) from picture px to an upright crop of `size_px` that shows the face of these landmarks."""
    return similarity(landmarks[list(RIGID)], _TEMPLATE * size_px - 0.5)


def upright_box(landmarks: Floats) -> Box:
    """The square that a detector would draw round the face of landmarks (68, 2), steadier than the detector does."""
    return _box_in_picture(_scaled(_BOX, FIT_PX), invert(upright_matrix(landmarks)))


def fit_again(rgb: Rgb, landmarks: Floats, backend: FaceBackend) -> Fit:
    """Landmarks near the given ones (68, 2): those of the frame before, or a first guess."""
    matrix = upright_matrix(landmarks)
    crop = warp_crop(rgb, matrix, FIT_PX)
    looks = backend.fits(crop, _scaled(_BOX, FIT_PX))
    spread = float(looks.std(axis=0).mean()) / ((_BOX[2] - _BOX[0]) * FIT_PX)
    return Fit(transform(looks.mean(axis=0), invert(matrix)), spread, crop, matrix, _glance(crop))


def fit_detection(rgb: Rgb, detection: Detection, backend: FaceBackend) -> Fit:
    """Landmarks of a face that was just detected, refined until they no longer depend on the detector's box."""
    rough = detection.landmarks
    if rough is None:
        left, top, right, bottom = detection.box
        corners = np.array([(left, top), (right, top), (right, bottom)])
        target = np.array([(_BOX[0], _BOX[1]), (_BOX[2], _BOX[1]), (_BOX[2], _BOX[3])]) * FIT_PX
        matrix = similarity(corners, target)
        rough = transform(backend.landmarks(warp_crop(rgb, matrix, FIT_PX), _scaled(_BOX, FIT_PX)), invert(matrix))
    return fit_again(rgb, fit_again(rgb, rough, backend).landmarks, backend)


def look_again(rgb: Rgb, landmarks: Floats, backend: FaceBackend) -> Detection | None:
    """Ask the detector whether a face really is where landmarks (68, 2) say, in a small upright crop."""
    size_px = round(_LOOK_PX * backend.least_face_px / 80)
    matrix = similarity(landmarks[list(RIGID)], ((_TEMPLATE - 0.5) * _LOOK_ZOOM + 0.5) * size_px - 0.5)
    found = backend.detect(warp_crop(rgb, matrix, size_px))
    if not found:
        return None
    back = invert(matrix)
    inner = found[0].landmarks
    return Detection(
        _box_in_picture(found[0].box, back), found[0].score, None if inner is None else transform(inner, back)
    )


def _glance(crop: Rgb) -> Floats:
    import cv2

    gray = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    tiny = cv2.resize(gray, (_GLANCE_PX, _GLANCE_PX), interpolation=cv2.INTER_AREA).astype(np.float64).ravel()
    tiny -= tiny.mean()
    return np.asarray(tiny / (np.linalg.norm(tiny) + 1e-6))


def _scaled(box: Box, factor: float) -> Box:
    left, top, right, bottom = box
    return (left * factor, top * factor, right * factor, bottom * factor)


def _box_in_picture(box: Box, back: Floats) -> Box:
    """The level square with the same centre and size, wherever the crop was turned."""
    x, y = transform(np.array([[(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]]), back)[0]
    half = float(np.hypot(back[0, 0], back[1, 0])) * (box[2] - box[0]) / 2
    return (float(x) - half, float(y) - half, float(x) + half, float(y) + half)
