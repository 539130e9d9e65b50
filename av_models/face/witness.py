"""A second opinion on a finished picture: where the face is, how its lips stand, whose it is.

The pictures were made with the landmarks of `track`; measured by the same, an error of theirs would hide. So this looks
afresh at every frame, with dlib's detector and 68-point predictor as their author publishes them, and smooths nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from av_models.runtime.weights import dlib_file

__all__ = ["DESCRIBE_EVERY", "Box", "Face", "Looker", "Rgb", "Sighting", "Witness", "overlap", "watch"]

Floats = NDArray[np.floating[Any]]
Rgb = NDArray[np.uint8]
Box = tuple[float, float, float, float]
Face = tuple[Box, Floats]
"""A box and its landmarks (68, 2), px."""

_SEARCH_PX = 960
_NEAR_PX, _NEAR_FACE = 400, 2.0
DESCRIBE_EVERY = 5


class PictureLike(Protocol):
    @property
    def index(self) -> int: ...
    @property
    def rgb(self) -> Rgb: ...


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """One frame. landmarks: (68, 2) px.  box: left, top, right, bottom px.  descriptor: (D,), on every fifth frame."""

    frame: int
    landmarks: Floats
    box: Box
    descriptor: Floats | None


class Looker:
    """Finds faces of any size with dlib's detector, and their landmarks."""

    def __init__(self) -> None:
        import dlib

        self._detector = dlib.get_frontal_face_detector()
        self._predictor = dlib.shape_predictor(str(dlib_file("shape_predictor_68_face_landmarks.dat")))

    def near(self, rgb: Rgb, last: Box) -> Face | None:
        """The face at its last place, in a crop where it is some 200 px tall."""
        side = _NEAR_FACE * (last[2] - last[0])
        left, top = (last[0] + last[2] - side) / 2, (last[1] + last[3] - side) / 2
        found = self._in_crop(rgb, left, top, side, _NEAR_PX / side)
        return max(found, key=lambda face: overlap(face[0], last), default=None)

    def anywhere(self, rgb: Rgb) -> list[Face]:
        """All faces of the whole picture, each measured in a crop of its own."""
        height, width = rgb.shape[:2]
        long_px = max(height, width)
        boxes = [box for box, _ in self._in_crop(rgb, 0, 0, long_px, min(_SEARCH_PX / long_px, 2.0))]
        return [face for face in (self.near(rgb, box) for box in boxes) if face]

    def _in_crop(self, rgb: Rgb, left: float, top: float, side: float, scale: float) -> list[Face]:
        """Faces in a square of the picture, looked at after scaling; black beyond the picture's edge."""
        import cv2

        matrix = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]])
        size_px = round(side * scale)
        flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        if scale < 0.5:
            # Bilinear warping skips pixels below half size; a face of 4K would alias into the detector's gradients.
            rgb = np.asarray(cv2.GaussianBlur(rgb, (0, 0), 0.4 / scale), np.uint8)
        crop = cv2.warpAffine(rgb, matrix, (size_px, size_px), flags=flags)
        found: list[Face] = []
        for seen in self._detector(crop, 0):
            shape = self._predictor(crop, seen)
            points = np.array([(point.x, point.y) for point in shape.parts()], np.float64)
            box = (seen.left(), seen.top(), seen.right() + 1, seen.bottom() + 1)
            corner = (left, top, left, top)
            x0, y0, x1, y1 = (value / scale + zero for value, zero in zip(box, corner, strict=True))
            found.append(((x0, y0, x1, y1), points / scale + (left, top)))
        return found


class Witness:
    """Follows the face that is nearest to one of `people` (descriptors). describe: (rgb, landmarks) -> descriptor."""

    def __init__(self, people: Sequence[Floats], describe: Callable[[Rgb, Floats], Floats]) -> None:
        self.describe = describe
        self._people = people
        self._looker = Looker()
        self._last: Box | None = None

    def look(self, rgb: Rgb) -> Face | None:
        """Box and landmarks (68, 2) of the person, or None."""
        found = self._looker.near(rgb, self._last) if self._last else None
        found = found or self._anywhere(rgb)
        self._last = found[0] if found else None
        return found

    def _anywhere(self, rgb: Rgb) -> Face | None:
        """Of several faces the one that looks most like the people."""
        known = self._looker.anywhere(rgb)
        if len(known) < 2:
            return known[0] if known else None
        return min(known, key=lambda face: self._distance(rgb, face[1]))

    def _distance(self, rgb: Rgb, landmarks: Floats) -> float:
        unit = self.describe(rgb, landmarks)
        return min(float(np.linalg.norm(unit - person)) for person in self._people)


def watch(pictures: Iterable[PictureLike], witness: Witness) -> Iterator[Sighting]:
    """Every frame in which the face is seen."""
    for picture in pictures:
        face = witness.look(picture.rgb)
        if face is not None:
            box, landmarks = face
            due = picture.index % DESCRIBE_EVERY == 0
            yield Sighting(picture.index, landmarks, box, witness.describe(picture.rgb, landmarks) if due else None)


def overlap(a: Box, b: Box) -> float:
    """Square pixels that two boxes share."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(width, 0.0) * max(height, 0.0)
