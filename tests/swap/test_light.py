"""The light of the plate is followed over seconds, and never in the rhythm of the mouth; its grain is found."""

from __future__ import annotations

import numpy as np
import pytest

from av_models.swap.finish import MAX_SHARPEN, detail, strength_for
from av_models.swap.grain import footage_grain, grain_level, missing_grain
from av_models.swap.light import always_skin, followed, gain_at, log_gains
from av_models.swap.render import grained, sharpened

PX, N, RATE = 64, 60, 5.0
TIMES = np.arange(N) / RATE


def skin_of(opening: np.ndarray) -> np.ndarray:
    """(N,PX,PX): a face whose chin drops with the mouth; the mouth itself is no skin."""
    y, x = (np.indices((PX, PX)) + 0.5) / PX
    face = [((x - 0.5) / 0.33) ** 2 + ((y - 0.5) / (0.36 + 0.08 * o)) ** 2 < 1 for o in opening]
    mouth = [((x - 0.5) / 0.12) ** 2 + ((y - 0.71) / (0.03 + 0.08 * o)) ** 2 < 1 for o in opening]
    return (np.array(face) & ~np.array(mouth)).astype(np.float32)


def faces_of(skin: np.ndarray, brightness: float, shaded_chin: float) -> np.ndarray:
    """(N,PX,PX,3) with a chin of another brightness than the cheeks and a dark mouth."""
    rows = np.linspace(0, 1, PX)[None, :, None]
    level = brightness * (1 - shaded_chin * (rows > 0.7))
    return (skin * level + 0.05)[..., None].repeat(3, -1).astype(np.float32)


def light_over_time(
    times: np.ndarray, faces: np.ndarray, plates: np.ndarray, skin: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """As a clip's look is measured."""
    return followed(times, log_gains(faces, plates, always_skin(skin)))


def test_a_mouth_that_opens_and_closes_does_not_pump() -> None:
    opening = (np.sin(TIMES * 2 * np.pi * 0.8) + 1) / 2
    skin = skin_of(opening)
    knots, log_gain = light_over_time(TIMES, faces_of(skin, 0.5, 0.0), faces_of(skin, 0.6, 0.4), skin)
    gain = gain_at(np.arange(0, 12, 1 / 25), knots, log_gain)
    assert abs(gain.mean() - 0.6 / 0.5) < 0.03
    assert gain.std() < 0.002


def test_a_slow_change_of_light_is_followed() -> None:
    skin = skin_of(np.zeros(N))
    dimming = np.linspace(1.0, 0.6, N)
    plates = faces_of(skin, 0.6, 0.0) * dimming[:, None, None, None]
    knots, log_gain = light_over_time(TIMES, faces_of(skin, 0.6, 0.0), plates, skin)
    middle = (TIMES > 3) & (TIMES < 9)
    gain = gain_at(TIMES, knots, log_gain)[:, 1]
    assert np.abs(gain - dimming)[middle].max() < 0.03
    assert np.abs(np.diff(gain)).max() < 0.03


def test_a_flash_is_not_followed() -> None:
    skin = skin_of(np.zeros(N))
    plates = faces_of(skin, 0.6, 0.0)
    plates[30] *= 1.6
    knots, log_gain = light_over_time(TIMES, faces_of(skin, 0.6, 0.0), plates, skin)
    assert np.abs(gain_at(TIMES, knots, log_gain) - 1).max() < 0.05


def test_far_from_what_was_seen_the_nearest_light_counts() -> None:
    """While the face is away for a minute its light is no mean of all that was measured."""
    times = np.concatenate([np.arange(10) / 5, 60 + np.arange(10) / 5])
    skin = skin_of(np.zeros(20))
    plates = faces_of(skin, 0.6, 0.0)
    plates[10:] *= 0.7
    knots, log_gain = light_over_time(times, faces_of(skin, 0.6, 0.0), plates, skin)
    away = gain_at(np.array([1.0, 25.0, 29.0, 33.0, 40.0, 61.0]), knots, log_gain)[:, 1]
    assert np.abs(away[:3] - 1).max() < 0.02 and np.abs(away[3:] - 0.7).max() < 0.03


def noisy_faces(level: float = 0.012, side: int = 96) -> np.ndarray:
    smooth = np.full((3, side, side, 3), 0.5, np.float32)
    return np.stack([grained(face, level, seed) for seed, face in enumerate(smooth)])


def test_grain_is_what_the_smooth_patches_have() -> None:
    """Pores and lashes in a part of the face are no grain, and noise of a known strength is found again."""
    smooth = np.full((3, 96, 96, 3), 0.5, np.float32)
    skin = np.ones((3, 96, 96), np.float32)
    noisy = noisy_faces()
    assert abs(missing_grain(smooth, grain_level(noisy, skin), skin, 0.0) - 0.012) < 0.003
    pores = smooth.copy()
    pores[:, :48] += np.random.default_rng(0).normal(0, 0.05, (1, 48, 96, 1)).astype(np.float32)
    assert missing_grain(smooth, grain_level(pores, skin), skin, 0.0) < 0.004
    assert missing_grain(noisy, grain_level(smooth, skin), skin, 0.0) == 0.0


@pytest.mark.parametrize("scale", [0.6, 1.0, 1.6])
def test_a_face_that_is_resized_on_the_way_arrives_with_the_footages_grain(scale: float) -> None:
    import cv2

    smooth, skin = np.full((3, 96, 96, 3), 0.5, np.float32), np.ones((3, 96, 96), np.float32)
    grain = missing_grain(smooth, 0.004, skin, 0.0, scale)
    side, way = round(96 * scale), cv2.INTER_CUBIC if scale >= 1 else cv2.INTER_AREA
    laid = np.stack(
        [cv2.resize(grained(face, grain, 50 + k), (side, side), interpolation=way) for k, face in enumerate(smooth)]
    )
    assert grain_level(laid, np.ones(laid.shape[:3])) == pytest.approx(0.004, rel=0.15)


def test_the_footages_grain_is_measured_on_bare_skin() -> None:
    """Neither a chequered background nor the eyes count."""
    rng = np.random.default_rng(3)
    frame = np.full((240, 320, 3), 128.0) + rng.normal(0, 4, (240, 320, 1))
    frame[:, :60] += 60 * (np.indices((240, 60)).sum(0)[..., None] % 2)
    points = np.full((68, 2), 0.0)
    turn = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    points[:, 0], points[:, 1] = 170 + 80 * np.cos(turn), 120 + 100 * np.sin(turn)
    points[36:42], points[42:48], points[48:60] = (140, 90), (200, 90), (170, 170)
    found = footage_grain(np.clip(frame, 0, 255).astype(np.uint8), points)
    clean = grain_level(np.clip(frame[None, 20:220, 100:240], 0, 255) / 255, np.ones((1, 200, 140)))
    assert found == pytest.approx(clean, rel=0.1)
    assert footage_grain(np.zeros((240, 320, 3), np.uint8), points + 1000.0) is None


def test_what_is_sharpened_has_the_detail_that_was_asked_for() -> None:
    """Found by looking, not by a rule of thumb; what is crisp already is left alone."""
    import cv2

    crisp = np.random.default_rng(1).random((2, 64, 64, 3)).astype(np.float32) * 0.4 + 0.3
    crisp = np.stack([cv2.GaussianBlur(one, (0, 0), 1.0) for one in crisp])
    soft, everywhere = np.stack([cv2.GaussianBlur(one, (0, 0), 0.6) for one in crisp]), np.ones((2, 64, 64))
    wanted = detail(crisp, everywhere)
    strength = strength_for(soft, everywhere, wanted)
    assert 0.1 < strength < MAX_SHARPEN
    reached = detail(np.stack([sharpened(one, strength) for one in soft]), everywhere)
    assert reached == pytest.approx(wanted, rel=0.03)
    assert strength_for(crisp, everywhere, wanted / 2) < 0.02
    assert strength_for(soft, everywhere, 10 * wanted) == MAX_SHARPEN
