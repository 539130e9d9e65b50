"""The mouth code: eight numbers of a mouth, the same for everybody, whatever the size of the picture."""

from __future__ import annotations

import numpy as np
import pytest

from av_models.lips.mouth import GAP, mouth_codes, mouth_scale
from av_models.lips.visemes import mouth_range


def face(gap: float, scale: float = 1.0, turn: float = 0.0) -> np.ndarray:
    points = np.zeros((68, 2))
    points[36], points[45], points[33], points[8] = (0, 0), (100, 0), (50, 50), (50, 130 + gap / 2)
    points[48], points[54], points[60], points[64] = (25, 85), (75, 85), (30, 85), (70, 85)
    points[51], points[57], points[62], points[66] = (50, 75), (50, 95 + gap), (50, 82), (50, 82 + gap)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return points @ rotation * scale + 40


def test_mouth_codes_do_not_depend_on_size_or_tilt() -> None:
    plain, moved = mouth_codes(face(12)[None]), mouth_codes(face(12, 2.5, 0.4)[None])
    assert moved == pytest.approx(plain, abs=1e-5)
    assert plain[0, GAP] == pytest.approx(0.12)


def test_normalised_codes_map_one_persons_range_onto_anothers() -> None:
    small = mouth_codes(np.stack([face(g) for g in np.linspace(0, 10, 50)]))
    large = mouth_codes(np.stack([face(g) for g in np.linspace(0, 30, 50)]))
    assert mouth_scale(small).normalise(small)[:, GAP] == pytest.approx(
        mouth_scale(large).normalise(large)[:, GAP], abs=0.02
    )


def test_the_range_ignores_frames_without_a_face() -> None:
    codes = np.concatenate([np.random.default_rng(0).normal(0, 1, (200, 8)), np.full((20, 8), np.nan)])
    assert np.isfinite(mouth_range(codes).low).all()
