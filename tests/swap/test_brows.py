"""Brows go along with the actor's, and with nothing else: not with light, a blink, a turn of the head, or a hand."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from av_models.domain.errors import InputError
from av_models.domain.swap import SwapOptions
from av_models.swap.brows import LEFT, RIGHT, BrowPictures, BrowReader
from av_models.swap.shape import POINTS, Expression, FaceShape
from tests.swap.test_placing import FACE_POINTS

SIDE = 128
TEMPLATE = np.asarray(FACE_POINTS, np.float64)
N = 60
FORWARD = np.zeros((N, 2))
TURN = np.stack([np.sin(np.arange(N) * 0.7), np.cos(np.arange(N) * 0.4)], 1)


def crop(left: float = 0.0, right: float = 0.0, light: float = 1.0) -> np.ndarray:
    """A face with brows so far below their usual place, in units of the crop's side, and a crease that stays."""
    big = 4 * SIDE
    face = np.full((big, big, 3), (190, 150, 130), np.uint8)
    for brow, lower in ((LEFT, left), (RIGHT, right)):
        points = ((TEMPLATE[brow] + (0, lower)) * big).round().astype(np.int32)
        cv2.polylines(face, [points], False, (70, 50, 40), 14)
        for k, (x, y) in enumerate(points.tolist()):
            cv2.line(face, (x, y + 6), (x + 9, y - 12 + 3 * k), (60, 40, 30), 3)
    small = cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32) * light
    return np.clip(small, 0, 255).astype(np.uint8)


def raises(seed: int, often: float = 0.2) -> np.ndarray:
    """(N,) of brows that are raised so often."""
    rng = np.random.default_rng(seed)
    return -0.03 * rng.random(N) * (rng.random(N) < often)


def read(crops: np.ndarray, turns: np.ndarray = FORWARD) -> np.ndarray:
    pictures = BrowPictures.of(crops, TEMPLATE)
    reader = BrowReader.of(pictures, pictures.found(crops), turns)
    assert reader is not None
    return reader(crops, turns)


def test_each_brow_is_read_by_itself() -> None:
    left, right = raises(1), raises(2)
    found = read(np.stack([crop(*one) for one in zip(left, right, strict=True)]))
    raised = np.stack([left, right], 1)
    assert np.abs(found - raised)[raised < -0.012].max() < 0.003
    assert np.abs(found[raised > -0.001]).max() < 0.001


def test_a_frown_is_read_too() -> None:
    lower = np.where(np.arange(N) % 6 == 0, 0.02, 0.0)
    found = read(np.stack([crop(one, one) for one in lower]))
    assert found[::6].min() > 0.016 and np.abs(found[1::6]).max() < 0.001


def test_light_and_noise_are_no_raise() -> None:
    rng = np.random.default_rng(0)
    crops = np.stack([crop(light=light) for light in rng.uniform(0.5, 1.2, N)])
    noisy = np.clip(crops + rng.normal(0, 6, crops.shape), 0, 255).astype(np.uint8)
    assert np.abs(read(noisy)).max() == 0


def test_a_turn_or_nod_of_the_head_is_no_raise_however_it_moves_this_face() -> None:
    """As on other faces, and half as much again."""
    for own in (1.0, 1.5):
        left, right = (own * (side * -0.013 * TURN[:, 0] + 0.0045 * TURN[:, 1]) for side in (1, -1))
        found = read(np.stack([crop(*one) for one in zip(left, right, strict=True)]), TURN)
        assert np.abs(found).max() < 0.003, own


def test_a_raise_in_a_turned_head_is_read() -> None:
    raised = raises(3)
    left, right = (raised + side * -0.013 * TURN[:, 0] + 0.0045 * TURN[:, 1] for side in (1, -1))
    found = read(np.stack([crop(*one) for one in zip(left, right, strict=True)]), TURN)
    assert np.abs(found[:, 0] - raised)[raised < -0.012].max() < 0.008


def test_who_raises_brows_half_of_the_time_has_them_down_at_rest() -> None:
    raised = np.where(np.arange(N) % 20 < 11, -0.02, 0.0)
    found = read(np.stack([crop(one, one) for one in raised]))
    assert np.abs(found[raised == 0]).max() < 0.001 and found[raised < 0].max() < -0.015


def test_a_brow_behind_a_hand_stays_where_it_is() -> None:
    crops = np.stack([crop() for _ in range(N)])
    pictures = BrowPictures.of(crops, TEMPLATE)
    reader = BrowReader.of(pictures, pictures.found(crops), FORWARD)
    assert reader is not None
    hidden = crop(-0.03, -0.03)
    hidden[: SIDE // 2, : SIDE // 2] = np.random.default_rng(1).integers(120, 130, (SIDE // 2, SIDE // 2, 3))
    found = reader(hidden[None], FORWARD[:1])[0]
    assert found[0] == 0 and found[1] < -0.025


def test_few_frames_say_nothing() -> None:
    crops = np.stack([crop()] * 5)
    pictures = BrowPictures.of(crops, TEMPLATE)
    assert BrowReader.of(pictures, pictures.found(crops), FORWARD[:5]) is None


def test_what_was_read_keeps_in_arrays() -> None:
    crops = np.stack([crop(one, one) for one in raises(4)])
    pictures = BrowPictures.of(crops, TEMPLATE)
    reader = BrowReader.of(pictures, pictures.found(crops), FORWARD)
    assert reader is not None
    again = BrowReader.from_arrays(reader.arrays())
    np.testing.assert_array_equal(again(crops, FORWARD), reader(crops, FORWARD))


def test_brows_near_the_edge_of_the_crop_are_looked_for_within_it() -> None:
    high = TEMPLATE - (0, TEMPLATE[:, 1].min())
    pictures = BrowPictures.of(np.stack([crop()] * 3), high)
    offset, sure = pictures.found(np.stack([crop()] * 3))
    assert np.isfinite(offset).all() and ((sure >= 0) & (sure <= 1)).all()


def test_a_painted_brow_goes_as_far_and_eyes_and_jaw_stay() -> None:
    mean = torch.tensor(FACE_POINTS, dtype=torch.float32)
    shape = FaceShape(11, turns=False)
    shape.fit(torch.randn(80, 11, generator=torch.Generator().manual_seed(0)), mean.repeat(80, 1, 1))
    shape.draw(torch.zeros(68, 2), mean)
    asked, brows = torch.zeros(2, 11), torch.tensor([[0.0, 0.0], [-0.03, 0.01]])
    expression = Expression(brows)
    still, raised = shape.points(asked, expression)
    moved = raised - still
    assert moved[LEFT, 1].allclose(torch.tensor(-0.03)) and moved[RIGHT, 1].allclose(torch.tensor(0.01))
    others = [k for k in range(len(POINTS)) if k not in range(17, 27)]
    assert not moved[others].any()
    field = shape(asked, expression)[1]
    x, y = (mean[LEFT].mean(0) * field.shape[-1]).long().tolist()
    assert field[1, y, x] == pytest.approx(-0.03, abs=0.006) and field[1].abs().max() < 0.045
    assert field[:, field.shape[-1] * 3 // 4 :].abs().max() < 0.004, "the chin"


def test_how_far_they_follow_is_a_choice() -> None:
    with pytest.raises(InputError, match="brows"):
        SwapOptions(brows=1.5)
