"""Pictures of faces are laid on one another, and what was found there goes back to where each face is."""

from __future__ import annotations

import numpy as np
import torch

from av_models.swap.shape import NOSE_TIP, POINTS
from av_models.swap.surface import Surface
from tests.swap.test_placing import FACE_POINTS

SIDE = 96
USUAL = np.asarray(FACE_POINTS[list(POINTS)], np.float32)
AWAY = np.array([[0.0, 0.0], [0.03, -0.01], [-0.03, 0.02]], np.float32)


def moved_noses() -> np.ndarray:
    """(3,K,2): the whole nose goes along with its tip; all else stays."""
    points = np.repeat(USUAL[None], len(AWAY), 0)
    points[:, NOSE_TIP - 3 : NOSE_TIP + 6] += AWAY[:, None]
    return points


def spots(places: np.ndarray) -> torch.Tensor:
    """(N,1,D,D): bright round places (N,2)."""
    y, x = np.mgrid[:SIDE, :SIDE]
    at = places * SIDE - 0.5
    squared = (x - at[:, 0, None, None]) ** 2 + (y - at[:, 1, None, None]) ** 2
    return torch.from_numpy(np.exp(-squared / 18).astype(np.float32))[:, None]


def brightest(pictures: torch.Tensor) -> np.ndarray:
    """(N,2), as a share of the side."""
    flat = pictures[:, 0].clamp(min=0.5) - 0.5
    y, x = np.mgrid[:SIDE, :SIDE]
    weight = flat.numpy() / flat.sum((1, 2))[:, None, None].numpy()
    return (np.stack([(weight * x).sum((1, 2)), (weight * y).sum((1, 2))], 1) + 0.5) / SIDE


def test_noses_are_laid_on_one_another() -> None:
    points = moved_noses()
    laid = Surface(USUAL).laid(spots(points[:, NOSE_TIP]), torch.from_numpy(points))
    assert np.abs(brightest(laid) - USUAL[NOSE_TIP]).max() < 0.5 / SIDE


def test_what_lies_on_the_usual_face_is_worn_where_each_face_is() -> None:
    points = moved_noses()
    worn = Surface(USUAL).worn(spots(USUAL[None, NOSE_TIP]), torch.from_numpy(points))
    assert np.abs(brightest(worn) - points[:, NOSE_TIP]).max() < 0.5 / SIDE
    assert np.abs(brightest(worn)[1] - USUAL[NOSE_TIP]).max() > 2 / SIDE


def test_a_usual_face_wears_fields_as_they_are() -> None:
    field = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(Surface(USUAL).worn(field, torch.from_numpy(USUAL[None])), field, atol=1e-4)
