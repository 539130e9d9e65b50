"""Light that mirroring cannot tell is told by a network that has seen many people in many lights."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import torch

from av_models.face.backend import get_backend
from av_models.face.fit import fit_detection
from av_models.face.warp import align_matrix, mean_template, warp_crop
from av_models.swap.grain import bare_skin
from av_models.swap.matte import hull_masks
from av_models.swap.plate import lit
from av_models.swap.relight import LIGHT_CELLS, clues_of, load_relighter, plate_light
from av_models.swap.relight_training import Lesson, LitFaces, exam, light_error, train_relighter
from av_models.swap.shading import SHADING_PX
from tests.face.people_made import performance

PX = 128
FRAMES = (4, 12, 20)


@lru_cache
def person(who: str) -> tuple[np.ndarray, np.ndarray]:
    """Crops (N,PX,PX,3) 0..1 of a sample's frames, and where bare skin is (N,PX,PX)."""
    backend = get_backend("dlib")
    frames = [performance(who, FRAMES[-1] + 1)[k] for k in FRAMES]
    fits = np.array([fit_detection(rgb, backend.detect(rgb)[0], backend).landmarks for rgb in frames])
    places = [align_matrix(points, PX, mean_template(fits)) for points in fits]
    crops = np.stack([warp_crop(rgb, place, PX) for rgb, place in zip(frames, places, strict=True)])
    points = np.stack([one @ place[:, :2].T + place[:, 2] for one, place in zip(fits, places, strict=True)])
    return crops.astype(np.float32) / 255, hull_masks(points, PX) * bare_skin(points, PX)


def strangers() -> LitFaces:
    """Six people in eight lights, none of which the shipped network was trained on; rendered as the training was."""
    arrays = np.load(Path(__file__).with_name("lit_strangers.npz"))
    floats = (torch.from_numpy(arrays[name].astype(np.float32)) for name in ("cells", "skin", "face"))
    return LitFaces(*floats, *(torch.from_numpy(arrays[name].astype(np.int64)) for name in ("person", "light")))


def test_light_is_told_on_people_and_from_lights_never_seen() -> None:
    lesson = exam(strangers(), set(range(8)), 120)
    told = load_relighter()(lesson.clues)
    assert light_error(told, lesson) < 0.75 * light_error(torch.zeros_like(told), lesson)


def test_light_that_is_the_same_on_both_sides_is_told_too() -> None:
    """Both cheeks darker than the middle, the same on the left and right."""
    faces = strangers()
    lesson = exam(faces, set(range(8)), 120)
    even = (lesson.wanted + lesson.wanted.flip(3)) / 2
    told = load_relighter()(lesson.clues)
    symmetric = (told + told.flip(3)) / 2
    wanted = Lesson(lesson.clues, even, lesson.weight * lesson.weight.flip(3))
    assert light_error(symmetric, wanted) < 0.9 * light_error(torch.zeros_like(told), wanted)


def test_the_same_light_on_another_person_changes_little() -> None:
    (faces, skin), (others, other_skin) = person("woman"), person("man")
    both = skin * other_skin
    field = plate_light(faces, others, both, 0.5)
    assert field.std() < 0.25 and 0.9 < field.mean() < 1.1


def test_nothing_known_changes_nothing() -> None:
    faces = np.full((3, PX, PX, 3), 0.5, np.float32)
    assert (plate_light(faces, faces, np.zeros((3, PX, PX), np.float32), 0.5) == 1).all()


def test_light_ends_softly_beyond_the_face() -> None:
    faces, skin = person("man")
    rows = (np.arange(PX) + 0.5) / PX
    field = np.log(plate_light(faces * 0.6, faces * 0.6 * (0.7 + 0.6 * rows)[:, None, None], skin, 0.5))
    assert np.ptp(field) > 0.05
    steps = max(np.abs(np.diff(field, axis=axis)).max() for axis in (0, 1))
    assert steps < 0.12
    assert np.abs(field[[0, -1]]).max() < 0.35 and field.shape == (SHADING_PX, SHADING_PX, 3)


def test_a_face_lit_brighter_than_white_keeps_its_hue() -> None:
    face = torch.tensor([0.9, 0.6, 0.45]).reshape(1, 3, 1, 1).expand(1, 3, 4, 4)
    shown = lit(face, torch.full((1, 3, 2, 2), 1.4))[0, :, 0, 0]
    assert torch.allclose(shown / shown[0], face[0, :, 0, 0] / 0.9, atol=1e-5) and shown.max() <= 1


def lit_people(n_people: int = 6, n_lights: int = 6) -> LitFaces:
    """Everybody has spots of their own; a light is a slope that is the same on all."""
    generator = torch.Generator().manual_seed(3)
    size = LIGHT_CELLS
    skins = 0.35 + 0.1 * torch.nn.functional.interpolate(torch.rand(n_people, 3, 6, 6, generator=generator), size=size)
    across = torch.linspace(-0.5, 0.5, size)
    slopes = 2 * torch.rand(n_lights, 2, generator=generator) - 1
    fields = torch.exp(slopes[:, 0, None, None] * across[None, None] + slopes[:, 1, None, None] * across[None, :, None])
    cells = (skins[:, None] * fields[None, :, None]).flatten(0, 1)
    everywhere = torch.ones(len(cells), 1, size, size)
    names = torch.arange(n_people).repeat_interleave(n_lights), torch.arange(n_lights).repeat(n_people)
    return LitFaces(cells.clamp(0, 1), everywhere, everywhere, *names)


def test_training_learns_to_tell_light_from_people() -> None:
    faces = lit_people()
    strangers = faces.person >= 4
    network = train_relighter(faces.part(~strangers), steps=60, batch=12)
    lesson = exam(faces.part(strangers), {0, 1, 2, 3, 4, 5}, 40)
    with torch.no_grad():
        told = network(lesson.clues)
    assert light_error(told, lesson) < 0.6 * light_error(torch.zeros_like(told), lesson)


def test_people_without_a_light_in_common_cannot_teach() -> None:
    faces = lit_people(2, 2)
    faces.light[2:] += 2
    with pytest.raises(ValueError, match="share a light"):
        train_relighter(faces, steps=1)


def test_brightness_and_hue_of_the_whole_face_are_no_light() -> None:
    faces = lit_people(1, 2).cells
    skin = torch.ones(2, 1, LIGHT_CELLS, LIGHT_CELLS)
    tint = torch.tensor([0.9, 0.5, 0.3])[:, None, None]
    one, same = (clues_of(torch.log(faces), torch.log(plate), skin) for plate in (faces, faces * tint))
    assert torch.allclose(one, same, atol=1e-4)
