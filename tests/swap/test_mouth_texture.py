"""A mouth is painted by components and a map of its own, as sharp as it was seen, and nothing round it changes."""

from __future__ import annotations

import torch

from av_models.swap.mouth_texture import MouthTexture
from tests.swap.faces_made import drawn_bank

SIDE = 64
N_FEATURES = 11
OPEN = 3


def seen() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Mouths that are as bright as they are open, beside a cheek that changes with another number; the mean shape."""
    generator = torch.Generator().manual_seed(5)
    performances = torch.rand(120, N_FEATURES, generator=generator)
    crops = torch.full((120, 3, SIDE, SIDE), 100.0)
    crops[:, :, 40:54, 22:44] = (60 + 120 * performances[:, OPEN])[:, None, None, None]
    crops[:, :, :, 50:] = (200 * performances[:, 0])[:, None, None, None]
    return crops.round().byte(), performances, (drawn_bank("source").landmarks.mean(0) + 0.5) / 64


def fitted() -> MouthTexture:
    mouth = MouthTexture(N_FEATURES, SIDE)
    mouth.fit(*seen())
    return mouth.eval()


def asked(opening: float) -> torch.Tensor:
    one = torch.full((1, N_FEATURES), 0.5)
    one[0, OPEN] = opening
    return one


def test_the_mouth_opens_as_it_is_asked_to() -> None:
    mouth = fitted()
    lips = (seen()[2][48:60].mean(0) * SIDE).long().tolist()
    levels = [mouth(torch.zeros(1, 3, SIDE, SIDE), asked(how))[0, 0, lips[1], lips[0]] * 255 for how in (0.1, 0.5, 0.9)]
    assert torch.allclose(torch.stack(levels), torch.tensor([72.0, 120.0, 168.0]), atol=12)


def test_what_is_not_mouth_stays() -> None:
    textures = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(6))
    laid = fitted()(textures.clone(), asked(0.9))
    changed = (laid - textures).abs().amax((0, 1)) > 0
    assert changed.any() and not changed[:30].any() and not changed[:, 46:].any() and not changed[:, :14].any()


def test_nobody_fitted_changes_nothing() -> None:
    textures = torch.rand(1, 3, SIDE, SIDE)
    assert torch.equal(MouthTexture(N_FEATURES, SIDE)(textures.clone(), asked(1.0)), textures)


def test_at_half_the_size_it_is_the_same_mouth() -> None:
    textures = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(7))
    shrunk = torch.nn.functional.avg_pool2d
    mouth = fitted()
    large, small = shrunk(mouth(textures.clone(), asked(0.8)), 2), mouth.shrunk(2)(shrunk(textures, 2), asked(0.8))
    assert (large - small).abs().mean() < 0.01


def test_gradients_pass_round_the_mouth() -> None:
    """What is trained beside it is still taught."""
    textures = torch.rand(1, 3, SIDE, SIDE, requires_grad=True)
    fitted()(textures * 1.0, asked(0.5)).sum().backward()
    assert textures.grad is not None and textures.grad[0, 0, 5, 5] == 1 and textures.grad.min() < 0.5


def test_teeth_are_as_sharp_as_they_were_seen() -> None:
    """What is asked for says nothing about where the edge of the teeth lies: a mean of all frames has none."""
    _, performances, mean_shape = seen()
    edges = torch.randint(44, 50, (120,), generator=torch.Generator().manual_seed(8))
    crops = torch.full((120, 3, SIDE, SIDE), 40.0)
    rows = torch.arange(SIDE)[None, :, None]
    teeth = (rows >= 40) & (rows < edges[:, None, None])
    crops += (160 * teeth)[:, None]
    mouth = MouthTexture(N_FEATURES, SIDE)
    mouth.fit(crops.byte(), performances, mean_shape)
    mouth.eval()
    x = int(mean_shape[48:60, 0].mean() * SIDE)

    others = torch.rand(20, N_FEATURES, generator=torch.Generator().manual_seed(9))
    blank = torch.full((20, 3, SIDE, SIDE), 40 / 255)

    def between() -> int:
        """Pixels that are neither tooth nor dark, of twenty mouths that were never seen."""
        levels = mouth(blank.clone(), others)[:, 0, 43:49, x] * 255
        return int(((levels > 70) & (levels < 170)).sum())

    remembered = between()
    mouth.train()
    assert remembered < 0.6 * between()
