"""What a blink does to landmarks of bones is put back; what a head or a face does is left alone."""

from __future__ import annotations

import numpy as np
import pytest

from av_models.face.blink_errors import mended
from av_models.face.warp import align_matrix, mean_template
from tests.swap.test_placing import FACE_POINTS

N, BLINK = 80, slice(40, 44)
EYES, CORNERS, BRIDGE = slice(36, 48), [36, 39, 42, 45], slice(27, 31)


@pytest.fixture
def talking() -> np.ndarray:
    """(N,68,2) px: a head that turns and drifts, as detectors see it, with a mouth that opens and shuts."""
    time = np.arange(N)[:, None, None]
    points = np.repeat(np.asarray(FACE_POINTS, np.float64)[None], N, 0) * 300
    points[:, 57, 1] += 8 * np.abs(np.sin(np.arange(N) * 0.5))
    points += np.concatenate([1.5 * time, 10 * np.sin(time / 9)], 2)
    return np.asarray(points + np.random.default_rng(1).normal(0, 0.3, points.shape))


def scale_of(landmarks: np.ndarray) -> np.ndarray:
    """(N,) of the crops that they ask for."""
    matrices = align_matrix(landmarks, 128, mean_template(landmarks))
    return np.asarray(np.sqrt(np.linalg.det(matrices[:, :, :2])))


def blinked(landmarks: np.ndarray) -> np.ndarray:
    """Eyes and bridge drawn 9 px towards the brows, and lids shut."""
    pulled = landmarks.copy()
    pulled[BLINK, EYES, 1] -= 9
    pulled[BLINK, BRIDGE, 1] -= 6
    pulled[BLINK, [[37], [38], [43], [44]], 1] += 5
    return pulled


def test_crops_keep_their_size_through_a_blink(talking: np.ndarray) -> None:
    seen = blinked(talking)
    usual = np.median(scale_of(talking))
    assert np.abs(scale_of(seen)[BLINK] / usual - 1).min() > 0.03
    assert np.abs(scale_of(mended(seen))[BLINK] / usual - 1).max() < 0.01
    assert np.abs(mended(seen) - talking)[BLINK, CORNERS].max() < 3


def test_lids_stay_as_far_shut_as_they_were_seen(talking: np.ndarray) -> None:
    seen = blinked(talking)
    kept = mended(seen)
    for lid, corners in ((37, [36, 39]), (44, [42, 45])):
        opened, shown = (one[:, lid, 1] - one[:, corners, 1].mean(1) for one in (seen, kept))
        assert np.allclose(opened[BLINK], shown[BLINK])


def test_mouth_and_jaw_and_all_other_frames_stay_as_they_were_seen(talking: np.ndarray) -> None:
    seen = blinked(talking)
    kept, lower = mended(seen), [*range(17), *range(48, 68)]
    assert np.array_equal(kept[:, lower], seen[:, lower])
    others = np.delete(np.arange(N), np.r_[38:46])
    assert np.array_equal(kept[others], seen[others])


def test_a_quick_nod_and_a_step_nearer_are_no_errors(talking: np.ndarray) -> None:
    moved = talking.copy()
    moved[40:44] += (0, 14)
    middle = moved.mean(1, keepdims=True)
    nearer = middle + (moved - middle) * (1 + 0.3 / (1 + np.exp(-(np.arange(N) - 50) / 4)))[:, None, None]
    assert np.array_equal(mended(moved), moved) and np.array_equal(mended(nearer), nearer)


def test_what_lasts_is_how_somebody_looks(talking: np.ndarray) -> None:
    screwed = talking.copy()
    screwed[30:60, EYES, 1] -= 9
    assert np.array_equal(mended(screwed), screwed)


def test_short_runs_are_left_alone(talking: np.ndarray) -> None:
    short = blinked(talking)[30:60]
    assert np.array_equal(mended(short), short)
