"""A head that is turned farther than its own footage shows goes as heads go, instead of looking on into the camera."""

from __future__ import annotations

import torch

from av_models.swap.shape import BRIDGE, EYE_CORNERS, NOSE_TIP, POINTS, FaceShape
from av_models.swap.turning import load_turning
from tests.swap.test_placing import FACE_POINTS

N_FEATURES = 11
YAW, PITCH = 0, 1
FACE = torch.tensor(FACE_POINTS, dtype=torch.float32)
MEAN = FACE[list(POINTS)]


def performances(yaw: torch.Tensor) -> torch.Tensor:
    made = torch.zeros(len(yaw), N_FEATURES)
    made[:, YAW] = yaw
    return made


def shape_seen(most_yaw: float) -> FaceShape:
    """Of a person who was seen to turn so far, with a nose that moves by half a spread of readings a hundredth."""
    yaw = most_yaw * torch.sin(torch.arange(80) * 0.4)
    landmarks = FACE.repeat(80, 1, 1)
    landmarks[:, NOSE_TIP, 0] += 0.02 * yaw
    shape = FaceShape(N_FEATURES, turns=True)
    shape.fit(performances(yaw), landmarks)
    shape.draw(torch.zeros(68, 2), FACE)
    return shape


def at(shape: FaceShape, yaw: float, pitch: float = 0.0) -> torch.Tensor:
    asked = performances(torch.tensor([yaw]))
    asked[:, PITCH] = pitch
    return shape.points(asked)[0]


def half_widths(points: torch.Tensor) -> tuple[float, float]:
    """Of the cheeks on the picture's left and right."""
    nose = points[BRIDGE, 0].mean()
    return float(nose - points[1:8, 0].mean()), float(points[9:16, 0].mean() - nose)


def test_beyond_what_was_seen_one_cheek_narrows_and_the_other_widens() -> None:
    shape = shape_seen(0.3)
    usual, turned = half_widths(at(shape, 0.3)), half_widths(at(shape, 1.5))
    assert turned[0] > usual[0] * 1.1 and turned[1] < usual[1] * 0.9, "turned to the picture's right"
    other = half_widths(at(shape, -1.5))
    assert other[0] < usual[0] * 0.95 and other[1] > usual[1] * 1.05


def test_within_what_was_seen_a_face_is_its_own() -> None:
    shape = shape_seen(1.2)
    assert abs(float(at(shape, 1.0)[NOSE_TIP, 0] - MEAN[NOSE_TIP, 0]) - 0.02) < 0.004
    still = [k for k in range(len(POINTS)) if k != NOSE_TIP]
    assert float((at(shape, 1.0) - MEAN)[still].abs().max()) < 0.004


def test_nods_that_were_never_seen_are_not_believed() -> None:
    shape = shape_seen(0.3)
    for yaw in (0.2, 1.5):
        assert torch.allclose(at(shape, yaw, pitch=1.5), at(shape, yaw), atol=1e-4)


def test_nothing_moves_on_beyond_all_that_is_known() -> None:
    shape = shape_seen(0.3)
    assert torch.allclose(at(shape, 3.0), at(shape, 9.0), atol=1e-4)
    assert bool(at(shape, 9.0).isfinite().all())


def test_the_shipped_table_keeps_the_corners_of_the_eyes_where_crops_have_them() -> None:
    """Crops are laid on eyes and nose: a table that moved those as far as a jaw would be of other crops."""
    table = load_turning(len(POINTS))
    moved = table(performances(torch.tensor([1.2])), performances(torch.tensor([0.0]))).unflatten(1, (-1, 2))[0]
    jaw, eyes = moved[:17].norm(dim=1).mean(), moved[list(EYE_CORNERS)].norm(dim=1).mean()
    assert 0.02 < float(jaw) < 0.2 and float(eyes) < 0.6 * float(jaw)
