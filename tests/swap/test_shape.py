"""Shape and texture taken apart: features that move with the performance are not mixed where they are not."""

from __future__ import annotations

import torch

from av_models.swap.likeness import fit_likeness
from av_models.swap.network import NetworkConfig
from av_models.swap.shape import POINTS, FaceShape, from_mean_shape, to_mean_shape
from tests.swap.faces_made import drawn_bank

SIDE = 64


def moving_landmarks(n: int = 60) -> tuple[torch.Tensor, torch.Tensor]:
    """Performances (n,1) and landmarks (n,68,2): points on a grid whose middle goes right with the performance."""
    axis = torch.linspace(0.3, 0.7, 10)
    points = torch.cartesian_prod(axis, axis)[:68]
    turn = torch.sin(torch.arange(n) * 0.7)[:, None]
    inner = 1 - ((points - 0.5).norm(dim=1) / 0.35).clamp(max=1)
    landmarks = points + 0.05 * turn[:, :, None] * inner[None, :, None] * torch.tensor([1.0, 0.0])
    return turn, landmarks


def smooth_picture() -> torch.Tensor:
    axis = (torch.arange(SIDE) + 0.5) / SIDE
    return (0.5 + 0.4 * torch.sin(9 * axis)[None] * torch.cos(7 * axis)[:, None]).expand(1, 3, -1, -1)


def test_points_go_where_the_performance_sends_them() -> None:
    turn, landmarks = moving_landmarks()
    shape = FaceShape(1, turns=False)
    shape.fit(turn, landmarks)
    mean = landmarks[:, list(POINTS)].mean(0)
    field = shape(turn[:8])
    moved = torch.nn.functional.grid_sample(
        field, (mean * 2 - 1).expand(8, -1, -1)[:, None], mode="bilinear", align_corners=False
    )[:, :, 0].transpose(1, 2)
    wanted = landmarks[:8, list(POINTS)] - mean
    assert float(wanted.abs().max()) > 0.04
    assert float((moved - wanted).abs().max()) < 0.006


def test_a_face_laid_on_the_mean_shape_comes_back_as_it_was() -> None:
    turn, landmarks = moving_landmarks()
    shape = FaceShape(1, turns=False)
    shape.fit(turn, landmarks)
    field, picture = shape(turn[2:3]), smooth_picture()
    laid = to_mean_shape(picture, field)
    assert float((laid - picture).abs().max()) > 0.1
    assert float((from_mean_shape(laid, field) - picture).abs().max()) < 0.02


def test_a_shape_that_knows_nothing_moves_nothing() -> None:
    picture = smooth_picture()
    assert torch.allclose(from_mean_shape(picture, FaceShape(3, turns=False)(torch.randn(1, 3))), picture, atol=1e-5)


def test_components_are_saved_for_what_does_not_merely_move() -> None:
    """The drawn heads lean from side to side; laid on one another, their eyes are eyes and no smear."""
    config = NetworkConfig(size_px=32, detail=2, n_components=4, readings=0)
    bank = drawn_bank("source")
    bank.mouths[:, 1] = (bank.landmarks[:, 0, 0] - 32) / 2  # a number that tells how far
    known = fit_likeness(bank, config)
    eyes = slice(19, 30), slice(16, 48)
    sharp, smeared = (one[(slice(None), *eyes)].var() for one in (known.basis.mean, bank.crops.float().mean(0) / 255))
    assert float(sharp) > 1.15 * float(smeared)
    assert known.performances.shape == (len(bank), 8) and known.scores.shape == (len(bank), 4)


def test_what_moves_a_small_part_of_the_face_moves_it_all_the_way() -> None:
    """A mouth's width beside turns of the whole head, which move every point and much further."""
    generator = torch.Generator().manual_seed(5)
    turn, width = torch.randn(2, 200, generator=generator)
    corners = POINTS.index(48), POINTS.index(54)
    landmarks = torch.rand(68, 2, generator=generator).expand(200, -1, -1).clone()
    landmarks[:, :, 0] += 0.05 * turn[:, None]
    for point, side in ((48, -1), (54, 1)):
        landmarks[:, point, 0] += 0.004 * side * width
    shape = FaceShape(2, turns=False)
    shape.fit(torch.stack([turn, width], 1), landmarks)
    wide, narrow = (shape.from_performance(torch.tensor([[0.0, w]])).reshape(-1, 2)[:, 0] for w in (1.0, -1.0))
    opened = (wide - narrow)[corners[1]] - (wide - narrow)[corners[0]]
    assert 0.85 < float(opened) / 0.016 < 1.1


def test_a_drawn_point_goes_farther_than_the_performance_says() -> None:
    turn, landmarks = moving_landmarks()
    shape = FaceShape(1, turns=False)
    shape.fit(turn, landmarks)
    before, moves = shape(turn[:1]), torch.zeros(68, 2)
    moves[8, 1] = 0.1
    shape.draw(moves, landmarks.mean(0))
    at = landmarks[:, 8].mean(0)
    change = torch.nn.functional.grid_sample(
        shape(turn[:1]) - before, (at * 2 - 1)[None, None, None], align_corners=False
    )[0, :, 0, 0]
    assert float(change[1]) > 0.05 and abs(float(change[0])) < 0.01
    assert "drawn" not in shape.state_dict()  # it belongs to a footage, not to the model


def test_a_cheek_that_turns_away_is_drawn_by_the_part_of_it_that_is_seen() -> None:
    """All of it, where little of the cheek is left, would fold the skin beside the mouth."""
    turn = torch.linspace(-1, 1, 80)[:, None]
    front = torch.rand(68, 2, generator=torch.Generator().manual_seed(2)) * 0.2 + 0.4
    front[:17, 0] = torch.linspace(0.2, 0.8, 17)
    front[27:31, 0] = 0.5
    landmarks = front.expand(80, -1, -1).clone()
    left = slice(0, 8)  # all the way turned, the left half is a third as wide
    landmarks[:, left, 0] = 0.5 + (front[left, 0] - 0.5) * (1 - turn.clamp(min=0) * 2 / 3)
    shape, moves = FaceShape(1, turns=False), torch.zeros(68, 2)
    shape.fit(turn, landmarks)
    performances = torch.tensor([[-1.0], [0.98]])
    before = shape(performances)
    moves[:17, 0] = 0.05 * (0.5 - front[:17, 0]).sign()
    shape.draw(moves, landmarks.mean(0))
    change = (shape(performances) - before)[:, 0]
    rows, columns = (landmarks[[0, -1]][:, (4, 12)] * 64).long().unbind(-1)[::-1]
    seen, turned = ([float(change[k, rows[k, side], columns[k, side]]) for side in (0, 1)] for k in (0, 1))
    assert seen[0] > 0.02 and seen[1] < -0.02
    assert abs(turned[0]) < 0.6 * abs(seen[0]) and turned[1] < 0.8 * seen[1]
