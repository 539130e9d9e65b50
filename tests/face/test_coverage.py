"""What a clip does not show of a face is said in words and counted, before anyone trains on it."""

from __future__ import annotations

import numpy as np
import pytest
from people_made import performance, shown

from av_models.face.backend import FaceBackend
from av_models.face.coverage import MOUTH_EDGES, PITCH_EDGES, YAW_EDGES, coverage
from av_models.face.track import follow
from av_models.io.coverage_picture import coverage_png
from av_models.io.preview import decode_image


@pytest.fixture(scope="module")
def face(dlib_backend: FaceBackend) -> np.ndarray:
    return follow(shown(performance("man", 1)), dlib_backend).arrays["landmarks"][0].astype(np.float64)


def _track(faces: list[np.ndarray]) -> dict[str, np.ndarray]:
    return {"landmarks": np.array(faces), "usable": np.ones(len(faces), bool)}


def _turned(face: np.ndarray, share: float) -> np.ndarray:
    """The nose moved sideways by a share of the distance between the eyes."""
    away = face.copy()
    away[27:36, 0] += share * (face[42:48, 0].mean() - face[36:42, 0].mean())
    return away


def _open(face: np.ndarray) -> np.ndarray:
    wide = face.copy()
    wide[[65, 66, 67], 1] += 0.5 * np.ptp(face[60:65, 0])
    return wide


def test_a_clip_of_one_pose_lacks_all_others(face: np.ndarray) -> None:
    lacks = coverage(_track([face] * 400)).lacks
    assert {"no turn to the picture's left", "no turn to the picture's right", "no open mouth"} <= {*lacks}
    assert any(one.startswith("no shut lids") for one in lacks) and not any("short" in one for one in lacks)


def test_what_is_rare_is_given_in_per_cent_and_what_is_there_is_not_named(face: np.ndarray) -> None:
    faces = [face] * 276 + [_turned(face, 0.5)] * 60 + [_turned(face, -0.5)] * 52 + [_open(face)] * 12
    seen = coverage(_track(faces))
    assert seen.share_right == pytest.approx(60 / 400) and seen.share_left == pytest.approx(52 / 400)
    assert "3% open mouth" in seen.lacks and not any("turn to" in one for one in seen.lacks)


def test_map_and_histogram_count_every_face_once(face: np.ndarray) -> None:
    seen = coverage(_track([face, _turned(face, 1.5), _turned(face, -1.5), _open(face)]))
    assert sum(map(sum, seen.map)) == sum(seen.mouth) == 4
    assert (len(seen.map), len(seen.map[0])) == (len(PITCH_EDGES) - 1, len(YAW_EDGES) - 1)


def test_nothing_usable_lacks_everything(face: np.ndarray) -> None:
    track = {**_track([face] * 3), "usable": np.zeros(3, bool)}
    assert coverage(track).lacks == ("no usable face",)


def test_the_picture_of_it_can_be_opened(face: np.ndarray) -> None:
    seen = coverage(_track([face, _turned(face, 0.5)]))
    png = coverage_png(seen.map, YAW_EDGES, PITCH_EDGES, seen.mouth, MOUTH_EDGES, "made")
    assert decode_image(png).shape[1] > 800
