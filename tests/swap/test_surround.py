"""Round a face its own skin goes on, and inside nothing is changed."""

from __future__ import annotations

import torch

from av_models.swap.surround import with_skin_around

SIDE = 128


def _face() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A round face, redder to the right, on blue; its soft mask; and how far each pixel is from the middle."""
    axis = (torch.arange(SIDE) + 0.5) / SIDE - 0.5
    away = (axis[:, None].square() + axis[None].square()).sqrt()
    mask = torch.sigmoid((0.3 - away) / 0.008)[None, None]
    even = torch.ones(SIDE, SIDE)
    skin = torch.stack([0.6 + 0.4 * axis.expand(SIDE, -1), 0.5 * even, 0.4 * even])
    blue = torch.tensor([0.0, 0.0, 1.0])[:, None, None]
    return torch.where(away[None] < 0.3, skin, blue)[None], mask, away


def test_the_background_is_gone_and_the_face_is_as_it_was() -> None:
    face, mask, away = _face()
    found = with_skin_around(face, mask)
    assert torch.equal(found[..., away < 0.28], face[..., away < 0.28])
    outside = found[0][:, away > 0.3]
    assert float((outside[2] - 0.4).abs().max()) < 0.06 and float((outside[1] - 0.5).abs().max()) < 0.06
    left, right = found[0, 0, SIDE // 2, 20], found[0, 0, SIDE // 2, -20]
    assert float(right - left) > 0.05  # each side's own skin goes on


def test_each_face_has_its_own_skin_and_one_without_a_mask_stays() -> None:
    face, mask, _ = _face()
    dark = face * torch.tensor([0.3, 0.3, 1.0])[:, None, None]
    both = with_skin_around(torch.cat([face, dark, face]), torch.cat([mask, mask, 0 * mask]))
    assert torch.allclose(both[:1], with_skin_around(face, mask), atol=1e-6)
    assert float(both[1, 0].max()) < 0.3
    assert torch.equal(both[2:], face)


def test_faces_of_any_size() -> None:
    for side in (32, 96, 192):
        picture = torch.rand(1, 3, side, side)
        assert with_skin_around(picture, torch.ones(1, 1, side, side)).shape == picture.shape
