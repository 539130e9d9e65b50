"""Where the scorer sees faces: one plain look of dlib at each picture, the same for every method that is scored.

The product's own trackers look more often and smooth; a method must not be judged by its own eyes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from av_models.domain.errors import InputError
from av_models.runtime.weights import dlib_file

__all__ = ["SeenClip", "see_clip"]

Floats = NDArray[np.floating[Any]]
Rgb = NDArray[np.uint8]

EVERY = 5
"""Identity is taken at every fifth frame."""


@dataclass(frozen=True, slots=True, eq=False)
class SeenClip:
    """landmarks: (N, 68, 2) px, iBUG-68 order.  descriptors: (M, 128), of every fifth frame.  n_missed: frames in which
    the detector found nothing and the face was looked for where it had to be."""

    landmarks: Floats
    descriptors: Floats
    n_missed: int

    @property
    def identity(self) -> Floats:
        """The mean descriptor."""
        return np.asarray(self.descriptors.mean(0))


def see_clip(
    frames: Iterable[Rgb], fallback: Floats | None = None, on_frame: Callable[[int], None] = lambda done: None
) -> SeenClip:
    """Look at every frame of a clip. fallback: landmarks (N, 68, 2) that say where the face has to be.

    Without a fallback a frame in which nothing is found is looked at where the last face was. InputError when there is
    no such frame yet.
    """
    look = _Look()
    landmarks, descriptors, n_missed = [], [], 0
    box: Any = None
    for index, rgb in enumerate(frames):
        found = look.largest(rgb)
        n_missed += found is None
        box = found or (box if fallback is None else look.box_of(fallback[index]))
        if box is None:
            raise InputError(f"No face is found in frame {index}.", "The scorer needs a face from the first frame on.")
        landmarks.append(look.points(rgb, box))
        if index % EVERY == 0:
            descriptors.append(look.descriptor(rgb, landmarks[-1]))
        on_frame(index + 1)
    if not landmarks:
        raise InputError("The clip to score has no frame.", "Render it again.")
    return SeenClip(np.array(landmarks), np.array(descriptors), n_missed)


class _Look:
    """dlib's detector, predictor and descriptor, as they come."""

    def __init__(self) -> None:
        import dlib

        self._dlib: Any = dlib
        self._detector = dlib.get_frontal_face_detector()
        self._predictor = dlib.shape_predictor(str(dlib_file("shape_predictor_68_face_landmarks.dat")))
        self._encoder = dlib.face_recognition_model_v1(str(dlib_file("dlib_face_recognition_resnet_model_v1.dat")))

    def largest(self, rgb: Rgb) -> Any:
        import cv2

        found = self._detector(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), 0)
        return max(found, key=lambda box: box.area()) if len(found) else None

    def box_of(self, landmarks: Floats) -> Any:
        return self._dlib.rectangle(*(int(v) for v in (*landmarks.min(0), *landmarks.max(0))))

    def points(self, rgb: Rgb, box: Any) -> Floats:
        shape = self._predictor(rgb, box)
        return np.array([(point.x, point.y) for point in shape.parts()], np.float64)

    def descriptor(self, rgb: Rgb, landmarks: Floats) -> Floats:
        points = [self._dlib.point(int(x), int(y)) for x, y in landmarks]
        shape = self._dlib.full_object_detection(self.box_of(landmarks), points)
        return np.array(self._encoder.compute_face_descriptor(np.ascontiguousarray(rgb), shape))
