"""The crop holds the face still and in one place, and the mask covers it."""

from __future__ import annotations

import numpy as np
import pytest
from people_made import performance, scaled, shown, turned

from av_models.face.backend import FaceBackend
from av_models.face.coverage import coverage
from av_models.face.gather import gather
from av_models.face.mask import hull_mask
from av_models.face.sheet import face_sheet
from av_models.face.track import Followed, follow
from av_models.face.warp import FACE_SHARE, align_matrix, invert, mean_template, similarity, transform, warp_crop

_N = 70


@pytest.fixture(scope="module")
def man(dlib_backend: FaceBackend) -> Followed:
    return follow(shown(performance("man", _N)), dlib_backend)


def test_the_template_is_upright_centred_and_of_the_agreed_size(man: Followed) -> None:
    shape = mean_template(man.arrays["landmarks"])
    assert shape[8, 1] - shape[17:27, 1].min() == pytest.approx(FACE_SHARE)
    assert (shape[8, 1] + shape[17:27, 1].min()) / 2 == pytest.approx(0.5)
    assert (shape[:17, 0].min() + shape[:17, 0].max()) / 2 == pytest.approx(0.5)
    assert shape[[42, 45], 1].mean() == pytest.approx(shape[[36, 39], 1].mean())


def test_speech_does_not_move_the_crop(man: Followed) -> None:
    points = man.arrays["landmarks"][0].astype(np.float64)
    speaking = points.copy()
    speaking[48:] += [0, 12]
    speaking[4:13] += [0, 15]
    shape = mean_template(points[None])
    assert align_matrix(speaking, 128, shape) == pytest.approx(align_matrix(points, 128, shape))


def test_matrices_go_there_and_back(man: Followed) -> None:
    points = man.arrays["landmarks"].astype(np.float64)
    matrices = align_matrix(points, 128, mean_template(points))
    assert transform(transform(points, matrices), invert(matrices)) == pytest.approx(points, abs=1e-6)
    one = similarity(points[0], points[0] @ np.array([[0.0, 1.0], [-1.0, 0.0]]) * 2 + 5)
    assert np.hypot(one[0, 0], one[1, 0]) == pytest.approx(2) and abs(one[0, 0]) < 1e-9


def test_the_crop_shows_the_face_where_the_landmarks_say_at_any_scale(man: Followed) -> None:
    rgb, points = performance("man", 1)[0], man.arrays["landmarks"][0].astype(np.float64)
    shape = mean_template(man.arrays["landmarks"])
    here = warp_crop(rgb, align_matrix(points, 96, shape), 96).astype(float)
    large = warp_crop(scaled(rgb, 3), align_matrix((points + 0.5) * 3 - 0.5, 96, shape), 96).astype(float)
    assert np.abs(here - large).mean() < 2.5
    left, right = np.roll(large, 1, axis=1), np.roll(large, -1, axis=1)
    assert np.abs(here - large).mean() < 0.7 * min(np.abs(here - left).mean(), np.abs(here - right).mean())


def test_large_faces_do_not_alias(man: Followed) -> None:
    stripes = np.zeros((2048, 2048, 3), np.uint8)
    stripes[:, ::2] = 255
    crop = warp_crop(stripes, np.array([[1 / 8.3, 0, 0], [0, 1 / 8.3, 0]]), 128)
    assert crop.std() < 12


def test_without_a_face_there_is_no_template() -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        mean_template(np.full((3, 68, 2), np.nan))


def test_the_mask_covers_brows_to_chin_and_nothing_far_from_them(man: Followed) -> None:
    points = man.arrays["landmarks"][0].astype(np.float64)
    mask = hull_mask(points, (512, 512, 3))
    columns, rows = np.round(points[17:68]).astype(int).T
    assert mask.shape == (512, 512) and mask.dtype == np.float32
    assert mask[rows, columns].min() > 0.85 and mask.min() >= 0 and mask.max() <= 1
    assert mask[int(points[8, 1]) + 40, int(points[8, 0])] < 0.01 and mask[:60].max() == 0
    assert 0.3 < mask[int(points[8, 1]), int(points[8, 0])] < 0.7


def test_above_a_brow_that_is_turned_away_the_head_ends(man: Followed) -> None:
    """Raised like the other one, the mask would reach over what is behind the head."""
    front = man.arrays["landmarks"][0].astype(np.float64)
    turned, bridge = front.copy(), front[27, 0]
    far = turned[:, 0] > bridge
    turned[far, 0] = bridge + 0.6 * (turned[far, 0] - bridge)
    end, near = turned[26], turned[17]
    whole, seen = hull_mask(front, (512, 512), feather=0), hull_mask(turned, (512, 512), feather=0)
    raised = 0.09 * (front[8, 1] - front[17:27, 1].mean())

    def above(mask: np.ndarray, point: np.ndarray) -> float:
        return float(mask[int(point[1] - raised), int(point[0])])

    assert above(whole, front[26]) == above(whole, front[17]) == above(seen, near) == 1
    assert above(seen, end) == 0 and seen[int(end[1]) + 3, int(end[0]) - 3] == 1


def test_the_mask_may_lie_partly_or_wholly_outside_the_picture(man: Followed) -> None:
    points = man.arrays["landmarks"][0].astype(np.float64)
    whole = hull_mask(points, (512, 512))
    assert hull_mask(points - [200, 0], (512, 512))[:, :312] == pytest.approx(whole[:, 200:], abs=1e-6)
    assert not hull_mask(points + 5000, (512, 512)).any()
    assert not hull_mask(points * np.nan, (64, 64)).any()


def test_gathered_faces_come_in_batches_with_their_frames(man: Followed) -> None:
    track = {**man.arrays, "usable": man.arrays["usable"].copy()}
    track["usable"][3] = False
    batches = list(gather(shown(performance("man", _N)), track, 64))
    assert [len(batch["frame"]) for batch in batches] == [64, _N - 1 - 64]
    frames = np.concatenate([batch["frame"] for batch in batches])
    assert frames.tolist() == [frame for frame in range(_N) if frame != 3]
    first = batches[0]
    assert first["crop"].shape == (64, 64, 64, 3) and first["crop"].dtype == first["mask"].dtype == np.uint8
    spread = first["landmarks"][:, 27:36].std(axis=0).max()
    assert spread < 1.5, "nose and eyes hold still in the crop"


def test_a_tilted_head_stands_upright_in_the_same_crop(dlib_backend: FaceBackend) -> None:
    rgb = performance("man", 1)[0]
    level = follow(shown([rgb]), dlib_backend).arrays
    tilted = follow(shown([turned(rgb, 20)]), dlib_backend).arrays
    upright = next(gather(shown([rgb]), level, 64))["crop"][0].astype(float)
    crop = next(gather(shown([turned(rgb, 20)]), tilted, 64))["crop"][0].astype(float)
    assert np.abs(crop[16:48, 16:48] - upright[16:48, 16:48]).mean() < 6


def test_nothing_usable_gathers_nothing(man: Followed) -> None:
    track = {**man.arrays, "usable": np.zeros(_N, bool)}
    assert list(gather(shown(performance("man", _N)), track, 64)) == []
    assert str(coverage(track)) == "no usable face"


def test_coverage_tells_size_turn_and_mouth(man: Followed) -> None:
    seen = coverage(man.arrays)
    assert seen.n_faces == _N and 180 < seen.face_height_px < 240
    assert -20 < seen.yaw_deg[0] <= seen.yaw_deg[1] < 20
    assert "70 faces" in str(seen)


def test_the_sheet_shows_faces_and_reasons(dlib_backend: FaceBackend) -> None:
    blank = np.full((512, 512, 3), 128, np.uint8)
    followed = follow(shown([*performance("man", 20), blank, blank]), dlib_backend)
    tiles = face_sheet(followed, n_faces=4)
    captions = [caption for _, caption in tiles]
    assert captions[0] == "frame 0" and captions[-1] == "frames 20-21: no face found"
    assert len(tiles) == 5 and all(rgb.dtype == np.uint8 and rgb.ndim == 3 for rgb, _ in tiles)
    assert tiles[-1][0].std() == 0, "the picture of the problem itself, not of the face before it"
