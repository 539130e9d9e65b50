"""Light that falls on one cheek after the other as a head turns is found turn by turn."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from av_models.domain.swap import ColorMatch, SwapOptions
from av_models.swap.lighting import Light, Scene, by_turn, light_of, turn_centres, turns_of
from av_models.swap.shape import NOSE_TIP, POINTS
from tests.swap.test_placing import FACE_POINTS

SIDE = 64
N = 48
PLAIN = SwapOptions(color=ColorMatch.NONE)


def points_of(turns: np.ndarray) -> np.ndarray:
    """(N,K,2): the tip of the nose goes to the side, by distances between the eyes."""
    points = np.repeat(FACE_POINTS[list(POINTS)][None], len(turns), 0)
    points[:, NOSE_TIP, 0] += 0.3 * turns
    return points


def lamp(turns: np.ndarray) -> np.ndarray:
    """(N,D,D,3) gains: the side of the face that is turned to the lamp is lit."""
    across = np.linspace(-1, 1, SIDE)[None, None, :, None]
    return np.repeat(np.repeat(np.exp(0.8 * turns[:, None, None, None] * across), SIDE, 1), 3, 3)


@pytest.fixture
def turning() -> tuple[Scene, np.ndarray]:
    """A face without features, filmed under a lamp beside it while it turns from side to side."""
    turns = 0.3 * np.sin(np.arange(N) * 0.45)
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE - 0.5
    skin = np.repeat(((x / 0.32) ** 2 + (y / 0.4) ** 2 < 1)[None], N, 0).astype(np.float32)
    faces = np.full((N, SIDE, SIDE, 3), 0.4, np.float32)
    return Scene(faces, np.asarray(faces * lamp(turns), np.float32), skin, points_of(turns)), turns


def off(scene: Scene, light: Light) -> float:
    return float(np.abs(light.shown(scene) - scene.plates)[scene.skin > 0.5].mean())


def test_each_turn_has_its_own_light(turning: tuple[Scene, np.ndarray]) -> None:
    scene, _ = turning
    light = light_of(scene, PLAIN)
    assert len(light.turns) >= 3
    still = light_of(scene, PLAIN, np.zeros(1))
    unlit = float(np.abs(scene.faces - scene.plates)[scene.skin > 0.5].mean())
    assert off(scene, light) < 0.6 * off(scene, still) and off(scene, light) < 0.5 * unlit


def test_shade_goes_along_with_the_face() -> None:
    """A face that is never quite at one place, one half of it in the shade: the edge of the shade stays on the nose."""
    away = np.stack([0.05 * np.sin(np.arange(N) * 1.7), 0.03 * np.cos(np.arange(N) * 0.9)], 1)
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    across = x - FACE_POINTS[30, 0] - away[:, 0, None, None]
    skin = np.repeat((np.hypot((x - 0.5) / 0.4, (y - 0.5) / 0.45) < 1)[None], N, 0).astype(np.float32)
    faces = np.full((N, SIDE, SIDE, 3), 0.4, np.float32)
    plates = np.asarray(faces * np.where(across > 0, 0.7, 1.0)[..., None], np.float32)
    points = points_of(np.zeros(N)) + away[:, None]
    along, still = (Scene(faces, plates, skin, one) for one in (points, points_of(np.zeros(N))))
    edge = (np.abs(across) < 0.06) & (skin > 0.5)
    shown = (light_of(one, PLAIN).shown(one)[edge].mean(-1) for one in (along, still))
    goes, stays = (np.corrcoef(one, plates[edge].mean(-1))[0, 1] for one in shown)
    assert goes > 0.8 and stays < 0.7


def test_a_head_that_keeps_still_has_one_light(turning: tuple[Scene, np.ndarray]) -> None:
    scene, turns = turning
    assert len(turn_centres(points_of(turns * 0.05))) == 1
    assert len(light_of(Scene(scene.faces, scene.plates, scene.skin, points_of(turns * 0.05)), PLAIN).turns) == 1


def test_a_turn_that_hardly_any_frame_shows_has_the_light_of_all(turning: tuple[Scene, np.ndarray]) -> None:
    scene, _ = turning
    whole, far = light_of(scene, PLAIN, np.zeros(1)), np.array([0.0, 2.0, 4.0])
    assert np.allclose(light_of(scene, PLAIN, far).shading[2], whole.shading[0])


def test_light_passes_over_evenly_from_turn_to_turn() -> None:
    fields = torch.stack([torch.zeros(3, 4, 4), torch.ones(3, 4, 4)])
    turns = np.array([-0.2, 0.2])
    middle = turns_of(points_of(np.zeros(1)))[0]
    points = torch.from_numpy(points_of(np.array([-9.0, 0.0, 9.0])))
    found = by_turn(fields, turns + middle, points)[:, 0, 0, 0]
    assert torch.allclose(found, torch.tensor([0.0, 0.5, 1.0]), atol=1e-5)
