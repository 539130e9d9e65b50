"""Made-up things before faces, whose mattes are exact: what is told of them is what is seen."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from av_models.face.occluders import cast_shadow, cover
from av_models.face.occlusion_network import FrontReader
from av_models.face.occlusion_training import Clip, front_error, lessons_of, train_front_reader

SIDE = 64


def crops(n: int, seed: int = 0) -> np.ndarray:
    """(n,SIDE,SIDE,3): a skin-coloured disc with eyes and a mouth, in a light that changes."""
    rng = np.random.default_rng(seed)
    pictures = []
    for _ in range(n):
        picture = np.full((SIDE, SIDE, 3), (90, 110, 140), np.uint8)
        skin = tuple(int(value) for value in np.array([205, 160, 135]) * rng.uniform(0.85, 1.05))
        cv2.ellipse(picture, (32, 34), (20, 26), 0, 0, 360, skin, -1, cv2.LINE_AA)
        for x in (24, 40):
            cv2.circle(picture, (x, 27), 2, (40, 30, 30), -1, cv2.LINE_AA)
        cv2.ellipse(picture, (32, 46), (7, int(rng.integers(1, 5))), 0, 0, 360, (140, 60, 60), -1, cv2.LINE_AA)
        pictures.append(np.clip(picture + rng.normal(0, 2, picture.shape), 0, 255).astype(np.uint8))
    return np.stack(pictures)


def clip(n: int = 40, seed: int = 0) -> Clip:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    cv2.ellipse(mask, (32, 34), (19, 25), 0, 0, 360, 255, -1)
    return Clip(crops(n, seed), np.broadcast_to(mask, (n, SIDE, SIDE)))


def test_a_thing_is_seen_where_its_matte_says_and_nowhere_else() -> None:
    rng, faces = np.random.default_rng(1), crops(8)
    covered = []
    for k in range(60):
        crop = faces[k % 8]
        thing = cover(crop, faces, rng)
        assert thing.rgb.shape == crop.shape and thing.alpha.shape == crop.shape[:2]
        assert thing.alpha.min() >= 0 and thing.alpha.max() <= 1
        bare = thing.alpha < 1e-3
        brighter = (thing.rgb.astype(int) - crop)[bare].max(initial=0)
        assert brighter <= 1  # a shadow may fall there, nothing else
        covered.append(float(thing.alpha.mean()))
    assert np.mean(covered) > 0.03 and np.std(covered) > 0.02


def test_a_shadow_only_darkens() -> None:
    rng, faces = np.random.default_rng(2), crops(4)
    shadowed = [cast_shadow(faces[k % 4], rng).astype(int) - faces[k % 4] for k in range(20)]
    assert max(one.max() for one in shadowed) <= 0
    assert np.mean([one.mean() for one in shadowed]) < -1


def test_a_network_learns_to_tell_things_in_front_of_faces() -> None:
    known, unseen = lessons_of([clip()], 2, 40), lessons_of([clip(seed=5)], 1, 40, seed=3)
    torch.manual_seed(0)
    before, _ = front_error(FrontReader().eval(), unseen)
    after, false = front_error(train_front_reader(known, 40, batch=12), unseen)
    assert after > before + 0.15 and false < 0.1


def test_lessons_come_with_and_without_anything_in_front() -> None:
    lessons = lessons_of([clip()], 3, 30)
    assert len(lessons.crops) == 90 and lessons.model.tolist() == sorted([*range(3)] * 30)
    nothing = (lessons.alpha.amax((1, 2, 3)) == 0).float().mean()
    assert 0.15 < float(nothing) < 0.5
    alpha, counts = lessons.wanted(torch.arange(90))
    assert alpha.shape == counts.shape and float(alpha.max()) == pytest.approx(1, abs=0.02)
