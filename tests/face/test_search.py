"""Small faces are found beside large ones: at the start of every shot, again and again, and where they were lost."""

from __future__ import annotations

import numpy as np
import pytest
from people_made import head, pasted, performance, scaled, shown, wall

from av_models.face.backend import FaceBackend
from av_models.face.search import Search
from av_models.face.track import follow_people

_SIZE = (1920, 1080)
_SMALL_PX = 87
"""Width of the detector's box round a head of 150 px."""


def _two(index: int, size: tuple[int, int] = _SIZE, larger: float = 1.9, *, both: bool = True) -> np.ndarray:
    """The man near the camera, on the right and far away the woman, small as she is in a picture of 1080 lines."""
    zoom = size[0] / _SIZE[0]
    canvas = pasted(
        wall(*size), scaled(performance("man", index + 1)[index], larger * zoom), size[0] // 20, size[1] // 18
    )
    return pasted(canvas, head("woman", index, round(150 * zoom)), 0.75 * size[0], 0.45 * size[1]) if both else canvas


def _widths(search: Search, picture: np.ndarray, frame: int, known: list[tuple[float, ...]]) -> list[float]:
    found = search.faces(picture, known, frame, 0)  # type: ignore[arg-type]
    return sorted(face.box[2] - face.box[0] for face in found)


def test_a_small_face_beside_a_large_one_is_followed_from_the_first_frame(dlib_backend: FaceBackend) -> None:
    people = follow_people(shown(_two(i) for i in range(6)), dlib_backend)
    assert [person.n_usable for person in people] == [6, 6]
    large, small = sorted(people, key=lambda one: -one.arrays["face_px"][0])
    assert large.arrays["face_px"][0] > 4 * small.arrays["face_px"][0]
    assert (small.arrays["landmarks"][:, 30, 0] > 0.75 * _SIZE[0]).all()


@pytest.mark.parametrize("lines", [1080, 2160])
def test_a_newcomer_is_found_after_50_frames_and_at_once_in_a_new_shot(dlib_backend: FaceBackend, lines: int) -> None:
    size = (lines * 16 // 9, lines)
    small_px = pytest.approx(_SMALL_PX * lines / 1080, rel=0.1)
    search, picture = Search(dlib_backend), _two(0, size)
    known = [tuple(search.faces(_two(0, size, both=False), [], 30, 0)[0].box)]
    assert len(_widths(search, picture, 79, known)) == 1, "between two fine searches only large faces are looked for"
    assert _widths(search, picture, 80, known)[0] == small_px
    search.new_shot()
    assert _widths(search, picture, 81, known)[0] == small_px


def test_a_small_face_that_was_lost_is_found_again_where_it_was(dlib_backend: FaceBackend) -> None:
    frames = [_two(i, larger=0.8, both=not 4 <= i < 7) for i in range(14)]
    small = min(follow_people(shown(frames), dlib_backend), key=lambda one: np.nanmin(one.arrays["face_px"]))
    assert np.flatnonzero(~small.arrays["usable"]).tolist() == [4, 5, 6]
    assert not np.isfinite(small.arrays["sharpness"][4:7]).any()


def test_searching_every_picture_finds_the_small_face_in_every_picture(dlib_backend: FaceBackend) -> None:
    people = follow_people(shown(_two(i) for i in range(5)), dlib_backend, detect_every=1)
    assert [person.n_usable for person in people] == [5, 5]
