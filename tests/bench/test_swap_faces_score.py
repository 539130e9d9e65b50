"""The scorer punishes what is wrong with a swap, in the figure that is meant for it, and nothing else."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
from swaps_made import BLINKS, SIDE, N, frames, landmarks, mouth_opening, scored, seen, truth

from av_models.domain.errors import InputError
from av_models.face.warp import RIGID
from av_models.forensics.swap_score import judge_swap
from av_models.forensics.swap_score_pixels import grid_matrices, ssim_map


def test_the_truth_itself_is_perfect() -> None:
    score = scored()
    assert score.ssim == score.fit_ssim == pytest.approx(1) and score.psnr == score.fit_psnr == pytest.approx(100)
    assert score.fit_scale == pytest.approx(1) and score.eyes_blink == score.eyes_open == pytest.approx(1)
    assert score.lm_all == score.lm_mouth == score.lm_eyes == score.lm_jaw == 0
    assert score.mouth_r == pytest.approx(1) and score.mouth_gain == pytest.approx(1)
    assert score.flicker_ratio == score.motion_ratio == pytest.approx(1) and score.motion_err == 0
    assert score.id_want == pytest.approx(0.01 * math.sqrt(128)) and score.id_side == 1
    assert score.frames == N and score.undetected == 0


def test_another_place_costs_the_plain_look_and_not_the_fitted_one() -> None:
    shift = np.float32([[1, 0, 4], [0, 1, -3]])

    def moved(_: int, rgb: np.ndarray) -> np.ndarray:
        return cv2.warpAffine(rgb, shift, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)

    score = scored(moved, landmarks() + np.array([4, -3]))
    assert score.ssim < 0.6 and score.fit_ssim > 0.95
    assert score.fit_psnr > score.psnr + 5
    eyes_px = np.linalg.norm(landmarks()[0, 45] - landmarks()[0, 36])
    assert (score.lm_mouth, score.lm_eyes) == pytest.approx((5 / eyes_px, 5 / eyes_px))
    assert score.mouth_r == pytest.approx(1)


def test_another_size_is_told_as_a_scale() -> None:
    larger = np.float32([[1.1, 0, -0.1 * 80], [0, 1.1, -0.1 * 80]])

    def grown(_: int, rgb: np.ndarray) -> np.ndarray:
        return cv2.warpAffine(rgb, larger, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)

    score = scored(grown, landmarks() * 1.1 - 8)
    assert score.fit_scale == pytest.approx(1 / 1.1, abs=0.001)
    assert score.fit_ssim > 0.9 > score.ssim + 0.2


def test_trembling_is_not_forgiven_by_the_fit() -> None:
    def trembling(index: int, rgb: np.ndarray) -> np.ndarray:
        return np.roll(rgb, 3 if index % 2 else -3, axis=1)

    points = landmarks() + np.where(np.arange(N) % 2, 3, -3)[:, None, None] * np.array([1, 0])
    score = scored(trembling, points)
    assert score.fit_ssim < 0.75 and score.flicker_ratio > 1.5


def test_blur_costs_structure_and_makes_too_smooth() -> None:
    score = scored(lambda _, rgb: cv2.GaussianBlur(rgb, (0, 0), 2.5))
    assert score.ssim < 0.85 and score.fit_ssim < 0.85
    assert score.flicker_ratio < 0.8


def test_a_darker_face_costs_the_error_it_has() -> None:
    score = scored(lambda _, rgb: (rgb * 0.8).astype(np.uint8))
    skin = 155 / 255  # a fifth of that is missing
    assert score.psnr == pytest.approx(-20 * math.log10(skin / 5), abs=0.5) and score.ssim > 0.85
    assert score.flicker_ratio == pytest.approx(0.8, abs=0.05)


def test_flicker_is_seen_where_structure_does_not_see_it() -> None:
    def flickering(index: int, rgb: np.ndarray) -> np.ndarray:
        return np.clip(rgb + (6.0 if index % 2 else -6.0), 0, 255).astype(np.uint8)

    score = scored(flickering)
    assert score.flicker_ratio > 1.3 and score.motion_err > 0.3 and score.ssim > 0.95


def test_a_mouth_that_opens_half_as_far_has_half_the_gain() -> None:
    points = landmarks()
    middle = points[:, [62, 66]].mean(1, keepdims=True)
    points[:, [62, 66]] = middle + (points[:, [62, 66]] - middle) / 2
    score = scored(points=points)
    assert score.mouth_gain == pytest.approx(0.5) and score.mouth_r == pytest.approx(1)
    assert score.lm_mouth > 0 == score.lm_eyes


def test_a_mouth_that_shuts_where_it_should_open_is_correlated_the_wrong_way() -> None:
    points = landmarks()
    points[:, 66, 1] = points[:, 62, 1] + 12 - mouth_opening()
    assert scored(points=points).mouth_r == pytest.approx(-1)


def test_eyes_that_stay_open_in_a_blink_are_told_apart_from_the_rest() -> None:
    def staring(index: int, rgb: np.ndarray) -> np.ndarray:
        if index in range(N)[BLINKS]:
            for eye in (slice(36, 42), slice(42, 48)):
                x, y = landmarks()[index, eye].mean(0).astype(int)
                rgb[y - 4 : y + 5, x - 8 : x + 9] = 20
        return rgb

    score = scored(staring)
    assert score.eyes_open == pytest.approx(1) and score.eyes_blink < 0.9


def test_the_actors_face_is_nearer_to_the_actor() -> None:
    score = scored(descriptor=0.05)
    assert score.id_side == 0 and score.id_actor < 1e-9 < score.id_want


def test_without_exact_eyes_blinks_are_unknown() -> None:
    right = truth(eyes=False)
    score = judge_swap(right.clip, right.truth, right)
    assert math.isnan(score.eyes_blink) and math.isnan(score.eyes_open)


def test_clips_that_do_not_belong_together_are_refused() -> None:
    right = truth()
    with pytest.raises(InputError, match="same frames"):
        judge_swap(right.clip, replace(right.truth, landmarks=right.truth.landmarks[:-1]), right)
    with pytest.raises(InputError, match=f"{SIDE}x{SIDE} px"):
        judge_swap(lambda: iter([rgb[:-2, :-2] for rgb in frames()]), right.truth, right)


def test_structure_is_that_of_the_paper_written_out() -> None:
    """Wang et al. 2004 for one pixel: means, variances and covariance under a Gaussian window of 11 x 11, sigma 1.5."""
    rng = np.random.default_rng(1)
    a, b = rng.random((2, 24, 24, 3)).astype(np.float32)
    axis = np.arange(-5, 6)
    window = np.exp(-(axis[:, None] ** 2 + axis[None] ** 2) / (2 * 1.5**2))
    window /= window.sum()
    x, y = a[4:15, 6:17, 1].astype(float), b[4:15, 6:17, 1].astype(float)
    mx, my = (window * x).sum(), (window * y).sum()
    vx, vy, xy = (
        (window * (p - mp) * (q - mq)).sum() for p, mp, q, mq in ((x, mx, x, mx), (y, my, y, my), (x, mx, y, my))
    )
    wanted = (2 * mx * my + 1e-4) * (2 * xy + 9e-4) / ((mx**2 + my**2 + 1e-4) * (vx + vy + 9e-4))
    assert ssim_map(a, b)[9, 11, 1] == pytest.approx(wanted, abs=1e-4)


def test_the_grid_holds_the_actors_bones_still() -> None:
    points = landmarks()
    moved = np.einsum("nij,nkj->nki", (m := grid_matrices(points))[..., :2], points) + m[:, None, :, 2]
    assert np.ptp(moved[:, list(RIGID)], axis=0).max() < 0.01
    assert seen(points, np.zeros(128)).identity.shape == (128,)
