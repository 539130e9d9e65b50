"""Shut eyes are painted as they were seen in blinks, with the head where it was never seen blinking, too."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from av_models.swap.lids import lid_tremble
from av_models.swap.network import NetworkConfig, SwapNetwork
from av_models.swap.shut_eyes import LEAST_BLINKS, LIDS, ShutEyes
from tests.swap.faces_made import drawn_bank

SIDE = 64
YAW = 0
CONFIG = NetworkConfig(
    size_px=32, detail=2, widths=(8, 8, 8, 8), code=16, grid=8, decoder_widths=(8, 8, 8), n_components=4
)
N_FEATURES = CONFIG.performance_size


def performances(n_shut: int = 6, n_half: int = 6) -> torch.Tensor:
    """(200,P): the head turns to and fro, and blinks only while it looks ahead."""
    made = torch.zeros(200, N_FEATURES)
    made[:, YAW] = 2 * torch.sin(torch.arange(200) * 0.1)
    ahead = made[:, YAW].abs().argsort()
    made[ahead[:n_shut], LIDS] = 3.0
    made[ahead[n_shut : n_shut + n_half], LIDS] = 1.5
    return made


def crops(seen: torch.Tensor) -> torch.Tensor:
    """(N,3,S,S): red where open, green half-way, blue where shut, as the lids of `seen` are."""
    made = torch.zeros(len(seen), 3, SIDE, SIDE, dtype=torch.uint8)
    for k, row in enumerate(seen[:, LIDS].tolist()):
        made[k, round(row / 1.5)] = 200
    return made


def mean_shape() -> torch.Tensor:
    return (drawn_bank("source").landmarks.mean(0) + 0.5) / 64


def asked(yaw: float, lids: float) -> torch.Tensor:
    one = torch.zeros(1, N_FEATURES)
    one[0, YAW], one[0, LIDS] = yaw, lids
    return one


@pytest.fixture
def eyes() -> ShutEyes:
    made, seen = ShutEyes(N_FEATURES, SIDE), performances()
    made.fit(crops(seen), seen, mean_shape())
    return made


def eye_color(eyes: ShutEyes, performance: torch.Tensor) -> torch.Tensor:
    """(3,) that a black face gets in the middle of an eye, beside what it gets at its rim."""
    eyes.soft.copy_((eyes.soft > 0.9).float())  # no rim: colours are not toned to the black
    laid = eyes(torch.zeros(1, 3, SIDE, SIDE), performance)
    x, y = (mean_shape()[36:42].mean(0) * SIDE).long().tolist()
    return laid[0, :, y, x]


@pytest.mark.parametrize(("lids", "channel"), [(3.0, 2), (1.5, 1)])
@pytest.mark.parametrize("yaw", [0.0, 1.8])
def test_eyes_are_those_of_frames_with_lids_as_far_shut(eyes: ShutEyes, lids: float, channel: int, yaw: float) -> None:
    color = eye_color(eyes, asked(yaw, lids))
    assert color[channel] > 0.75 and color.sum() - color[channel] < 0.05


def test_open_eyes_are_left_alone(eyes: ShutEyes) -> None:
    assert not eye_color(eyes, asked(0.0, 0.0)).any()


def test_lids_that_only_begin_to_close_are_shown(eyes: ShutEyes) -> None:
    """Steady readings of open eyes: an eighth of the way is no noise. Where they tremble, it may be."""
    seen = performances(n_half=0)
    seen[seen[:, LIDS] == 0, LIDS] = 0.02
    seen[:8, LIDS] = 0.4
    pictures = crops(seen)
    pictures[:8] = torch.tensor([0, 255, 0], dtype=torch.uint8)[:, None, None]
    trembling = seen.clone()
    trembling[8:, LIDS] += 0.3 * torch.sin(torch.arange(192) * 2.0)
    for readings, green in ((seen, True), (trembling, False)):
        made = ShutEyes(N_FEATURES, SIDE)
        made.fit(pictures, readings, mean_shape())
        assert (float(eye_color(made, asked(0, 0.4))[1]) > 0.5) == green


def test_the_mean_of_blinks_takes_the_tone_of_the_face(eyes: ShutEyes) -> None:
    """Blinks that were seen in a darker room do not show as a dark bar."""
    bright = torch.full((1, 3, SIDE, SIDE), 0.9)
    laid = eyes(bright.clone(), asked(0.0, 3.0))
    assert torch.allclose(laid, bright, atol=0.05)


def test_nothing_but_the_eyes_changes(eyes: ShutEyes) -> None:
    textures = torch.rand(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(3))
    laid = eyes(textures.clone(), torch.cat([asked(0.0, 3.0), asked(0.0, 0.0)]))
    assert torch.equal(laid[1], textures[1])
    changed = (laid[0] - textures[0]).abs().amax(0) > 0
    mean = mean_shape() * SIDE
    for eye in (slice(36, 42), slice(42, 48)):
        x, y = mean[eye].mean(0).long().tolist()
        assert changed[y, x]
    assert not changed[int(mean[48:, 1].min()) :].any() and changed.float().mean() < 0.3


def test_with_too_few_blinks_nothing_changes() -> None:
    eyes, seen = ShutEyes(N_FEATURES, SIDE), performances(LEAST_BLINKS - 1, n_half=0)
    eyes.fit(crops(seen), seen, mean_shape())
    textures = torch.rand(1, 3, SIDE, SIDE)
    assert torch.equal(eyes(textures.clone(), asked(0.0, 3.0)), textures)


def test_at_half_the_size_the_same_eyes_are_laid_in(eyes: ShutEyes) -> None:
    textures = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(4))
    shrunk = torch.nn.functional.avg_pool2d
    large = shrunk(eyes(textures.clone(), asked(0.5, 3.0)), 2)
    small = eyes.shrunk(2)(shrunk(textures, 2), asked(0.5, 3.0))
    assert (large - small).abs().mean() < 0.01


def test_a_painted_blink_shows_the_blinks_that_were_seen() -> None:
    network = SwapNetwork(CONFIG).eval()
    seen = performances()
    striped = crops(seen) * (torch.arange(SIDE) % 4 < 2)
    network.eyes["source"].fit(striped, seen, mean_shape())
    joint = torch.zeros(2, network.intermediate.joint_size)
    joint[1, network.trusted[LIDS]] = 3.0
    grid = torch.zeros(2, CONFIG.grid, 4, 4)
    with torch.no_grad():
        opened, shut = network.paint("source", joint, grid)[0]
    assert (shut - opened).abs().max() > 0.1


def test_on_a_person_whose_open_lids_tremble_more_blinks_show_later(eyes: ShutEyes) -> None:
    """The source's own readings are steady; the actor's are not, and open eyes would flicker into blinks."""
    first = float(eyes.first)
    assert first < 0.1
    asks = asked(0, 3.0 * 1.5 * first)
    eyes.expect(lid_tremble(np.random.default_rng(0).normal(0, 0.04, 400).tolist() + [1.0] * 8))
    assert float(eye_color(eyes, asks).max()) == 0
    eyes.expect(0.0)
    assert float(eye_color(eyes, asks).max()) > 0
