"""Backends: the one that is always there, and clear words about the two that need something brought."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from people_made import performance, shown

from av_models.domain.errors import InputError, ModelError
from av_models.domain.face import FaceProblem
from av_models.face.backend import FaceBackend, get_backend
from av_models.face.network_backends import _square, _tall
from av_models.face.quality import face_problem, head_pose
from av_models.face.track import follow


def test_an_unknown_backend_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="dlib, insightface, face-alignment"):
        get_backend("retinaface")


@pytest.mark.parametrize("name", ["insightface", "face-alignment"])
def test_an_extra_without_package_or_weights_says_what_to_bring(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"backend 'dlib'") as refused:
        get_backend(name, tmp_path)
    assert "pip install" in str(refused.value) or str(tmp_path) in str(refused.value)


def test_each_thread_has_its_own_dlib(dlib_backend: FaceBackend) -> None:
    others: list[FaceBackend] = []
    thread = threading.Thread(target=lambda: others.append(get_backend("dlib")))
    thread.start()
    thread.join()
    assert get_backend("dlib") is dlib_backend and others[0] is not dlib_backend


def test_identity_holds_over_mirror_and_separates_people(dlib_backend: FaceBackend) -> None:
    man, woman = performance("man", 1)[0], performance("woman", 1)[0]
    mirrored = np.ascontiguousarray(man[:, ::-1])
    his, mirrors, hers = (follow(shown([rgb]), dlib_backend).identity for rgb in (man, mirrored, woman))
    assert np.linalg.norm(his - mirrors) < 0.35 < dlib_backend.same_person < np.linalg.norm(his - hers)


def test_a_mirrored_face_has_mirrored_landmarks(dlib_backend: FaceBackend) -> None:
    man = performance("man", 1)[0]
    here = follow(shown([man]), dlib_backend).arrays["landmarks"][0]
    there = follow(shown([np.ascontiguousarray(man[:, ::-1])]), dlib_backend).arrays["landmarks"][0]
    assert np.abs((511 - there[[36, 45, 48, 54, 8], 0]) - here[[45, 36, 54, 48, 8], 0]).max() < 4


def test_a_head_turned_far_cannot_be_used(dlib_backend: FaceBackend) -> None:
    points = follow(shown(performance("man", 1)), dlib_backend).arrays["landmarks"][0].astype(np.float64)
    assert face_problem(points, sharpness=0.1) is None
    away = points.copy()
    away[27:36, 0] += 1.0 * (points[42:48, 0].mean() - points[36:42, 0].mean())
    assert head_pose(away).yaw_deg > 40
    assert face_problem(away, sharpness=0.1) is FaceProblem.TURNED_AWAY


def test_tall_boxes_and_squares_are_each_others_way_back() -> None:
    square = (10.0, 20.0, 110.0, 120.0)
    assert _square(np.array(_tall(square))) == pytest.approx(square)
