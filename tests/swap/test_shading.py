"""Light from the side: it is taken over from the plate, what the actor's face looks like is not."""

from __future__ import annotations

import numpy as np
import pytest

from av_models.swap.shading import SHADING_PX, hue_left, side_light

SIDE = 64
ACROSS = (np.arange(SIDE) + 0.5) / SIDE


def disc(radius: float = 0.4) -> np.ndarray:
    """(6,S,S): skin in six frames."""
    inside = np.hypot(ACROSS[None] - 0.5, ACROSS[:, None] - 0.5) < radius
    return np.repeat(inside[None].astype(np.float32), 6, 0)


def flat(level: float = 0.5) -> np.ndarray:
    return np.full((6, SIDE, SIDE, 3), level, np.float32)


def lit_from_the_left(pictures: np.ndarray, colour: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> np.ndarray:
    """A quarter brighter on the left, a quarter darker on the right, in channels as `colour` says."""
    slope = (0.5 - ACROSS)[None, None, :, None] * np.array(colour, np.float32)
    return pictures * (1 + 0.5 * slope)


def relit(faces: np.ndarray, gain: np.ndarray) -> np.ndarray:
    import cv2

    return faces * cv2.resize(gain, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)


def test_light_from_one_side_is_followed_in_its_colour() -> None:
    faces, plates, skin = flat(), lit_from_the_left(flat(), (1.0, 0.5, 0.0)), disc()
    moved = relit(faces, side_light(faces, plates, skin, 0.5))
    inside = disc(0.33) > 0
    before, after = (np.abs(one - plates)[inside].mean(0) for one in (faces, moved))
    assert after[0] < 0.3 * before[0] and after[1] < 0.3 * before[1] and after[2] < 0.01


def test_the_actors_own_nose_stays_where_it_is() -> None:
    plates = flat()
    plates[:, 20:44, 30:34] *= 1.3
    gain = side_light(flat(), plates, disc(), 0.5)
    assert np.ptp(gain[30:60, 40:56]) < 0.05


def test_the_mean_level_is_left_to_the_colours() -> None:
    gain = side_light(flat(0.3), lit_from_the_left(flat(0.6)), disc(), 0.5)
    middle = SHADING_PX // 2
    assert gain[middle, middle] == pytest.approx(np.ones(3), abs=0.03)


def test_noise_and_freckles_are_not_printed_on_the_face() -> None:
    rng = np.random.default_rng(7)
    plates = flat() * (1 + 0.2 * rng.standard_normal((1, SIDE, SIDE, 1)).astype(np.float32))
    gain = side_light(flat(), plates, disc(), 0.5)
    assert gain.std() < 0.05


def test_holes_of_the_skin_get_the_light_of_what_is_round_them() -> None:
    skin = disc()
    skin[:, 20:28, 12:22] = 0
    faces, plates = flat(), lit_from_the_left(flat())
    gain = side_light(faces, plates, skin, 0.5)
    scale = SHADING_PX / SIDE
    hole = gain[int(21 * scale) : int(27 * scale), int(14 * scale) : int(20 * scale)]
    assert hole.mean() > 1.03


def test_nothing_known_changes_nothing() -> None:
    assert (side_light(flat(), flat(0.8), np.zeros((6, SIDE, SIDE), np.float32), 0.5) == 1).all()


def test_a_yellow_cheek_gets_the_plates_hue_and_keeps_its_lightness() -> None:
    faces, inside = flat(), disc(0.33) > 0
    faces[:, :, :32] *= np.array([1.08, 1.0, 0.85], np.float32)
    moved = relit(faces, hue_left(faces, flat(), disc()))

    def off(pictures: np.ndarray) -> float:
        """How far the two sides' hues are apart."""
        hue = np.log(pictures) - np.log(pictures).mean(-1, keepdims=True)
        sides = [hue[:, :, half][inside[:, :, half]].mean(0) for half in (slice(0, 26), slice(38, None))]
        return float(np.abs(sides[0] - sides[1]).max())

    assert off(moved) < 0.15 * off(faces)
    assert np.log(moved / faces).mean(-1)[inside] == pytest.approx(0, abs=0.01)


def test_a_mole_is_no_hue_of_light_and_what_is_alike_stays() -> None:
    faces = flat()
    faces[:, 40:42, 20:22] *= np.array([1.3, 1.0, 0.7], np.float32)
    assert np.abs(hue_left(faces, flat(), disc()) - 1).max() < 0.06
    assert hue_left(flat(), flat(0.3), disc()) == pytest.approx(np.ones((SHADING_PX, SHADING_PX, 3)), abs=1e-3)


def test_nothing_is_told_of_hue_where_faces_are_nowhere_as_bright() -> None:
    assert (hue_left(flat(0.9), flat(0.001), disc()) == 1).all()
