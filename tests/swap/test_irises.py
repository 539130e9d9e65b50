"""Where eyes look is read from anybody's eyes, and the source's own open eyes are shown looking there."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from av_models.domain.errors import InputError
from av_models.domain.swap import SwapOptions
from av_models.swap.expression import ExpressionReader
from av_models.swap.glances import GlanceReader
from av_models.swap.iris_training import LabelledEyes, labelled_eyes, train_iris_finder
from av_models.swap.irises import EYES, SeenIrises, eye_windows, find_irises, load_iris_finder
from av_models.swap.network import NetworkConfig, SwapNetwork
from av_models.swap.open_eyes import OpenEyes
from av_models.swap.reader import READINGS, TRUSTED
from av_models.swap.render import Painter
from av_models.swap.shape import Glance
from tests.swap.test_placing import FACE_POINTS

SIDE = 256
POINTS = np.asarray(FACE_POINTS, np.float64)
WIDTH = float(np.linalg.norm(POINTS[39] - POINTS[36]))
N_FEATURES = 11


def face(glance: tuple[float, float] = (0.0, 0.0), shut: bool = False, iris: int = 60, wide: float = 1.0) -> np.ndarray:
    """RGB, of SIDE: eyes that look so far to the right and down, in widths of an eye; wide: beside usual lids."""
    big = 4 * SIDE
    picture = np.full((big, big, 3), (190, 150, 130), np.uint8)
    for one, other in EYES:
        middle, reach = (POINTS[one] + POINTS[other]) / 2 * big, WIDTH * big
        axes = (int(0.52 * reach), int(0.27 * wide * reach))
        lids = np.zeros((big, big), np.uint8)
        cv2.ellipse(lids, tuple(middle.astype(int).tolist()), axes, 0, 0, 360, 255, -1)
        eye = np.full_like(picture, (215, 205, 200))
        place = tuple((middle + np.array(glance) * reach).round().astype(int).tolist())
        cv2.circle(eye, place, int(0.24 * reach), (iris // 2, iris // 2, iris // 2), -1)
        cv2.circle(eye, place, int(0.21 * reach), (iris, iris, iris + 30), -1)
        cv2.circle(eye, place, int(0.09 * reach), (8, 8, 8), -1)
        if shut:
            eye[:] = (180, 138, 118)
        picture[lids > 0] = eye[lids > 0]
        cv2.ellipse(
            picture, tuple(middle.astype(int).tolist()), axes, 0, 0 if shut else 180, 180 if shut else 360, 40, 6
        )
    return cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def found(*pictures: np.ndarray) -> SeenIrises:
    return find_irises(load_iris_finder(), np.stack(pictures), np.stack([POINTS * SIDE - 0.5] * len(pictures)))


def test_drawn_irises_of_any_colour_are_found_where_they_are() -> None:
    """Nothing like them was learnt from: the network knows rendered people only."""
    asked = [(x, y) for x in (-0.15, 0.0, 0.15) for y in (-0.06, 0.0, 0.06)]
    for iris in (40, 90, 140):
        told = found(*(face(one, iris=iris) for one in asked)).places.mean(1)
        across, down = told.T - told.mean(0)[:, None]
        wanted = np.array(asked).T
        assert np.corrcoef(across, wanted[0])[0, 1] > 0.95, iris
        assert np.corrcoef(down, wanted[1])[0, 1] > 0.8, iris


def test_light_and_size_do_not_matter() -> None:
    bright = face((0.12, 0.0))
    dark = (bright * np.linspace(0.4, 0.8, SIDE)[None, :, None]).astype(np.uint8)
    small = cv2.resize(bright, (128, 128), interpolation=cv2.INTER_AREA)
    usual = found(bright).places
    assert np.abs(found(dark).places - usual).max() < 0.04
    coarse = find_irises(load_iris_finder(), small[None], POINTS[None] * 128 - 0.5)
    assert np.abs(coarse.places - usual).max() < 0.04


def test_shut_eyes_are_told_from_open_ones() -> None:
    told = found(face(), face(shut=True))
    assert told.are_seen.tolist() == [True, False]


def test_eyes_are_cut_out_upright_however_the_head_is_tilted() -> None:
    gray = cv2.cvtColor(face((0.1, 0.0)), cv2.COLOR_RGB2GRAY)
    turn = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), 25, 1.0)
    tilted = cv2.warpAffine(gray, turn, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
    points = POINTS * SIDE - 0.5
    upright, righted = eye_windows(gray, points), eye_windows(tilted, points @ turn[:, :2].T + turn[:, 2])
    assert np.abs(upright.astype(int) - righted)[:, 8:-8, 12:-12].mean() < 6


def test_training_learns_where_irises_are() -> None:
    """A few steps on drawn eyes: nearer than always saying the middle."""
    rng = np.random.default_rng(0)
    eyes, places = [], []
    for _ in range(60):
        glance = rng.uniform(-1, 1, 2) * (0.2, 0.08)
        gray = cv2.cvtColor(face(tuple(glance.tolist())), cv2.COLOR_RGB2GRAY)
        irises = np.stack([(POINTS[a] + POINTS[b]) / 2 + glance * WIDTH for a, b in EYES]) * SIDE - 0.5
        cut, there = labelled_eyes(gray, POINTS * SIDE - 0.5, irises, rng)
        eyes.append(cut)
        places.append(there)
    pictures, wanted = torch.from_numpy(np.concatenate(eyes))[:, None], torch.from_numpy(np.concatenate(places))
    finder = train_iris_finder(LabelledEyes(pictures, wanted, torch.zeros(len(wanted))), 60, batch=32)
    with torch.no_grad():
        told = finder(pictures.float() / 255)[:, :2]
    assert (told - wanted).abs().mean() < 0.6 * (wanted - wanted.mean(0)).abs().mean()


def irises(places: np.ndarray, shut: float = 0.0) -> SeenIrises:
    """Both eyes alike."""
    both = np.repeat(np.asarray(places, np.float64)[:, None], 2, 1)
    return SeenIrises(both, np.full(both.shape[:2], shut))


def test_a_glance_is_beside_where_both_people_usually_look() -> None:
    usual = irises(np.full((30, 2), 0.02))
    reader = GlanceReader.of(usual, np.full((2, 2), 0.02))
    assert reader is not None
    glance, sure, lids = reader(irises(np.array([[0.12, 0.02], [0.02, -0.03]])))
    np.testing.assert_allclose(glance, [[0.1, 0], [0, -0.05]], atol=1e-9)
    assert (sure == 1).all() and (lids == 0).all()
    assert reader(irises(np.zeros((1, 2)), shut=0.1))[2] > 1


def test_who_looks_past_the_camera_all_the_time_does_so_on_the_swap() -> None:
    away = irises(np.tile([0.2, 0.0], (30, 1)))
    reader = GlanceReader.of(away, np.zeros((2, 2)))
    assert reader is not None
    assert reader(away)[0][:, 0].min() > 0.15


def test_shut_eyes_and_eyes_that_disagree_say_nothing() -> None:
    reader = GlanceReader.of(irises(np.zeros((30, 2))), np.zeros((2, 2)))
    assert reader is not None
    assert reader(irises(np.array([[0.1, 0.0]]), shut=0.9))[1] == 0
    crossed = SeenIrises(np.array([[[0.15, 0.0], [-0.15, 0.0]]]), np.zeros((1, 2)))
    assert reader(crossed)[1] == 0


def test_who_hardly_opens_the_eyes_is_not_followed() -> None:
    assert GlanceReader.of(irises(np.zeros((30, 2)), shut=0.9), np.zeros((2, 2))) is None


def test_how_eyes_and_brows_are_read_keeps_in_arrays() -> None:
    reader = GlanceReader.of(irises(np.full((30, 2), 0.1)), np.zeros((2, 2)))
    again = ExpressionReader.from_arrays(ExpressionReader(None, reader, 0.9, 0.5).arrays())
    assert again.brows is None and again.glances is not None and (again.brow_gain, again.glance_gain) == (0.9, 0.5)
    assert reader is not None
    np.testing.assert_array_equal(again.glances.usual, reader.usual)
    assert again.glances.lids == reader.lids


def performances(n: int, seed: int = 0) -> torch.Tensor:
    made = torch.zeros(n, N_FEATURES)
    heads = [TRUSTED.index(READINGS.index(name)) for name in ("yaw", "pitch")]
    made[:, heads] = torch.randn(n, len(heads), generator=torch.Generator().manual_seed(seed)) * 0.2
    return made


@pytest.fixture(scope="module")
def eyes() -> OpenEyes:
    """Of somebody who was seen looking up to 0.15 of an eye's width to either side."""
    glances = [(0.15 * np.sin(0.9 * k), 0.04 * np.cos(0.5 * k)) for k in range(60)]
    crops = torch.from_numpy(np.stack([face(one) for one in glances])).permute(0, 3, 1, 2).contiguous()
    made = OpenEyes(SIDE)
    made.fit(crops, performances(60), torch.from_numpy(POINTS).float())
    return made


def glancing(glance: tuple[float, float], sure: float = 1.0, lids: float = 0.0) -> Glance:
    return Glance(torch.tensor([glance]), torch.tensor([sure]), torch.tensor([lids]))


def shown(
    eyes: OpenEyes, glance: tuple[float, float], sure: float = 1.0, share: float = 1.0, lids: float = 0.0
) -> np.ndarray:
    """On a face whose eyes look straight on, smeared."""
    blurred = cv2.GaussianBlur(face(), (0, 0), 4)
    texture = torch.from_numpy(blurred).permute(2, 0, 1)[None].float() / 255
    made = eyes(texture.clone(), performances(1, 5), glancing(glance, sure, lids), torch.tensor([share]))
    return (made[0].permute(1, 2, 0).clamp(0, 1).numpy() * 255).astype(np.uint8)


def test_eyes_look_where_they_are_told(eyes: OpenEyes) -> None:
    usual = found(shown(eyes, (0.0, 0.0))).places.mean((0, 1))
    for glance in ((-0.12, 0.0), (0.12, 0.0), (0.05, 0.03), (0.0, -0.03)):
        there = found(shown(eyes, glance)).places.mean((0, 1)) - usual
        np.testing.assert_allclose(there, glance, atol=0.03)


def test_farther_than_the_source_ever_looked_eyes_look_a_little_farther(eyes: OpenEyes) -> None:
    usual = found(shown(eyes, (0.0, 0.0))).places.mean((0, 1))
    far = found(shown(eyes, (0.5, 0.0))).places.mean((0, 1)) - usual
    assert 0.12 < far[0] < 0.3 and found(shown(eyes, (0.5, 0.0))).are_seen.all()


def test_irises_are_as_sharp_as_they_were_seen(eyes: OpenEyes) -> None:
    def steepest(picture: np.ndarray) -> float:
        x, y = (POINTS[36] * SIDE).astype(int).tolist()
        eye = picture[y - 12 : y + 12, x : x + int(WIDTH * SIDE)].astype(np.float32).mean(2)
        return float(np.abs(np.diff(eye, axis=1)).max())

    between = shown(eyes, (0.043, 0.011))
    assert steepest(between) > 0.7 * steepest(face((0.043, 0.011))) > 1.5 * steepest(shown(eyes, (0, 0), share=0))


def test_unsure_glances_are_none_and_blinks_are_not_touched(eyes: OpenEyes) -> None:
    np.testing.assert_array_equal(shown(eyes, (0.12, 0.0), sure=0.0), shown(eyes, (0.0, 0.0)))
    smeared = shown(eyes, (0.12, 0.0), share=0.0)
    assert np.abs(smeared.astype(int) - cv2.GaussianBlur(face(), (0, 0), 4)).max() <= 1


def test_skin_and_brows_stay(eyes: OpenEyes) -> None:
    before, after = shown(eyes, (0.0, 0.0), share=0.0), shown(eyes, (0.12, 0.0))
    changed = np.abs(before.astype(int) - after).max(2)
    assert changed[SIDE // 2 :].max() <= 1 and changed[: int(POINTS[17:27, 1].min() * SIDE) - 6].max() <= 1


def test_lids_are_as_far_open_as_the_actors_however_the_head_is_held() -> None:
    """Of the few frames that look up the most, all have half shut eyes."""
    asked = performances(60)
    up = TRUSTED.index(READINGS.index("pitch"))
    asked[::10, up] = -1.0
    wide = [0.45 if k % 10 == 0 else 0.7 if k % 10 == 5 else 1.0 for k in range(60)]
    crops = [face((0.1 * np.sin(0.9 * k), 0.0), wide=one) for k, one in enumerate(wide)]
    made = OpenEyes(SIDE)
    made.fit(torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2), asked, torch.from_numpy(POINTS).float())
    looking_up = performances(1, 5)
    looking_up[:, up] = -4.0
    texture = torch.from_numpy(face()).permute(2, 0, 1)[None].float() / 255

    def whites(lids: float) -> int:
        eyes = made(texture.clone(), looking_up, glancing((0.0, 0.0), lids=lids), torch.ones(1))
        return int(((eyes[0, 2] > 0.7) & (eyes[0, 0] > 0.7)).sum())

    assert whites(0.0) > 0.8 * int((face() > 0.7 * 255)[..., [0, 2]].all(-1).sum())
    assert whites(1.5) < 0.75 * whites(0.0)


def test_few_open_eyes_change_nothing() -> None:
    made = OpenEyes(SIDE)
    crops = torch.from_numpy(np.stack([face()] * 5)).permute(0, 3, 1, 2).contiguous()
    made.fit(crops, performances(5), torch.from_numpy(POINTS).float())
    np.testing.assert_array_equal(shown(made, (0.12, 0.0)), shown(made, (0.0, 0.0), share=0.0))


def test_half_the_size_shows_the_same(eyes: OpenEyes) -> None:
    small = eyes.shrunk(2)
    glance = glancing((0.1, 0.0))
    whole, half = torch.full((1, 3, SIDE, SIDE), 0.6), torch.full((1, 3, SIDE // 2, SIDE // 2), 0.6)
    asked = performances(1, 5)
    large = eyes(whole, asked, glance, torch.ones(1))
    little = small(half, asked, glance, torch.ones(1))
    assert (torch.nn.functional.avg_pool2d(large, 2) - little).abs().mean() < 0.004


def test_painted_eyes_look_where_the_eyes_in_the_crops_look(eyes: OpenEyes) -> None:
    network = SwapNetwork(NetworkConfig(), ("source",))
    network.open_eyes["source"] = eyes
    painter = Painter(network, torch.device("cpu"))
    asked = [(0.1, 0.0), (-0.1, 0.0), (0.0, 0.0)]
    crops = np.stack([cv2.resize(face(one), (128, 128), interpolation=cv2.INTER_AREA) for one in asked])
    points = np.stack([POINTS * 128 - 0.5] * 3)
    usual = painter.usual_irises
    assert usual is not None
    reader = GlanceReader.of(irises(np.tile(found(face()).places.mean((0, 1)), (30, 1))), usual)
    painter.expect(ExpressionReader(None, reader, 1.0, 1.0))
    mouths = np.zeros((3, 8), np.float32)
    faces = painter.paint_tensors(crops, mouths, points).faces
    told = found(*(faces.permute(0, 2, 3, 1).numpy() * 255).astype(np.uint8)).places.mean(1)
    np.testing.assert_allclose(told[0, 0] - told[1, 0], 0.2, atol=0.05)
    assert not torch.equal(faces, painter.paint_tensors(crops, mouths).faces), "nothing is followed without landmarks"


def test_how_far_glances_are_followed_is_a_choice() -> None:
    with pytest.raises(InputError, match="glances"):
        SwapOptions(glances=-0.1)
