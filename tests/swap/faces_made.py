"""Drawn faces: two people whose mouth opens by a known amount, as crops with landmarks. No camera, no weights."""

from __future__ import annotations

import numpy as np

from av_models.swap.faces import FaceBank

SKIN = {"source": (205, 160, 130), "actor": (150, 180, 205)}


def drawn_bank(person: str, n: int = 48, size_px: int = 64) -> FaceBank:
    """n faces; the head leans and the mouth opens in their own rhythms, and the mouth code says how far it is open."""
    rng = np.random.default_rng(len(person))
    opening = (np.sin(np.arange(n) * 0.9) + 1) / 2
    lean = np.sin(np.arange(n) * 0.37) * 0.03
    crops = np.stack([_face(person, size_px, o, x) for o, x in zip(opening, lean, strict=True)])
    crops = np.clip(crops + rng.normal(0, 2, crops.shape), 0, 255).astype(np.uint8)
    mouth = np.repeat(((opening - 0.5) * 3)[:, None], 8, 1).astype(np.float32)
    landmarks = np.stack([_landmarks(size_px, o, x) for o, x in zip(opening, lean, strict=True)])
    mask = (_ellipse(size_px, 0.5, 0.5, 0.3, 0.36) * 255).astype(np.uint8)
    return FaceBank.from_arrays(crops, np.repeat(mask[None], n, 0), landmarks.astype(np.float32), mouth)


def _ellipse(size_px: int, x: float, y: float, rx: float, ry: float) -> np.ndarray:
    axis = (np.arange(size_px) + 0.5) / size_px
    return ((axis[None] - x) / rx) ** 2 + ((axis[:, None] - y) / ry) ** 2 < 1


def _face(person: str, size_px: int, opening: float, lean: float) -> np.ndarray:
    picture = np.full((size_px, size_px, 3), 60.0)
    picture[_ellipse(size_px, 0.5 + lean, 0.5, 0.3, 0.36)] = SKIN[person]
    for eye in (0.38, 0.62):
        picture[_ellipse(size_px, eye + lean, 0.38, 0.06, 0.035)] = (240, 240, 240)
        picture[_ellipse(size_px, eye + lean, 0.38, 0.025, 0.03)] = (40, 30, 30)
    picture[_ellipse(size_px, 0.5 + lean, 0.71, 0.1, 0.02 + 0.06 * opening)] = (90, 20, 30)
    return picture


def _landmarks(size_px: int, opening: float, lean: float) -> np.ndarray:
    points = np.full((68, 2), 0.5)
    turn = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    points[36:42] = np.stack([0.38 + 0.06 * np.cos(turn[:6]), 0.38 + 0.035 * np.sin(turn[:6])], 1)
    points[42:48] = np.stack([0.62 + 0.06 * np.cos(turn[:6]), 0.38 + 0.035 * np.sin(turn[:6])], 1)
    points[48:68] = np.stack([0.5 + 0.1 * np.cos(turn), 0.71 + (0.02 + 0.06 * opening) * np.sin(turn)], 1)
    points[:, 0] += lean
    return points * size_px
