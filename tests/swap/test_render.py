"""Rendering: weights travel whole, and the paste stays inside the face."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from av_models.domain.errors import ModelError, ResourceError
from av_models.domain.swap import ColorMatch
from av_models.runtime import device
from av_models.swap.basis import fit_basis, project
from av_models.swap.color import fit_colors, recolored, rolled_off, share_of_change
from av_models.swap.finish import measure_finish
from av_models.swap.matte import paste_mask
from av_models.swap.network import NetworkConfig, SwapNetwork
from av_models.swap.paste import lay_in
from av_models.swap.plate import shift_codes
from av_models.swap.reader import READINGS
from av_models.swap.render import PaintedTensors, Painter, channels_last, sharpened
from av_models.swap.weights import Finish, load_weights, save_weights
from tests.swap.faces_made import drawn_bank

CONFIG = NetworkConfig(
    size_px=32, detail=2, widths=(8, 8, 8, 8), code=16, grid=8, decoder_widths=(8, 8, 8), n_components=4
)
TEMPLATE = np.linspace(0.2, 0.8, 136).reshape(68, 2)


def network() -> SwapNetwork:
    torch.manual_seed(0)
    made = SwapNetwork(CONFIG)
    for person in ("source", "actor"):
        bank = drawn_bank(person)
        made.bases[person] = fit_basis(bank.crops, bank.masks, CONFIG.n_components)
    return made


def test_weights_come_back_and_paint_the_same() -> None:
    source, actor = drawn_bank("source"), drawn_bank("actor")
    painter = Painter(network(), torch.device("cpu"))
    finish = measure_finish(painter, source, actor, TEMPLATE)
    loaded, same_finish = load_weights(save_weights(painter.network, finish))
    crops = actor.shrunk(32).crops[:3].permute(0, 2, 3, 1).numpy()
    before = painter.paint(crops, actor.mouths[:3].numpy())
    after = Painter(loaded, torch.device("cpu")).paint(crops, actor.mouths[:3].numpy())
    assert same_finish == finish
    assert np.abs(before.faces - after.faces).max() < 0.01


def test_a_batch_that_does_not_fit_the_accelerator_is_painted_in_smaller_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    painter = Painter(network(), torch.device("cpu"))
    crops = drawn_bank("actor", n=7).shrunk(32).crops.permute(0, 2, 3, 1).numpy()
    mouths = np.zeros((7, 8), np.float32)
    wanted, paint, asked = painter.paint(crops, mouths), painter.paint_tensors, []

    def small(most: int) -> Callable[..., PaintedTensors]:
        def painted(crops: np.ndarray, mouths: np.ndarray) -> PaintedTensors:
            asked.append(len(crops))
            if len(crops) > most:
                raise torch.OutOfMemoryError
            return paint(crops, mouths)

        return painted

    monkeypatch.setattr(painter, "paint_tensors", small(2))
    assert np.abs(painter.paint(crops, mouths).faces - wanted.faces).max() < 1e-4
    assert asked == [7, 3, 1, 1, 1, 1, 1, 1, 1]
    asked.clear()
    painter.paint(crops, mouths)
    assert asked == [1] * 7  # what did not fit once is not tried again
    monkeypatch.setattr(painter, "paint_tensors", small(0))
    with pytest.raises(ResourceError, match=r"one face.* on the processor"):
        painter.paint(crops, mouths)


def test_convolutions_in_half_precision_paint_the_same_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the device multiplies bfloat16 the decoder does, too; a step of 8 bits is not to be seen of it."""
    painter = Painter(network(), torch.device("cpu"))
    heads = painter.network.decoder("source").heads
    torch.nn.init.normal_(heads.weight, std=0.05)
    kinds: list[torch.dtype] = []
    heads.register_forward_hook(lambda _, __, out: kinds.append(out.dtype))
    crops = drawn_bank("actor", n=4).shrunk(32).crops.permute(0, 2, 3, 1).numpy()
    made = []
    for half in (False, True):
        monkeypatch.setattr(device, "_multiplies_bfloat16", lambda _, found=half: found)
        made.append(painter.paint(crops, np.zeros((4, 8), np.float32)).faces)
    assert kinds == [torch.float32, torch.bfloat16]
    assert np.abs(made[0] - made[1]).max() < 1 / 255


def test_weights_in_another_layout_paint_the_same_and_can_be_saved() -> None:
    crops = drawn_bank("actor", n=4).shrunk(32).crops.permute(0, 2, 3, 1).numpy()
    plain, laid = (Painter(made, torch.device("cpu")) for made in (network(), channels_last(network())))
    assert not laid.network.decoder("source").heads.weight.is_contiguous()
    one, other = (painter.paint(crops, np.zeros((4, 8), np.float32)) for painter in (plain, laid))
    assert np.abs(one.faces - other.faces).max() < 1e-4
    finish = Finish(0.0, (0.0,) * 136, (0.0,) * CONFIG.code_size, (1.0,) * CONFIG.code_size)
    assert save_weights(laid.network, finish) == save_weights(plain.network, finish)


def test_saved_weights_hold_nothing_of_the_actors_face() -> None:
    painter = Painter(network(), torch.device("cpu"))
    data = save_weights(painter.network, measure_finish(painter, drawn_bank("source"), drawn_bank("actor"), TEMPLATE))
    assert not any("actor" in name for name in load_weights(data)[0].state_dict())
    assert b"bases.actor" not in data


@pytest.mark.parametrize(
    "damage", [lambda d: d[:100], lambda d: b"", lambda d: d.replace(b"understudy-swap/13", b"understudy-swap/9")]
)
def test_damaged_or_foreign_weights_say_what_to_do(damage) -> None:
    painter = Painter(network(), torch.device("cpu"))
    data = save_weights(painter.network, measure_finish(painter, drawn_bank("source"), drawn_bank("actor"), TEMPLATE))
    with pytest.raises(ModelError, match="Train it again"):
        load_weights(damage(data))


def test_codes_of_any_footage_move_towards_the_sources() -> None:
    """From the model and the footage alone: the faces it was trained on are not at hand."""
    source, stranger = drawn_bank("source", n=32), drawn_bank("actor", n=32)
    trained = Painter(network(), torch.device("cpu"))
    loaded, finish = load_weights(save_weights(trained.network, measure_finish(trained, source, source, TEMPLATE)))
    painter = Painter(loaded, torch.device("cpu"))
    crops = [bank.shrunk(32).crops.permute(0, 2, 3, 1).numpy() for bank in (source, stranger)]
    means = [painter.codes(part).mean(0) for part in crops]
    assert np.allclose(shift_codes(painter, finish, crops[1]), means[1], atol=2e-3)
    shift = painter.code_shift
    painter.shift(np.zeros(CONFIG.code_size))
    learnt, read = np.split(means[0] - means[1], [CONFIG.code])
    assert np.allclose(shift, np.concatenate([learnt / 2, read]), atol=2e-3)
    shifted = Painter(load_weights(save_weights(loaded, finish))[0], torch.device("cpu"), code_shift=shift)
    mouths = np.zeros((32, 8))
    near, far = (
        np.abs(p.paint(crops[1], mouths).faces - painter.paint(crops[0], mouths).faces).mean()
        for p in (shifted, painter)
    )
    assert near < far


def test_a_head_that_is_turned_on_the_whole_stays_turned() -> None:
    """Most of a clip's mean turn is how the head is held, half of its nod; a glance's mean is who somebody is."""
    config = NetworkConfig(size_px=32, code=4, readings=len(READINGS))

    class Reading:
        """A painter that reads what it is told."""

        network = SimpleNamespace(config=config)

        def codes(self, crops: np.ndarray) -> np.ndarray:
            return np.repeat(np.array([[0, 0, 0, 0, 1.0, 1.0, 1.0, 1.0, 0.0]]), len(crops), 0)

        def shift(self, shift: np.ndarray, gain: np.ndarray) -> None:
            self.moved = dict(zip(READINGS, shift[config.code :], strict=True))

    painter = Reading()
    finish = Finish(0.0, (0.0,) * 136, (0.0,) * 9, (1.0,) * 9)
    shift_codes(painter, finish, np.zeros((8, 32, 32, 3), np.uint8))  # type: ignore[arg-type]
    assert -0.3 < painter.moved["yaw"] <= 0
    assert -0.7 < painter.moved["pitch"] < -0.3
    assert painter.moved["gaze_x"] == -1


def test_a_fair_skin_does_not_make_eyes_and_teeth_shine_nor_a_dark_one_turn_them_brown() -> None:
    rng = np.random.default_rng(2)
    fair, dark = (
        np.clip(np.array(c) + rng.normal(0, 0.03, (4000, 3)), 0, 1) for c in ((0.8, 0.62, 0.52), (0.4, 0.26, 0.19))
    )
    whites = torch.tensor([[0.62, 0.61, 0.6], [0.8, 0.8, 0.78]]).T[None, :, None]
    for skin, other in ((dark, fair), (fair, dark)):
        for method in (ColorMatch.TRANSPORT, ColorMatch.LINEAR, ColorMatch.REINHARD):
            table = torch.from_numpy(fit_colors(skin, other, method))
            cheek = torch.from_numpy(skin[:50].T[None, :, None]).float()
            assert np.abs(recolored(cheek, table)[0, :, 0].numpy().mean(1) - other.mean(0)).max() < 0.05
            assert float((recolored(whites, table, torch.ones(1)) - whites).abs().max()) < 0.06


def test_what_is_darker_than_skin_keeps_its_detail_beside_another_skin() -> None:
    """A shift of all lightness would make the eyes of a fair person black, and a dark person's brows grey."""
    rng = np.random.default_rng(2)
    fair, dark = (
        np.clip(np.array(c) + rng.normal(0, 0.03, (4000, 3)), 0, 1) for c in ((0.8, 0.62, 0.52), (0.4, 0.26, 0.19))
    )
    iris = torch.tensor([[0.30, 0.22, 0.16], [0.20, 0.14, 0.10], [0.06, 0.05, 0.04]]).T[None, :, None]
    darker, fairer = (
        recolored(iris, torch.from_numpy(fit_colors(skin, other, ColorMatch.REINHARD)))[0, :, 0].mean(0)
        for skin, other in ((fair, dark), (dark, fair))
    )
    assert darker[0] - darker[1] > 0.02 and darker[1] - darker[2] > 0.02
    assert darker[1] < 0.15 and fairer[2] < 0.2


def test_sharpening_leaves_no_halo() -> None:
    face = np.full((32, 32, 3), 0.3, np.float32)
    face[:, 12:18] = 0.5 - 0.2 * np.cos(np.linspace(0, np.pi, 6))[:, None]
    face[:, 18:] = 0.7
    crisp = sharpened(face, 1.0)
    assert np.diff(crisp[16, :, 0]).max() > 1.15 * np.diff(face[16, :, 0]).max()
    assert crisp.min() > 0.28 and crisp.max() < 0.72


def test_a_basis_repaints_its_own_faces() -> None:
    bank = drawn_bank("source")
    basis = fit_basis(bank.crops, bank.masks, 6)
    faces = bank.crops[:8].float() / 255
    masks = bank.masks[:8, None].float() / 255
    painted = basis(project(basis, faces, masks))
    error = ((painted - faces).abs() * masks).sum() / masks.sum() / 3
    mean_error = ((basis.mean - faces).abs() * masks).sum() / masks.sum() / 3
    assert error < 0.6 * mean_error


def test_a_shrunk_basis_paints_the_shrunk_face() -> None:
    bank = drawn_bank("source")
    basis = fit_basis(bank.crops, bank.masks, 6)
    coefficients = torch.randn(2, 6)
    small = torch.nn.functional.avg_pool2d(basis(coefficients), 2)
    assert torch.allclose(basis.shrunk(2)(coefficients), small, atol=1e-5)


def test_paste_leaves_everything_outside_the_mask_untouched() -> None:
    plate = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)
    face = np.ones((64, 64, 3), np.float32)
    mask = np.zeros((64, 64), np.float32)
    mask[16:48, 16:48] = 1
    matrix = np.array([[1.0, 0.0, -50.0], [0.0, 1.0, -30.0]])
    out = lay_in(plate, face, mask, matrix).picture
    assert (out[30 + 20 : 30 + 44, 50 + 20 : 50 + 44] >= 254).all()
    changed = (out != plate).any(2)
    assert not changed[:44].any() and not changed[:, :64].any()


def test_paste_at_the_edge_of_the_picture_is_cut_there() -> None:
    plate = np.zeros((40, 40, 3), np.uint8)
    out = lay_in(
        plate,
        np.ones((64, 64, 3), np.float32),
        np.ones((64, 64), np.float32),
        np.array([[1.0, 0, 40.0], [0, 1.0, 40.0]]),
    ).picture
    assert out[:20, :20].min() > 250 and out[30:, 30:].max() == 0


def test_the_soft_edge_stays_inside_both_faces() -> None:
    learned, hull = np.zeros((2, 100, 100), np.float32)
    learned[10:90, 20:80] = 1
    hull[20:95, 10:75] = 1
    mask = paste_mask(np.minimum(learned, hull), 6.0, 3.0)
    assert mask[55, 50] > 0.99
    assert mask[20, 50] < 0.05 and mask[55, 20] < 0.05 and mask[55, 75] < 0.05


@pytest.mark.parametrize("method", [ColorMatch.REINHARD, ColorMatch.LINEAR, ColorMatch.TRANSPORT])
def test_color_moves_into_the_plates_light(method: ColorMatch) -> None:
    rng = np.random.default_rng(1)
    faces = np.clip(rng.normal(0.4, 0.05, (4, 32, 32, 3)), 0, 1).astype(np.float32)
    plates = np.clip(faces * 0.9 + np.array([0.2, 0.1, 0.0]), 0, 1).astype(np.float32)
    table = torch.from_numpy(fit_colors(faces.reshape(-1, 3), plates.reshape(-1, 3), method))
    moved = recolored(torch.from_numpy(faces).permute(0, 3, 1, 2), table).permute(0, 2, 3, 1).numpy()
    assert np.abs(moved.mean((0, 1, 2)) - plates.mean((0, 1, 2))).max() < 0.02
    assert np.abs(moved - plates).mean() < 0.2 * np.abs(faces - plates).mean()


def test_no_color_match_leaves_the_face_as_it_was_painted() -> None:
    faces = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    table = torch.from_numpy(fit_colors(np.zeros((99, 3)), np.ones((99, 3)), ColorMatch.NONE))
    assert float((recolored(faces, table) - faces).abs().max()) < 1e-5


@pytest.mark.parametrize(("strength", "edge"), [(0.0, 0.0), (0.5, 1.0), (0.8, 1.0), (0.2, 0.4), (1.0, 1.0)])
def test_a_face_keeps_its_own_colour_in_the_middle_more_than_at_its_edge(strength: float, edge: float) -> None:
    inside = np.zeros((192, 192), np.float32)
    inside[32:160, 40:152] = 1
    share = share_of_change(inside, strength)
    assert share[48, 48] == pytest.approx(strength, abs=0.01)
    assert share[48, 20] == pytest.approx(edge, abs=0.05) and share[16, 40] == pytest.approx(edge, abs=0.05)
    assert np.abs(np.diff(share, axis=0)).max() < 0.12  # no line on the cheek
    assert np.allclose(share_of_change(np.zeros((64, 64)), strength), edge)


def test_colours_are_mixed_as_in_three_dimensions() -> None:
    """Beside torch's own trilinear sampling, with colours on the nodes, at the ends and beyond them."""
    draw = torch.Generator().manual_seed(3)
    table = torch.rand(17, 17, 17, 4, generator=draw)
    faces = torch.rand(2, 3, 24, 24, generator=draw) * 1.2 - 0.1
    faces[:, :, 0] = torch.linspace(0, 1, 24)
    faces[0, :, 1] = torch.arange(24).clamp(max=16) / 16
    places = faces.permute(0, 2, 3, 1)[None] * 2 - 1
    volume = table.permute(3, 2, 1, 0)[None]  # sampling takes the axes from the last to the first
    wanted = torch.nn.functional.grid_sample(volume, places, padding_mode="border", align_corners=True)[0]
    assert float((recolored(faces, table) - wanted.transpose(0, 1)[:, :3]).abs().max()) < 2e-4


def test_skin_brighter_than_white_keeps_its_hue() -> None:
    """Cut off at 1, red goes first and skin turns yellow; what is not bright stays as it is."""
    skin = torch.tensor([0.9, 0.72, 0.6])
    faces = (torch.linspace(0.5, 1.5, 11)[:, None] * skin)[:, :, None, None]
    shown = rolled_off(faces)
    assert float(shown.max()) <= 1
    assert torch.allclose(shown / shown[:, :1], faces / faces[:, :1], atol=1e-5)
    assert bool((shown[1:] > shown[:-1]).all())
    assert torch.equal(rolled_off(faces[:3]), faces[:3])
