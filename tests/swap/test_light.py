"""The light of the plate is followed over seconds, and never in the rhythm of the mouth; its grain is found."""

from __future__ import annotations

import numpy as np

from av_models.swap.light import gain_at, light_over_time
from av_models.swap.plate import missing_grain
from av_models.swap.render import grained

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
    followed = gain_at(TIMES, knots, log_gain)[:, 1]
    assert np.abs(followed - dimming)[middle].max() < 0.03
    assert np.abs(np.diff(followed)).max() < 0.03


def test_a_flash_is_not_followed() -> None:
    skin = skin_of(np.zeros(N))
    plates = faces_of(skin, 0.6, 0.0)
    plates[30] *= 1.6
    knots, log_gain = light_over_time(TIMES, faces_of(skin, 0.6, 0.0), plates, skin)
    assert np.abs(gain_at(TIMES, knots, log_gain) - 1).max() < 0.05


def test_grain_is_what_the_smooth_patches_have() -> None:
    """Pores and lashes in a part of the face are no grain, and noise of a known strength is found again."""
    smooth = np.full((3, 96, 96, 3), 0.5, np.float32)
    skin = np.ones((3, 96, 96), np.float32)
    noisy = np.stack([grained(face, 0.012, seed) for seed, face in enumerate(smooth)])
    assert abs(missing_grain(smooth, noisy, skin, 0.0) - 0.012) < 0.003
    pores = smooth.copy()
    pores[:, :48] += np.random.default_rng(0).normal(0, 0.05, (1, 48, 96, 1)).astype(np.float32)
    assert missing_grain(smooth, pores, skin, 0.0) < 0.004
    assert missing_grain(noisy, smooth, skin, 0.0) == 0.0
