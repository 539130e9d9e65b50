"""A still face stops trembling; a closing lip and a blink keep every frame and their time."""

from __future__ import annotations

import numpy as np
import pytest
from people_made import performance, shown

from av_models.face.backend import FaceBackend
from av_models.face.fit import fit_again
from av_models.face.smooth import smooth
from av_models.face.track import follow
from av_models.face.warp import RIGID, similarity, transform


@pytest.fixture(scope="module")
def shape(dlib_backend: FaceBackend) -> np.ndarray:
    return follow(shown(performance("man", 1)), dlib_backend).arrays["landmarks"][0].astype(np.float64)


def _trembling(shape: np.ndarray, n: int, seed: int = 0) -> np.ndarray:
    """Noise of each point and, as detectors have it, of the whole face together."""
    random = np.random.default_rng(seed)
    return shape + random.normal(0, 0.6, (n, 68, 2)) + random.normal(0, 0.4, (n, 1, 2))


def _jitter(landmarks: np.ndarray) -> float:
    return float(np.sqrt((np.diff(landmarks, axis=0) ** 2).mean()))


def _lip_gap(landmarks: np.ndarray) -> np.ndarray:
    return landmarks[:, 66, 1] - landmarks[:, 62, 1]


def test_a_still_face_trembles_four_times_less(shape: np.ndarray) -> None:
    raw = _trembling(shape, 80)
    assert _jitter(smooth(raw)) < _jitter(raw) / 4


def test_a_real_still_face_under_camera_noise_trembles_four_times_less(dlib_backend: FaceBackend) -> None:
    """In the usual frame. How often noise moves a fit for good, of which a part is left, is chance: half in all."""
    random = np.random.default_rng(1)
    still = performance("woman", 1)[0].astype(np.float32)
    points = follow(shown(performance("woman", 1)), dlib_backend).arrays["landmarks"][0].astype(np.float64)
    noisy = [np.clip(still + random.normal(0, 6, still.shape), 0, 255).astype(np.uint8) for _ in range(40)]
    raw = np.array([fit_again(rgb, points, dlib_backend).landmarks for rgb in noisy])
    usual, before = (np.median([_jitter(one[k : k + 2]) for k in range(39)]) for one in (smooth(raw), raw))
    assert usual < before / 4
    assert _jitter(smooth(raw)) < _jitter(raw) / 2


def test_a_plosive_of_two_frames_stays_closed_and_in_its_place(shape: np.ndarray) -> None:
    raw = _trembling(shape, 60)
    raw[:, [61, 62, 63], 1] -= 5
    raw[:, [65, 66, 67, 56, 57, 58, 8], 1] += 5
    open_gap = np.median(_lip_gap(raw))
    raw[30:32, [61, 62, 63], 1] += 5
    raw[30:32, [65, 66, 67, 56, 57, 58, 8], 1] -= 5
    gap = _lip_gap(smooth(raw))
    assert np.abs(gap[30:32] - (open_gap - 10)).max() < 1.5
    assert (np.delete(gap, [30, 31]) > 0.8 * open_gap).all()


def test_a_blink_of_three_frames_keeps_its_depth(shape: np.ndarray) -> None:
    raw = _trembling(shape, 60)
    lids = [37, 38, 43, 44]
    height = np.median(raw[:, 41, 1] - raw[:, 37, 1])
    raw[20:23, lids, 1] += height
    opening = smooth(raw)[:, 41, 1] - smooth(raw)[:, 37, 1]
    assert (opening[20:23] < 0.3 * height).all() and (opening[[18, 19, 23, 24]] > 0.7 * height).all()


def test_an_even_movement_is_neither_late_nor_early(shape: np.ndarray) -> None:
    way = np.arange(60)[:, None, None] * np.array([4.0, 1.0])
    smoothed = smooth(_trembling(shape, 60) + way)
    assert np.abs((smoothed - shape - way).mean(axis=1))[5:-5].max() < 1.0


def test_a_sudden_nod_is_followed_at_once(shape: np.ndarray) -> None:
    raw = _trembling(shape, 60)
    raw[30:, :, 1] += 12
    nose = smooth(raw)[:, 30, 1] - shape[30, 1]
    assert np.abs(nose[:30]).max() < 3 and np.abs(nose[30:] - 12).max() < 3


def test_the_real_lip_gap_keeps_its_size_and_time(dlib_backend: FaceBackend) -> None:
    found = follow(shown(performance("woman", 60)), dlib_backend).arrays["landmarks_raw"]
    raw, smoothed = _lip_gap(found), _lip_gap(smooth(found))
    assert np.corrcoef(raw, smoothed)[0, 1] > 0.97
    assert np.corrcoef(raw[1:], smoothed[:-1])[0, 1] < np.corrcoef(raw, smoothed)[0, 1]
    assert np.polyfit(raw, smoothed, 1)[0] > 0.9


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_short_runs_pass(shape: np.ndarray, n: int) -> None:
    raw = _trembling(shape, n)
    assert np.abs(smooth(raw) - raw).max() < 3
    rigid = list(RIGID)
    assert np.isfinite(transform(raw, similarity(raw[:, rigid], shape[rigid]))).all()
