"""Where the whites of the eyes and the teeth are looked for, and that only there pale colours stay pale."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from av_models.domain.swap import ColorMatch
from av_models.swap.color import fit_colors, recolored
from av_models.swap.shape import POINTS
from av_models.swap.whites import whites_places
from tests.swap.test_placing import FACE_POINTS

SIDE = 192
FAIR, DARK, PALE = (0.78, 0.6, 0.5), (0.4, 0.26, 0.19), (0.88, 0.87, 0.86)


EYES = np.array([[0.38, 0.36], [0.62, 0.36]])


@pytest.fixture
def places() -> np.ndarray:
    points = torch.from_numpy(FACE_POINTS[list(POINTS)]).float()[None]
    return whites_places(torch.cat([points, points + 0.1]), SIDE).numpy()


def at(places: np.ndarray, point: np.ndarray) -> float:
    x, y = (np.asarray(point) * SIDE).astype(int)
    return float(places[0, 0, y, x])


def test_eyes_and_mouth_are_covered_and_skin_is_not(places: np.ndarray) -> None:
    assert places.shape == (2, 1, SIDE, SIDE) and places.min() >= 0 and places.max() == 1
    for inside in (*EYES, FACE_POINTS[48:60].mean(0)):
        assert at(places, inside) == 1
    skin = (FACE_POINTS[8] - (0, 0.06), FACE_POINTS[30], FACE_POINTS[19], FACE_POINTS[[2, 31]].mean(0))
    assert max(at(places, point) for point in skin) == 0


def test_places_follow_the_face(places: np.ndarray) -> None:
    there = [np.argwhere(one[0] > 0.5).mean(0) for one in places]
    assert there[1] - there[0] == pytest.approx([0.1 * SIDE] * 2, abs=1)


def test_teeth_stay_as_white_as_they_were_and_light_on_a_fair_cheek_goes_along() -> None:
    rng = np.random.default_rng(0)
    fair, dark = (np.clip(np.array(c) + rng.normal(0, 0.03, (4000, 3)), 0, 1) for c in (FAIR, DARK))
    table = torch.from_numpy(fit_colors(fair, dark, ColorMatch.REINHARD))
    pale = torch.tensor(PALE)[None, :, None, None].repeat(1, 1, 1, 2)
    whites = torch.tensor([[[[1.0, 0.0]]]])
    teeth, light = recolored(pale, table, whites)[0, :, 0].T
    assert float((teeth - pale[0, :, 0, 0]).abs().max()) < 0.05
    assert float(light.mean()) < 0.65
    assert recolored(pale, table)[0, :, 0, 0] == pytest.approx(light, abs=1e-5)
