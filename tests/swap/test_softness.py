"""How soft a face is shown: told whoever it is, in each direction, through grain; and followed from frame to frame."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any, cast

import cv2
import numpy as np
import pytest

from av_models.swap.plate import PlateLook
from av_models.swap.softness import (
    ALL,
    BRIEF,
    blurred,
    edge_power,
    missing_softness,
    sharp_edges,
    shrink_for,
    smear,
    softer,
)
from tasks.softness import Edges, blur_of, with_near
from tests.swap.faces_made import drawn_bank
from tests.swap.footage_made import outlined

SIDE = 320
MILD_PX = 0.8
"""A lens that is in focus, too, rounds the edges of a drawing."""


def drawn(person: str, opening: int = 3) -> tuple[np.ndarray, np.ndarray]:
    bank = drawn_bank(person, n=6, size_px=SIDE)
    face = bank.crops[opening].permute(1, 2, 0).numpy().astype(np.float32)
    return cv2.GaussianBlur(face, (0, 0), MILD_PX), outlined(bank.landmarks[opening].numpy(), SIDE)


def power(face: np.ndarray, points: np.ndarray, **how: Any) -> np.ndarray:
    found = edge_power(np.clip(face + 0.5, 0, 255).astype(np.uint8), points, **how)
    assert found is not None
    return found


@pytest.mark.parametrize("sigma_px", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("grain", [0.0, 5.0])
def test_another_persons_face_tells_how_soft_the_footage_is(sigma_px: float, grain: float) -> None:
    painted, plate = drawn("source"), drawn("actor", 4)
    noise = np.random.default_rng(0).normal(0, 1, (SIDE, SIDE, 1)) * grain
    soft = cv2.GaussianBlur(plate[0], (0, 0), sigma_px) + noise
    found = missing_softness(power(*painted), power(soft, plate[1]))
    assert found**0.5 == pytest.approx(sigma_px, abs=0.35)


def test_a_sharp_plate_and_a_sharper_one_miss_nothing() -> None:
    painted, plate = drawn("source"), drawn("actor", 4)
    assert missing_softness(power(*painted), power(*plate)) == 0
    assert missing_softness(power(cv2.GaussianBlur(painted[0], (0, 0), 1.5), painted[1]), power(*plate)) == 0


def test_where_nothing_is_seen_nothing_is_blurred() -> None:
    painted, plate = drawn("source"), drawn("actor", 4)
    unseen = sharp_edges(np.full((4, 2, len(ALL)), np.nan))
    assert missing_softness(power(*painted), unseen) == 0 == missing_softness(unseen, power(*plate))


def test_a_smear_is_told_from_a_lack_of_focus() -> None:
    face, points = drawn("actor")
    smeared = cv2.blur(face, (9, 1))
    across, down = softer(power(smeared, points, scales=BRIEF), power(face, points))
    assert across == pytest.approx((9**2 - 1) / 12, rel=0.35)
    assert abs(down) < across / 8


def test_a_face_that_comes_nearer_is_not_softer_for_that() -> None:
    face, points = drawn("actor")
    large = cv2.resize(face, None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC)
    near = power(large, (points + 0.5) * 1.5 - 0.5, unit=1.5, scales=BRIEF)
    assert np.abs(softer(near, power(face, points))).max() < 0.3
    fine = cv2.resize(face, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    shrunk = power(fine, (points + 0.5) * 3 - 0.5, shrink=shrink_for(3.2), scales=BRIEF)
    assert np.abs(softer(shrunk, power(face, points))).max() < 0.3


def test_too_little_face_says_nothing() -> None:
    face, points = drawn("actor")
    assert edge_power(face.astype(np.uint8), points + 10 * SIDE) is None
    assert edge_power(face.astype(np.uint8), points / 16) is None


@pytest.mark.parametrize("wanted", [np.diag([4.0, 4.0]), np.diag([9.0, 0.0]), np.array([[4.0, 3.5], [3.5, 4.0]])])
def test_the_blur_is_the_one_that_was_asked_for(wanted: np.ndarray) -> None:
    point = np.zeros((61, 61, 3), np.float32)
    point[30, 30] = 1
    spread = blurred(point, wanted)[..., 0]
    y, x = np.mgrid[-30:31, -30:31]
    found = np.array([[(spread * a * b).sum() for a in (x, y)] for b in (x, y)]) / spread.sum()
    assert np.abs(found - wanted).max() < 0.45
    assert blurred(point, np.zeros((2, 2))) is point


def test_a_slanting_smear_goes_along_the_movement_and_no_farther() -> None:
    more = np.array([3.0, 3.0])
    assert smear(1.0, more, np.zeros(2)) == pytest.approx(np.diag([4.0, 4.0]))
    assert smear(0.0, more, np.array([20.0, 20.0]))[0, 1] == pytest.approx(3.0)
    assert smear(0.0, more, np.array([20.0, -20.0]))[0, 1] == pytest.approx(-3.0)
    assert smear(0.0, more, np.array([2.0, 2.0]))[0, 1] == pytest.approx(8 / 12 / 2)
    # A frame that is sharper than the others takes the clip's own softness away, never more.
    assert smear(1.0, np.array([-0.4, -9.0]), np.zeros(2)) == pytest.approx(np.diag([0.6, 0.0]))


def seen(more: float, time_s: float, x: float = 100.0, scene: int = 0) -> Edges:
    return Edges(np.array([more, more]), np.array([x, 80.0]), 60.0, time_s, 1.0, scene)


def look() -> PlateLook:
    class Plain:
        soft, scale = np.array(0.0), np.array(1.0)

    return cast(PlateLook, Plain())


def followed(faces: list[Edges | None]) -> list[float | None]:
    """Variance of the blur, frame by frame."""
    return [
        blur_of(near, Fraction(25), np.eye(2, 3), look())[0, 0] if one is not None else None
        for one, near in with_near(faces)
    ]


def test_a_pull_of_focus_is_followed_and_trembling_is_not() -> None:
    trembling = np.random.default_rng(0).normal(0, 0.15, 20)
    pull = np.concatenate([np.zeros(8), np.linspace(0, 6, 12)]) + trembling
    found = cast(list[float], followed([seen(more, k / 25) for k, more in enumerate(pull)]))
    assert max(found[:6]) < 0.1
    assert all(later > sooner for sooner, later in pairwise(found[9:]))
    assert found[-1] == pytest.approx(5.5, abs=0.6)


def test_what_lies_beyond_a_cut_or_a_gap_has_no_part_in_it() -> None:
    cut: list[Edges | None] = [seen(4.0, k / 25) if k < 5 else seen(0.0, k / 25, 300.0) for k in range(10)]
    found = followed(cut)
    assert found[4] == pytest.approx(3.7) and found[5] == 0
    in_place: list[Edges | None] = [seen(4.0, k / 25) if k < 5 else seen(0.0, k / 25, scene=1) for k in range(10)]
    assert followed(in_place) == found
    gap: list[Edges | None] = [*cut[:5], None, *(seen(0.0, k / 25) for k in range(6, 10))]
    assert followed(gap)[6] == 0 and followed(gap)[5] is None
