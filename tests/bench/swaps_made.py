"""A drawn talking head with 68 landmarks, its perfect answer, and ways to spoil a swap. No camera, no detector."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import cv2
import numpy as np

from av_models.forensics.swap_score import ExactEyes, SwapScore, Truth, judge_swap
from av_models.forensics.swap_score_faces import SeenClip

N, SIDE = 15, 160
_SOURCE, _ACTOR = np.zeros(128), np.full(128, 0.05)
BLINKS = slice(5, 8)
COLOUR = (190, 150, 125)


def landmarks() -> np.ndarray:
    """(N, 68, 2): the head drifts, the mouth opens and shuts."""
    points = np.stack([_shape(opening) for opening in mouth_opening()])
    drift = np.stack([80 + 4 * np.sin(np.arange(N) * 0.5), 78 + 3 * np.cos(np.arange(N) * 0.4)], 1)
    return points + drift[:, None]


def mouth_opening() -> np.ndarray:
    return 6 + 5 * np.sin(np.arange(N) * 1.1)


def frames() -> list[np.ndarray]:
    """The truth: an oval with eyes, brows and a mouth where the landmarks are, and skin that sparkles a little."""
    rng = np.random.default_rng(3)
    skin = cv2.GaussianBlur(rng.normal(0, 40, (SIDE, SIDE, 3)), (0, 0), 2.0)
    return [_drawn(points, skin, rng) for points in landmarks()]


def truth(eyes: bool = True) -> Truth:
    pictures, points = frames(), landmarks()
    corners = np.stack([points[:, [36, 39]], points[:, [42, 45]]], 1)
    blink = np.zeros(N)
    blink[BLINKS] = 1
    exact = ExactEyes(blink, corners) if eyes else None
    source, actor = seen(points, _SOURCE), seen(points, _ACTOR)
    return Truth(lambda: iter(pictures), seen(points, _SOURCE + 0.01), actor, source, exact)


def seen(points: np.ndarray, descriptor: np.ndarray, n_missed: int = 0) -> SeenClip:
    return SeenClip(points, np.repeat(descriptor[None], 3, 0), n_missed)


def scored(
    spoil: Callable[[int, np.ndarray], np.ndarray] = lambda index, rgb: rgb,
    points: np.ndarray | None = None,
    descriptor: float = 0.01,
) -> SwapScore:
    """The truth, spoilt frame by frame, with the landmarks and the descriptor that a look at it would give."""
    right = truth()

    def swapped() -> Iterator[np.ndarray]:
        return (spoil(index, rgb.copy()) for index, rgb in enumerate(right.clip()))

    found = landmarks() if points is None else points
    return judge_swap(swapped, seen(found, _SOURCE + descriptor), replace(right))


def _shape(opening: float) -> np.ndarray:
    """iBUG-68 round (0, 0), 100 px tall."""
    points = np.zeros((68, 2))
    jaw = np.linspace(np.pi * 0.98, np.pi * 0.02, 17)
    points[:17] = np.stack([-42 * np.cos(np.pi - jaw), 52 * np.sin(jaw)], 1)
    points[17:27, 0] = np.r_[np.linspace(-34, -8, 5), np.linspace(8, 34, 5)]
    points[17:27, 1] = -34
    points[27:31] = np.stack([np.zeros(4), np.linspace(-20, 4, 4)], 1)
    points[31:36] = np.stack([np.linspace(-8, 8, 5), [8, 9, 10, 9, 8]], 1)
    for first, middle in ((36, -20), (42, 20)):
        around = np.array([np.pi, 4.2, 5.2, 0, 1.05, 2.1])
        points[first : first + 6] = np.stack([middle + 8 * np.cos(around), -20 + 4 * np.sin(around)], 1)
    for first, count, width in ((48, 12, 16.0), (60, 8, 12.0)):
        around = np.linspace(np.pi, 3 * np.pi, count, endpoint=False)
        tall = opening / 2 + (4 if count == 12 else 0)
        points[first : first + count] = np.stack([width * np.cos(around), 28 + tall * np.sin(around)], 1)
    return points


def _drawn(points: np.ndarray, skin: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    shift = np.float32([[1, 0, points[30, 0] - 80], [0, 1, points[30, 1] - 82]])
    face = cv2.warpAffine(skin, shift, (SIDE, SIDE), borderMode=cv2.BORDER_WRAP) + np.array(COLOUR)
    picture = np.full((SIDE, SIDE, 3), 60.0)
    inside = np.zeros((SIDE, SIDE), np.uint8)
    cv2.fillConvexPoly(inside, cv2.convexHull(np.rint(points).astype(np.int32)), 1)
    picture[inside > 0] = face[inside > 0]
    for first, last, colour in ((36, 42, (240, 240, 240)), (42, 48, (240, 240, 240)), (48, 60, (150, 60, 70))):
        cv2.fillPoly(picture, [np.rint(points[first:last]).astype(np.int32)], colour)
    cv2.fillPoly(picture, [np.rint(points[60:68]).astype(np.int32)], (30, 10, 15))
    return np.clip(picture + rng.normal(0, 2.5, (SIDE, SIDE, 1)), 0, 255).astype(np.uint8)
