"""What a person needs to see to trust a track: faces with their landmarks, and frames without one, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from av_models.domain.face import ProblemRange

from .mask import hull_points
from .thumbnails import Thumbnail
from .track import Followed
from .warp import transform

__all__ = ["face_sheet", "people_sheet"]

Rgb = NDArray[np.uint8]
Floats = NDArray[np.floating[Any]]
Tile = tuple[Rgb, str]

_LINES = (
    *((range(a, b), False) for a, b in ((0, 17), (17, 22), (22, 27), (27, 31), (31, 36))),
    *((range(a, b), True) for a, b in ((36, 42), (42, 48), (48, 60), (60, 68))),
)
_POINT_RGB, _LINE_RGB, _HULL_RGB = (255, 255, 255), (60, 220, 120), (255, 190, 40)
_SUBPIXEL_BITS = 4


def face_sheet(followed: Followed, n_faces: int = 16, n_problems: int = 8) -> list[Tile]:
    """Tiles (picture, caption) for a contact sheet: faces spread over the footage, then the longest problems.

    Faces carry the smoothed landmarks and, in another colour, the outline of the mask.
    """
    usable = followed.arrays["usable"]
    faces = [thumbnail for thumbnail in followed.faces if usable[thumbnail.frame]]
    tiles = [_face_tile(each, followed) for each in _spread(faces, n_faces)]
    longest = sorted(followed.problems, key=lambda each: each.first - each.last)[:n_problems]
    for problem in sorted(longest, key=lambda each: each.first):
        tiles.append(_problem_tile(problem, followed))
    return tiles


def people_sheet(people: Sequence[Followed], faces_each: int = 3) -> list[Tile]:
    """Tiles (picture, caption) of everybody, numbered from 1: who is who, when, and how much of them can be used."""
    tiles: list[Tile] = []
    for number, followed in enumerate(people, 1):
        seen = np.flatnonzero(np.isfinite(followed.arrays["sharpness"]))
        times = followed.arrays["time_s"]
        for face in _spread([*followed.faces], faces_each):
            caption = f"{number}: {len(seen)} frames, {followed.n_usable} usable\n"
            tiles.append((_numbered(face.rgb, number), caption + f"{times[seen[0]]:.1f} to {times[seen[-1]]:.1f} s"))
    if not tiles:
        tiles = [(picture.rgb, f"frame {picture.frame}: no face") for picture in _spread([*people[0].pictures], 6)]
    return tiles


def _numbered(rgb: Rgb, number: int) -> Rgb:
    """The number in the upper left corner, readable on any face."""
    import cv2

    canvas = rgb.copy()
    place, font, size = (10, round(0.2 * rgb.shape[0])), cv2.FONT_HERSHEY_SIMPLEX, rgb.shape[0] / 120
    for color, width in ((0, 0, 0), 8), (_POINT_RGB, 3):
        cv2.putText(canvas, str(number), place, font, size, color, width, cv2.LINE_AA)
    return canvas


def _spread(faces: list[Thumbnail], n: int) -> list[Thumbnail]:
    if len(faces) <= n:
        return faces
    return [faces[i] for i in np.linspace(0, len(faces) - 1, n).round().astype(int)]


def _face_tile(thumbnail: Thumbnail, followed: Followed) -> Tile:
    points = transform(followed.arrays["landmarks"][thumbnail.frame].astype(np.float64), thumbnail.matrix)
    return _drawn(thumbnail.rgb, points), f"frame {thumbnail.frame}"


def _problem_tile(problem: ProblemRange, followed: Followed) -> Tile:
    frames = f"frame {problem.first}" if problem.first == problem.last else f"frames {problem.first}-{problem.last}"
    middle = (problem.first + problem.last) / 2
    nearest = min(followed.pictures, key=lambda each: abs(each.frame - middle))
    shown = nearest.rgb if problem.first <= nearest.frame <= problem.last else (nearest.rgb // 3 + 40).astype(np.uint8)
    return shown, f"{frames}: {problem.reason.value}"


def _drawn(rgb: Rgb, points: Floats) -> Rgb:
    import cv2

    def line(outline: Floats, color: tuple[int, int, int], closed: bool) -> None:
        fixed = np.round(outline * 2**_SUBPIXEL_BITS).astype(np.int32)
        cv2.polylines(canvas, [fixed], closed, color, 1, cv2.LINE_AA, _SUBPIXEL_BITS)

    canvas = rgb.copy()
    line(np.asarray(cv2.convexHull(hull_points(points).astype(np.float32)), np.float64)[:, 0], _HULL_RGB, True)
    for part, closed in _LINES:
        line(points[list(part)], _LINE_RGB, closed)
    for x, y in np.round(points * 2**_SUBPIXEL_BITS).astype(int):
        cv2.circle(canvas, (int(x), int(y)), 2**_SUBPIXEL_BITS // 2, _POINT_RGB, -1, cv2.LINE_AA, _SUBPIXEL_BITS)
    return canvas
