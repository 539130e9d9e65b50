"""One person is followed by identity, at any size and tilt, and every frame without a usable face says why."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from people_made import head, pasted, performance, scaled, shown, turned, wall, with_hand

from av_models.domain.face import FaceProblem
from av_models.face.backend import FaceBackend
from av_models.face.track import Followed, follow, follow_people
from av_models.face.warp import invert, transform

_CROSSING = 60


def _crossing() -> list[np.ndarray]:
    """The man walks to the right, the woman in front of him to the left."""
    frames = []
    for i in range(_CROSSING):
        t = i / (_CROSSING - 1)
        canvas = pasted(wall(480, 240), head("man", i), 20 + 290 * t, 35)
        frames.append(pasted(canvas, head("woman", i), 310 - 290 * t, 35))
    return frames


def _nose_x(followed: Followed) -> np.ndarray:
    return followed.arrays["landmarks"][:, 30, 0]


@pytest.fixture(scope="module")
def crossing() -> list[np.ndarray]:
    return _crossing()


def test_two_people_who_cross_keep_their_names(dlib_backend: FaceBackend, crossing: list[np.ndarray]) -> None:
    woman = follow(shown(performance("woman", 3)), dlib_backend)
    man = follow(shown(performance("man", 3)), dlib_backend)

    her = follow(shown(crossing), dlib_backend, identity=woman.identity)
    him = follow(shown(crossing), dlib_backend, identity=man.identity)

    t = np.arange(_CROSSING) / (_CROSSING - 1)
    assert her.n_people == him.n_people == 2
    assert her.n_usable == _CROSSING, "she is in front all the time"
    assert np.abs(_nose_x(her) - (310 - 290 * t + 75)).max() < 30
    seen = him.arrays["usable"]
    assert seen[:15].all() and seen[-12:].all() and not seen[27:33].any()
    assert np.abs(_nose_x(him) - (20 + 290 * t + 75))[seen].max() < 30
    assert {problem.reason for problem in him.problems} <= {FaceProblem.OTHER_PERSON, FaceProblem.HIDDEN}


def test_without_a_name_the_person_seen_most_is_followed(dlib_backend: FaceBackend, crossing: list[np.ndarray]) -> None:
    woman = follow(shown(performance("woman", 3)), dlib_backend)
    followed = follow(shown(crossing[::2]), dlib_backend)
    assert np.linalg.norm(followed.identity - woman.identity) < 0.4


def test_somebody_else_is_not_taken_for_the_person_asked_for(dlib_backend: FaceBackend) -> None:
    woman = follow(shown(performance("woman", 3)), dlib_backend)
    followed = follow(shown(performance("man", 6)), dlib_backend, identity=woman.identity)
    assert followed.n_usable == 0
    assert [(p.first, p.last, p.reason) for p in followed.problems] == [(0, 5, FaceProblem.OTHER_PERSON)]


def test_a_video_without_a_face_says_so_for_every_frame(dlib_backend: FaceBackend) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (120, 160, 3), dtype=np.uint8)
    followed = follow(shown([noise, wall(160, 120)] * 3), dlib_backend)
    assert (followed.n_people, followed.n_usable, len(followed.identity)) == (0, 0, 0)
    assert [(p.first, p.last, p.reason) for p in followed.problems] == [(0, 5, FaceProblem.NO_FACE)]
    assert np.isnan(followed.arrays["landmarks"]).all()


def test_an_empty_video_gives_empty_arrays(dlib_backend: FaceBackend) -> None:
    followed = follow(iter(()), dlib_backend)
    assert followed.arrays["landmarks"].shape == (0, 68, 2) and followed.problems == ()


@pytest.mark.parametrize(
    ("size", "scale"),
    [((320, 240), 0.40), ((1920, 1080), 0.5), ((3840, 2160), 2.0), ((3840, 2160), 0.7)],
    ids=["240p", "1080p small face", "4K large face", "4K small face"],
)
def test_faces_are_found_at_every_picture_size(dlib_backend: FaceBackend, size: tuple[int, int], scale: float) -> None:
    man = performance("man", 1)[0]
    here = follow(shown([man]), dlib_backend).arrays["landmarks"][0]
    left, top = size[0] // 3, max(0, min(size[1] // 3, size[1] - round(512 * scale)))
    followed = follow(shown([pasted(wall(*size), scaled(man, scale), left, top)] * 2), dlib_backend)
    assert followed.n_usable == 2
    back = (followed.arrays["landmarks"][0] - [left, top] + 0.5) / scale - 0.5
    assert np.hypot(*(back - here).T).mean() < 3.0


def test_a_face_of_less_than_48_px_is_called_too_small(dlib_backend: FaceBackend) -> None:
    followed = follow(shown([scaled(performance("man", 1)[0], 0.2)] * 3), dlib_backend)
    assert [(p.first, p.last, p.reason) for p in followed.problems] == [(0, 2, FaceProblem.TOO_SMALL)]
    assert np.isfinite(followed.arrays["landmarks"]).all()


def test_a_smeared_face_is_called_blurred(dlib_backend: FaceBackend) -> None:
    sharp = performance("woman", 1)[0]
    followed = follow(shown([sharp, sharp, cv2.GaussianBlur(sharp, (0, 0), 8)]), dlib_backend)
    assert [(p.first, p.last, p.reason) for p in followed.problems] == [(2, 2, FaceProblem.BLURRED)]


def test_a_face_smeared_by_its_own_movement_is_called_blurred(dlib_backend: FaceBackend) -> None:
    still = performance("woman", 1)[0]
    smear = np.zeros((31, 31), np.float32)
    smear[15] = 1 / 31
    followed = follow(shown([still, still, cv2.filter2D(still, -1, smear), still]), dlib_backend)
    assert [(p.first, p.last, p.reason) for p in followed.problems] == [(2, 2, FaceProblem.BLURRED)]


def test_light_that_changes_is_no_cut_and_hides_nothing(dlib_backend: FaceBackend) -> None:
    light = np.interp(np.arange(30), [0, 10, 20, 29], [1.0, 0.45, 1.25, 0.8])
    frames = [
        np.clip(rgb * share, 0, 255).astype(np.uint8) for rgb, share in zip(performance("man", 30), light, strict=True)
    ]
    followed = follow(shown(frames), dlib_backend)
    assert (followed.n_usable, followed.n_people, followed.problems) == (30, 1, ())
    assert not followed.arrays["shot"].any()


@pytest.mark.parametrize("degrees", [-30, 20, 45])
def test_a_tilted_head_has_the_landmarks_of_the_level_one(dlib_backend: FaceBackend, degrees: int) -> None:
    woman = performance("woman", 1)[0]
    level = follow(shown([woman]), dlib_backend).arrays["landmarks"][0].astype(np.float64)
    tilted = follow(shown([turned(woman, degrees)]), dlib_backend).arrays["landmarks"][0].astype(np.float64)
    back = invert(cv2.getRotationMatrix2D((255.5, 255.5), degrees, 1.0))
    assert np.hypot(*(transform(tilted, back) - level).T).mean() < 1.5


def test_searching_seldom_gives_the_boxes_of_searching_always(dlib_backend: FaceBackend) -> None:
    frames = performance("man", 40)
    seldom = follow(shown(frames), dlib_backend)
    always = follow(shown(frames), dlib_backend, detect_every=1)
    assert np.abs(seldom.arrays["box"] - always.arrays["box"]).max() < 3.0


def test_most_frames_are_followed_without_a_search(dlib_backend: FaceBackend) -> None:
    searched = []

    class Counting:
        def __getattr__(self, name: str) -> object:
            return getattr(dlib_backend, name)

        def detect(self, rgb: np.ndarray) -> list:
            searched.append(rgb.size)
            return dlib_backend.detect(rgb)

    follow(shown(performance("man", 40)), Counting())
    few = sum(searched)
    searched.clear()
    follow(shown(performance("man", 40)), Counting(), detect_every=1)
    assert few * 3.5 < sum(searched)


def test_somebody_alone_is_recognised_three_times_and_then_seldom(dlib_backend: FaceBackend) -> None:
    described = []

    class Counting:
        def __getattr__(self, name: str) -> object:
            return getattr(dlib_backend, name)

        def descriptor(self, rgb: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
            described.append(rgb.shape)
            return dlib_backend.descriptor(rgb, landmarks)

    follow(shown(performance("man", 45)), Counting())
    assert len(described) == 3, "at frames 0, 10 and 20"


def test_after_a_cut_the_face_is_found_again_at_once(dlib_backend: FaceBackend) -> None:
    man = performance("man", 8)
    moved = [pasted(np.full((512, 512, 3), 200, np.uint8), scaled(rgb, 0.6), 190, 150) for rgb in man[4:]]
    followed = follow(shown([*man[:3], *moved]), dlib_backend)
    assert (followed.n_usable, followed.n_people) == (7, 1)
    assert np.linalg.norm(followed.arrays["landmarks"][3, 30] - followed.arrays["landmarks"][2, 30]) > 40
    assert followed.arrays["shot"].tolist() == [0, 0, 0, 1, 1, 1, 1]


def test_a_face_that_appears_between_two_searches_loses_no_frame(dlib_backend: FaceBackend) -> None:
    frames = []
    for i in range(12):
        canvas = pasted(wall(480, 240), head("woman", i), 10, 35)
        frames.append(pasted(canvas, head("man", i), 300, 35) if i >= 7 else canvas)
    man = follow(shown(performance("man", 3)), dlib_backend)
    followed = follow(shown(frames), dlib_backend, identity=man.identity)
    assert [(p.first, p.last) for p in followed.problems] == [(0, 6)]


def test_short_gaps_hold_landmarks_between_their_neighbours(dlib_backend: FaceBackend) -> None:
    frames = list(performance("man", 9))
    covered = frames[4].copy()
    covered[180:420, 130:380] = 100
    followed = follow(shown([*frames[:4], covered, *frames[5:]]), dlib_backend)
    points = followed.arrays["landmarks"]
    assert [(p.first, p.last, p.reason) for p in followed.problems] == [(4, 4, FaceProblem.NO_FACE)]
    assert points[4] == pytest.approx((points[3] + points[5]) / 2, abs=0.01)
    assert followed.arrays["filled"].tolist() == [frame == 4 for frame in range(9)]
    assert np.isnan(followed.arrays["sharpness"][4]) and np.isnan(followed.arrays["yaw_deg"][4])


def test_a_gap_is_not_filled_across_a_cut(dlib_backend: FaceBackend) -> None:
    man = performance("man", 6)
    elsewhere = [pasted(np.full((512, 512, 3), 220, np.uint8), scaled(rgb, 0.6), 190, 150) for rgb in man[4:]]
    followed = follow(shown([*man[:3], wall(512, 512), *elsewhere]), dlib_backend)
    assert [(p.first, p.last, p.reason) for p in followed.problems] == [(3, 3, FaceProblem.NO_FACE)]
    assert not followed.arrays["filled"].any() and np.isnan(followed.arrays["landmarks"][3]).all()


def test_one_pass_follows_everybody_with_scores_of_their_own(
    dlib_backend: FaceBackend, crossing: list[np.ndarray]
) -> None:
    people = follow_people(shown(crossing), dlib_backend)
    assert [person.n_people for person in people] == [2, 2]
    t = np.arange(_CROSSING) / (_CROSSING - 1)
    paths = (310 - 290 * t + 75, 20 + 290 * t + 75)
    for person, path in zip(people, paths, strict=True):
        seen = np.isfinite(person.arrays["sharpness"])
        assert np.abs(_nose_x(person) - path)[seen].max() < 30
        assert np.isfinite(person.arrays["yaw_deg"]).tolist() == seen.tolist()
        assert (person.arrays["face_px"][seen] > 60).all()


def test_a_hand_before_the_face_is_a_reason_and_leaves_the_landmarks(dlib_backend: FaceBackend) -> None:
    frames = [*performance("man", 48)]
    skin = np.median(np.array(frames)[:, 240:296, 144:192].reshape(-1, 3), axis=0)
    for i in range(20, 30):
        frames[i] = with_hand(frames[i], (272, 336), 144, 0.2, skin)[0]
    followed = follow(shown(frames), dlib_backend)
    hidden = [p for p in followed.problems if p.reason is FaceProblem.HIDDEN]
    lost = [p for p in followed.problems if p.reason is not FaceProblem.HIDDEN]
    assert hidden and all(p.first >= 20 and p.last < 30 for p in (*hidden, *lost))
    assert sum(p.last - p.first + 1 for p in (*hidden, *lost)) == 10
    for problem in hidden:
        assert np.isfinite(followed.arrays["landmarks"][problem.first : problem.last + 1]).all()
