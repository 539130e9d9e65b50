"""Landmarks behind a thing are told by those that are seen, on a face that moves as faces do."""

from __future__ import annotations

import numpy as np
import pytest
from people_made import performance, shown

from av_models.face.backend import FaceBackend
from av_models.face.behind import from_what_is_seen
from av_models.face.track import follow

MOUTH, CHIN, LEFT_EYE = slice(48, 68), slice(6, 11), slice(42, 48)
COVERED = slice(30, 40)


@pytest.fixture(scope="module")
def landmarks(dlib_backend: FaceBackend) -> np.ndarray:
    """(70,68,2) of a talking man."""
    return follow(shown(performance("man", 70)), dlib_backend).arrays["landmarks"].astype(np.float64)


def behind(landmarks: np.ndarray, points: slice) -> tuple[np.ndarray, np.ndarray]:
    """Landmarks of which `points` were seen anywhere in ten frames, and where something covers them."""
    lost, covered = landmarks.copy(), np.zeros(landmarks.shape[:2])
    lost[COVERED, points] += np.random.default_rng(3).normal(0, 30, (10, 1, 2))
    covered[COVERED, points] = 1
    return lost, covered


def off(found: np.ndarray, landmarks: np.ndarray, points: slice) -> float:
    """Mean distance in the covered frames, over that of the outer corners of the eyes."""
    eyes = np.linalg.norm(landmarks[:, 45] - landmarks[:, 36], axis=1)[COVERED]
    return float((np.linalg.norm(found - landmarks, axis=2)[COVERED, points].mean(1) / eyes).mean())


@pytest.mark.parametrize("points", [MOUTH, CHIN, LEFT_EYE])
def test_hidden_points_lie_where_the_others_say(landmarks: np.ndarray, points: slice) -> None:
    lost, covered = behind(landmarks, points)
    found = from_what_is_seen(lost, covered)
    assert off(found, landmarks, points) < 0.03 < off(lost, landmarks, points)
    seen = covered == 0
    assert np.array_equal(found[seen], lost[seen])


def test_half_a_mouth_is_told_by_the_other_half(landmarks: np.ndarray) -> None:
    lost, covered = behind(landmarks, slice(48, 51))
    assert off(from_what_is_seen(lost, covered), landmarks, slice(48, 51)) < 0.02


def test_what_is_half_covered_moves_half_way(landmarks: np.ndarray) -> None:
    lost, covered = behind(landmarks, MOUTH)
    half, whole = (from_what_is_seen(lost, share * covered) for share in (0.4, 1.0))
    moved, all_the_way = half[35, 57] - lost[35, 57], whole[35, 57] - lost[35, 57]
    assert 0 < np.linalg.norm(moved) < 0.6 * np.linalg.norm(all_the_way)


def test_who_is_always_covered_or_lost_or_hardly_seen_stays_as_detected(landmarks: np.ndarray) -> None:
    lost, covered = behind(landmarks, MOUTH)
    assert np.array_equal(from_what_is_seen(lost, np.ones_like(covered)), lost)
    covered[COVERED] = 1
    assert np.array_equal(from_what_is_seen(lost, covered), lost)
    lost[35] = np.nan
    assert np.isnan(from_what_is_seen(lost, behind(landmarks, MOUTH)[1])[35]).all()
