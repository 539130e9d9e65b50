"""Lips are where landmarks and picture together say, and where the picture cannot be read, as they were found."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from people_made import performance, shown

from av_models.face.backend import FaceBackend
from av_models.face.fit import FIT_PX, fit_detection
from av_models.face.lip_reader import lip_window, read_gaps, with_lips_as_read
from av_models.face.smooth import smooth
from av_models.face.track import follow
from av_models.io.video import read_pictures
from av_models.lips.mouth import GAP, LOWER, OUTER_GAP, UPPER, mouth_codes

SAMPLES = Path(__file__).parents[2] / "media" / "samples"
N = 60


@pytest.fixture(scope="module")
def talking(dlib_backend: FaceBackend) -> tuple[np.ndarray, np.ndarray]:
    """Landmarks (N,68,2) of a face whose lower lip goes up and down, and its true gap (N,) over the eyes' distance."""
    shape = follow(shown(performance("man", 1)), dlib_backend).arrays["landmarks"][0].astype(np.float64)
    unit = np.linalg.norm(shape[45] - shape[36])
    more = 0.08 * (1 + np.sin(np.arange(N) * 0.5))
    landmarks = np.repeat(shape[None], N, 0)
    landmarks[:, [55, 56, 57, 58, 59, 65, 66, 67], 1] += more[:, None] * unit
    return landmarks, mouth_codes(landmarks)[:, GAP].astype(np.float64)


def test_a_shut_mouth_that_landmarks_take_for_open_is_shut(talking: tuple[np.ndarray, np.ndarray]) -> None:
    landmarks, gap = talking
    shut = int(gap.argmin())
    wrong = landmarks.copy()
    wrong[shut] = landmarks[int(gap.argmax())]
    found = mouth_codes(with_lips_as_read(wrong, 7 * gap - 2))
    assert mouth_codes(wrong)[shut, GAP] > gap.max() - 1e-3
    assert found[shut, GAP] < gap.min() + 0.5 * np.ptp(gap)
    others = np.delete(np.arange(N), shut)
    assert np.abs(found[others, GAP] - gap[others]).max() < 0.03
    assert np.allclose(found[:, UPPER], mouth_codes(wrong)[:, UPPER], atol=1e-5)
    for number in (OUTER_GAP, LOWER):
        assert found[shut, number] < mouth_codes(wrong)[shut, number] - 0.5 * np.ptp(gap)


@pytest.mark.parametrize("read", ["noise", "constant", "reversed"])
def test_what_does_not_follow_the_lips_moves_none(talking: tuple[np.ndarray, np.ndarray], read: str) -> None:
    landmarks, gap = talking
    told = {"noise": np.random.default_rng(0).normal(size=N), "constant": np.ones(N), "reversed": -gap}[read]
    assert np.array_equal(with_lips_as_read(landmarks, told), landmarks)


def test_frames_without_a_reading_stay_as_they_are(talking: tuple[np.ndarray, np.ndarray]) -> None:
    landmarks, gap = talking[0].copy(), talking[1].copy()
    landmarks[5:9], gap[5:9] = np.nan, np.nan
    moved = with_lips_as_read(landmarks, gap)
    assert np.isnan(moved[5:9]).all() and np.isfinite(np.delete(moved, range(5, 9), 0)).all()
    landmarks, gap = talking[0].copy(), talking[1].copy()
    landmarks[7] = landmarks[int(gap.argmax())]
    gap[7] = np.nan  # something is in front of the face
    assert np.array_equal(with_lips_as_read(landmarks, gap)[7], landmarks[7])
    few = with_lips_as_read(talking[0][:3], talking[1][:3] + np.array([0, 1, 0]))
    assert np.array_equal(few, talking[0][:3])


def test_the_shipped_reader_knows_better_than_landmarks_how_far_lips_are_parted(dlib_backend: FaceBackend) -> None:
    """Beside the exact gap of the last four seconds of a sample, whom it never saw."""
    said = json.loads((SAMPLES / "truth" / "truth_ab.json").read_text(encoding="utf-8"))["frames"]
    pictures = [picture for picture in read_pictures(SAMPLES / "actor_b.mp4") if picture.index >= len(said) - 100]
    arrays = follow(pictures, dlib_backend).arrays
    true = np.array([frame["lip_gap"] for frame in said[-100:]])
    both, alone = (
        np.corrcoef(mouth_codes(points)[:, GAP], true)[0, 1]
        for points in (arrays["landmarks"], smooth(arrays["landmarks_raw"]))
    )
    assert both > alone + 0.01 and both > 0.9


def test_what_is_read_is_of_the_lips_alone(dlib_backend: FaceBackend) -> None:
    rgb = performance("woman", 1)[0]
    fit = fit_detection(rgb, dlib_backend.detect(rgb)[0], dlib_backend)
    assert fit.crop.shape == (FIT_PX, FIT_PX, 3)
    lips = (fit.landmarks[48:] @ fit.matrix[:, :2].T + fit.matrix[:, 2]).astype(int)
    rows, columns = (slice(int(lips[:, axis].min()), int(lips[:, axis].max())) for axis in (1, 0))
    marked = fit.crop.copy()
    marked[rows, columns] = 0
    assert (lip_window(marked) == 0).sum() > 0.9 * (rows.stop - rows.start) * (columns.stop - columns.start)
    read = read_gaps(np.stack([lip_window(marked), lip_window(fit.crop)]))
    assert read[0] != read[1]
