"""What a face does is read alike in training and in use, and blinks are told from open eyes on faces never seen."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from av_models.face.backend import get_backend
from av_models.face.fit import fit_detection
from av_models.face.warp import align_matrix, mean_template, warp_crop
from av_models.swap.augment import hide_mouth, mouth_cover
from av_models.swap.network import NetworkConfig, SwapNetwork
from av_models.swap.reader import READ_PX, READINGS, TRUSTED, load_reader
from tests.face.people_made import performance

LIDS = READINGS.index("lids")
FRAMES = {"woman": (12, 31), "man": (12, 28)}
"""Open and shut, as the labels of the rendered clips say."""


@pytest.fixture(scope="module")
def shown() -> dict[str, torch.Tensor]:
    """Crops (2,3,S,S) of each sample: eyes open, eyes shut."""
    return {who: crops(who, *frames) for who, frames in FRAMES.items()}


def crops(who: str, opened: int, shut: int) -> torch.Tensor:
    backend = get_backend("dlib")
    frames = performance(who, shut + 1)
    fits = [fit_detection(frames[k], backend.detect(frames[k])[0], backend).landmarks for k in (opened, shut)]
    template = mean_template(np.array(fits))
    pair = [
        warp_crop(frames[k], align_matrix(points, READ_PX, template), READ_PX)
        for k, points in zip((opened, shut), fits, strict=True)
    ]
    return torch.from_numpy(np.stack(pair)).permute(0, 3, 1, 2).float() / 255


@pytest.mark.parametrize("who", list(FRAMES))
def test_a_blink_is_read_on_a_face_that_the_reader_never_saw(shown: dict[str, torch.Tensor], who: str) -> None:
    opened, shut = load_reader()(hide_mouth(shown[who], mouth_cover(READ_PX)))[:, LIDS]
    assert float(shut - opened) > 1.5


def test_a_larger_crop_reads_alike(shown: dict[str, torch.Tensor]) -> None:
    reader, crops_128 = load_reader(), hide_mouth(shown["woman"], mouth_cover(READ_PX))
    large = torch.nn.functional.interpolate(crops_128, scale_factor=2, mode="bilinear")
    assert float((reader(large) - reader(crops_128))[:, list(TRUSTED)].abs().max()) < 0.25


def test_training_does_not_disturb_the_reader(shown: dict[str, torch.Tensor]) -> None:
    """Neither by its mode nor by its steps."""
    network = SwapNetwork(NetworkConfig(size_px=64, n_components=4))
    small = torch.nn.functional.interpolate(shown["man"], size=(64, 64), mode="area")
    before = network.eval().face_code(small)
    assert torch.equal(network.train().face_code(small), before)
    assert network.reader is not None and not any(p.requires_grad for p in network.reader.parameters())
