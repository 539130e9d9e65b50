"""Shut eyes are painted as they were seen in blinks, with the head where it was never seen blinking, too."""

from __future__ import annotations

import pytest
import torch

from av_models.swap.network import NetworkConfig, SwapNetwork
from av_models.swap.shut_eyes import LEAST_BLINKS, LIDS, ShutEyes
from tests.swap.faces_made import drawn_bank

YAW = 0
CONFIG = NetworkConfig(
    size_px=32, detail=1, widths=(8, 8, 8, 8), code=16, grid=8, decoder_widths=(8, 8, 8), n_components=4
)
N_FEATURES = CONFIG.performance_size


def performances(n_blinks: int = 6) -> torch.Tensor:
    """(200,P): the head turns to and fro, and blinks only while it looks ahead."""
    made = torch.zeros(200, N_FEATURES)
    made[:, YAW] = 2 * torch.sin(torch.arange(200) * 0.1)
    ahead = made[:, YAW].abs().argsort()[:n_blinks]
    made[ahead, LIDS] = 3.0
    return made


def landmarks() -> torch.Tensor:
    return (drawn_bank("source").landmarks + 0.5) / 64


def asked(yaw: float, lids: float) -> torch.Tensor:
    one = torch.zeros(1, N_FEATURES)
    one[0, YAW], one[0, LIDS] = yaw, lids
    return one


@pytest.fixture
def eyes() -> ShutEyes:
    made = ShutEyes(N_FEATURES)
    made.fit(performances(), landmarks())
    return made


def test_shut_eyes_are_asked_for_with_the_head_where_blinks_were_seen(eyes: ShutEyes) -> None:
    shut = eyes(asked(1.8, 3.0))[0]
    assert abs(float(shut[YAW])) < 0.3 and float(shut[LIDS]) == 3.0


def test_open_eyes_go_with_the_head_and_lids_on_their_way_go_a_part(eyes: ShutEyes) -> None:
    assert torch.equal(eyes(asked(1.8, 0.0)), asked(1.8, 0.0))
    assert 0.3 < float(eyes(asked(1.8, 1.5))[0, YAW]) < 1.5


def test_a_known_blink_is_asked_for_as_it_was(eyes: ShutEyes) -> None:
    seen = performances()
    blinks = seen[seen[:, LIDS] > 0]
    assert torch.allclose(eyes(blinks), blinks)


def test_with_too_few_blinks_nothing_changes() -> None:
    eyes = ShutEyes(N_FEATURES)
    eyes.fit(performances(LEAST_BLINKS - 1), landmarks())
    assert torch.equal(eyes(asked(1.8, 3.0)), asked(1.8, 3.0))


def test_the_mask_holds_both_eyes_and_no_mouth(eyes: ShutEyes) -> None:
    mask, mean = eyes.soft(64)[0, 0], landmarks().mean(0) * 64
    for eye in (slice(36, 42), slice(42, 48)):
        x, y = mean[eye].mean(0).long().tolist()
        assert mask[y, x] == 1
    x, y = mean[48:60].mean(0).long().tolist()
    assert mask[y, x] == 0 and mask.mean() < 0.25


def test_only_the_eyes_of_blinking_frames_are_painted_otherwise() -> None:
    """A basis whose one component is white; a map that turns it on with the head's turn."""
    network = SwapNetwork(CONFIG).eval()
    network.bases["source"].components[0] = 1.0
    asks = network.decoder("source").from_performance
    asks.fit(performances(), performances()[:, [YAW]].repeat(1, CONFIG.n_components))
    plain = [_texture(network, asked(1.8, lids)) for lids in (0.0, 3.0)]
    eyes = network.eyes["source"]
    assert isinstance(eyes, ShutEyes)
    eyes.fit(performances(), landmarks())
    opened, shut = (_texture(network, asked(1.8, lids)) for lids in (0.0, 3.0))
    assert torch.equal(opened, plain[0])
    change, mask = (shut - plain[1]).abs().amax((0, 1)), eyes.soft(CONFIG.size_px)[0, 0]
    assert change[mask > 0.9].min() > 0.5 and not change[mask == 0].any()


def _texture(network: SwapNetwork, performance: torch.Tensor) -> torch.Tensor:
    basis, asks = network.bases["source"], network.decoder("source").from_performance
    with torch.no_grad():
        return network._with_shut_eyes("source", performance, basis(asks(performance)))
