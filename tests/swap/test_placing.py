"""The size of a pasted face is chosen: eyes on eyes, chin on chin, or all points alike."""

from __future__ import annotations

import numpy as np
import pytest

from av_models.domain.swap import FaceSize
from av_models.face.warp import RIGID, invert, transform
from av_models.swap.placing import CHIN, EYE_CORNERS, JAW, MOST_DRAWN, MOST_OUTLINE, drawn_outline, placement

EYES = list(EYE_CORNERS)


def face() -> np.ndarray:
    """68 points in units of the crop's side: jaw, brows, nose, eyes and lips on lines and ellipses."""
    points = np.full((68, 2), 0.5)
    round_it = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    jaw = np.linspace(np.pi, 0, 17)
    points[:17] = np.stack([0.5 + 0.3 * np.cos(jaw), 0.4 + 0.42 * np.sin(jaw)], 1)
    points[17:27] = np.stack([np.linspace(0.28, 0.72, 10), np.full(10, 0.25)], 1)
    points[27:36, 1] = np.linspace(0.35, 0.55, 9)
    points[36:48, 1] = 0.36
    points[EYES, 0] = 0.32, 0.44, 0.56, 0.68
    points[48:] = np.stack([0.5 + 0.1 * np.cos(round_it), 0.66 + 0.04 * np.sin(round_it)], 1)
    return points


FACE_POINTS = face()


def long_chinned(stretch: float) -> np.ndarray:
    """The same person, turned by 10 degrees, with more or less face below the eyes."""
    eyes = FACE_POINTS[EYES].mean(0)
    moved = FACE_POINTS - eyes
    moved[:, 1] *= np.where(moved[:, 1] > 0, stretch, 1.0)
    angle = np.radians(10)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return 0.9 * (moved @ turn.T) + eyes + 0.03


@pytest.mark.parametrize("size", [FaceSize.SOURCE, FaceSize.HEAD])
def test_eyes_lie_on_eyes(size: FaceSize) -> None:
    person = long_chinned(1.2)
    laid = transform(FACE_POINTS, placement(FACE_POINTS, person, size))
    assert np.allclose(laid[EYES].mean(0), person[EYES].mean(0), atol=1e-6)
    apart = [np.linalg.norm(points[45] - points[36]) for points in (laid, person)]
    assert apart[0] == pytest.approx(apart[1], rel=0.01)


def test_the_sources_proportions_are_kept_unless_the_head_is_to_be_filled() -> None:
    person = long_chinned(1.2)
    own, filled = (
        transform(FACE_POINTS, placement(FACE_POINTS, person, size)) for size in (FaceSize.SOURCE, FaceSize.HEAD)
    )
    assert np.linalg.norm(own[CHIN] - person[CHIN]) > 0.05
    assert np.allclose(filled[CHIN], person[CHIN], atol=2e-3)
    assert np.linalg.det(placement(FACE_POINTS, person, FaceSize.SOURCE)[:, :2]) ** 0.5 == pytest.approx(0.9, rel=0.01)


def test_a_face_is_not_drawn_into_a_caricature() -> None:
    flat = placement(FACE_POINTS, long_chinned(3.0), FaceSize.HEAD)
    plain = placement(FACE_POINTS, long_chinned(3.0), FaceSize.SOURCE)
    assert np.linalg.det(flat[:, :2]) / np.linalg.det(plain[:, :2]) == pytest.approx(MOST_DRAWN)


def test_a_factor_works_about_the_middle_of_the_face() -> None:
    person = long_chinned(1.0)
    one, smaller = (placement(FACE_POINTS, person, FaceSize.ACTOR, scale) for scale in (1.0, 0.8))
    assert np.allclose(smaller[:, :2], 0.8 * one[:, :2])
    middle = person[list(RIGID)].mean(0)
    before, after = (transform(transform(middle[None], invert(one)), matrix) for matrix in (one, smaller))
    assert np.allclose(before, middle) and np.allclose(after, middle)


@pytest.mark.parametrize("size", list(FaceSize))
def test_the_jaw_is_drawn_to_the_actors_and_the_features_keep_their_place(size: FaceSize) -> None:
    person = long_chinned(1.15)
    place = placement(FACE_POINTS, person, size)
    moves = drawn_outline(FACE_POINTS, person, place)
    laid = transform(FACE_POINTS + moves, place)
    assert np.allclose(laid[CHIN], person[CHIN], atol=1e-6)
    assert np.abs(laid[5:12] - person[5:12]).max() < 1e-6
    assert not moves[JAW.stop :].any()
    # The temples lie beside the eyes, which would be drawn out with them.
    assert not moves[[0, 1, 15, 16]].any()


def test_half_the_outline_is_half_the_way_and_none_is_none() -> None:
    person = long_chinned(1.15)
    place = placement(FACE_POINTS, person, FaceSize.SOURCE)
    whole, half, none = (drawn_outline(FACE_POINTS, person, place, strength) for strength in (1.0, 0.5, 0.0))
    assert np.linalg.norm(whole[CHIN]) > 0.04
    assert np.allclose(half, whole / 2) and not none.any()


def test_no_jaw_is_drawn_out_of_all_proportion() -> None:
    person = long_chinned(2.5)
    moves = drawn_outline(FACE_POINTS, person, placement(FACE_POINTS, person, FaceSize.SOURCE))
    assert np.linalg.norm(moves, axis=1).max() == pytest.approx(MOST_OUTLINE)
