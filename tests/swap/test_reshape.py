"""A head that takes on another outline: the plate moves with the jaw and the brows, smoothly, and nothing else does."""

from __future__ import annotations

import numpy as np
import pytest

from av_models.domain.media import MediaRef
from av_models.domain.swap import PlateMatch, Region, SwapOptions
from av_models.swap.beside import head_box, reshape_beside
from av_models.swap.head_warp import REACH, HeadWarp, PlateWarp
from av_models.swap.reshape import head_warp, outline_moves, steady_moves
from tasks.heads import OtherHeads, head_moves, steady_head
from tests.swap.test_placing import FACE_POINTS

SIDE = 128
JAW, BROWS = slice(0, 17), slice(17, 27)
CHIN, EYE = 8, 36
AT = np.array([[1.0, 0, -90], [0, 1.0, -60]])
"""From pixels of the plate to those of the crop: it begins at (90, 60)."""

PLATE = (300, 320)


def with_jaw(jaw: np.ndarray) -> np.ndarray:
    """(27,2): jaw and brows of somebody else."""
    return np.concatenate([jaw, FACE_POINTS[BROWS]])


def wider(by: float) -> np.ndarray:
    """A jaw that is farther out from the middle of the face."""
    return with_jaw((FACE_POINTS[JAW] - (0.5, 0.4)) * (1 + by) + (0.5, 0.4))


def in_plate(warp: HeadWarp, plate: np.ndarray, matrix: np.ndarray) -> PlateWarp:
    found = warp.in_plate(matrix, SIDE, plate.shape)
    assert found is not None
    return found


def warp_to(outline: np.ndarray, options: SwapOptions | None = None) -> HeadWarp:
    return head_warp(FACE_POINTS, outline_moves(FACE_POINTS, outline), options)


def head(points: np.ndarray, dtype: type = np.uint8) -> np.ndarray:
    """A grey head on a dark plate, its jaw at points of the crop, with a bright eye."""
    import cv2

    picture = np.full((*PLATE, 3), 40, np.uint8)
    there = (points * SIDE - 0.5 + (90, 60)).round().astype(np.int32)
    cv2.fillConvexPoly(picture, cv2.convexHull(np.concatenate([there[JAW], there[17:27] - (0, 30)])), (150, 150, 150))
    cv2.circle(picture, tuple(int(v) for v in there[EYE]), 3, (240, 240, 240), -1)
    return picture if dtype == np.uint8 else picture.astype(np.uint16) * 257


def width_at(picture: np.ndarray, y: int) -> int:
    return int((picture[y, :, 0] / np.iinfo(picture.dtype).max > 0.4).sum())


def eye_in(part: np.ndarray) -> np.ndarray:
    """Where the bright eye lies in a part of the picture: x, y."""
    bright = np.clip(part[..., 0].astype(float) - 150, 0, None)
    rows, columns = np.indices(bright.shape)
    return np.array([(columns * bright).sum(), (rows * bright).sum()]) / bright.sum()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("by", [-0.15, 0.15])
def test_the_head_meets_the_painted_outline(by: float, dtype: type) -> None:
    plate, wanted = head(FACE_POINTS, dtype), head(np.concatenate([wider(by), FACE_POINTS[27:]]), dtype)
    moved = in_plate(warp_to(wider(by)), plate, AT).picture(plate)
    assert moved.dtype == dtype
    for y in (125, 135, 148):
        assert abs(width_at(plate, y) - width_at(wanted, y)) > 6
        assert abs(width_at(moved, y) - width_at(wanted, y)) <= 2


def test_eyes_that_are_kept_and_all_beyond_reach_stay_where_they_are() -> None:
    plate = np.random.default_rng(0).integers(0, 256, (*PLATE, 3), np.uint8)
    warp = warp_to(wider(0.15), SwapOptions(keep=(Region.EYES,)))
    moved = in_plate(warp, plate, AT).picture(plate)
    left, top = 90 - int(REACH * SIDE) - 2, 60 - int(REACH * SIDE) - 2
    right, bottom = 90 + int((1 + REACH) * SIDE) + 2, 60 + int((1 + REACH) * SIDE) + 2
    outside = np.ones(PLATE, bool)
    outside[max(top, 0) : bottom, left:right] = False
    assert outside.any() and (moved[outside] == plate[outside]).all()
    marked = head(FACE_POINTS)
    x, y = (FACE_POINTS[EYE] * SIDE + (90, 60)).round().astype(int)
    near = slice(y - 6, y + 7), slice(x - 6, x + 7)
    found = [eye_in(picture[near]) for picture in (marked, in_plate(warp, marked, AT).picture(marked))]
    assert np.abs(found[1] - found[0]).max() < 0.4


def test_a_head_that_is_as_it_should_be_is_not_touched() -> None:
    plate = np.random.default_rng(0).integers(0, 256, (*PLATE, 3), np.uint8)
    assert (in_plate(warp_to(FACE_POINTS[:27]), plate, AT).picture(plate) == plate).all()


def test_how_landmarks_lie_along_a_jaw_is_nobodys_shape() -> None:
    turn = np.linspace(np.pi, 0, 17) + 0.05
    slid = np.stack([0.5 + 0.3 * np.cos(turn), 0.4 + 0.42 * np.sin(turn)], 1)
    moved = outline_moves(FACE_POINTS, with_jaw(slid))[2:15]
    assert np.linalg.norm(slid - FACE_POINTS[JAW], axis=1).min() > 0.014
    assert np.linalg.norm(moved, axis=1).max() < 0.003


def test_the_picture_never_folds_however_far_apart_two_heads_are() -> None:
    for by in (-0.9, 1.5):
        field = warp_to(wider(by)).field
        cell = (1 + 2 * REACH) / len(field)
        assert np.diff(field[..., 0], axis=1).min() > -cell
        assert np.diff(field[..., 1], axis=0).min() > -cell


def test_nothing_is_drawn_in_from_beyond_the_edge_of_the_picture() -> None:
    """A chin at the lower edge: rows of the edge must not be smeared over the neck."""
    cut = np.repeat(np.arange(60, 60 + 120, dtype=np.uint8)[:, None, None], 300, 1).repeat(3, 2)
    shorter = with_jaw(FACE_POINTS[JAW] - (0, 0.1) * (FACE_POINTS[JAW, 1:] > 0.5))
    moved = in_plate(warp_to(shorter), cut, np.array([[1.0, 0, -90], [0, 1.0, -5]])).picture(cut)
    assert (moved[-1] == cut[-1]).all()
    assert (np.diff(moved[60:, 150, 0].astype(int)) > 0).mean() > 0.5
    assert (moved[:, :, 0].astype(int) != cut[:, :, 0]).any()


@pytest.mark.parametrize("left", [-90, -32, -20, 0])
def test_the_outline_is_told_as_it_lies_beside_an_edge_of_the_picture_too(left: int) -> None:
    """Where the edge holds a cheek back, a face that is laid in to where it should be would stand beside its head."""
    at = np.array([[1.0, 0, left], [0, 1.0, -60]])
    shifted = np.roll(head(FACE_POINTS), -90 - left, axis=1)
    warp = warp_to(wider(0.15))
    outline = (in_plate(warp, shifted, at).outline() * SIDE - 0.5 - at[:, 2])[JAW]
    moved = in_plate(warp, shifted, at).picture(shifted)
    for point in (2, 14):
        x, y = outline[point]
        edge = np.flatnonzero(moved[round(y), :, 0] > 95)
        assert abs((edge[0] if point == 2 else edge[-1]) - x) < 2.5
    assert (moved[:, 0] == shifted[:, 0]).mean() > 0.9


def test_what_is_in_front_of_the_face_moves_along() -> None:
    mask = np.zeros((SIDE, SIDE), np.float32)
    mask[:, 100:] = 1
    row = int(FACE_POINTS[13, 1] * SIDE)
    moved = warp_to(wider(0.15)).crop(mask)
    assert moved[row].sum() < mask[row].sum() - 2
    assert moved[5].sum() == pytest.approx(mask[5].sum(), abs=2)


def test_lips_that_stay_the_actors_stay_where_they_are() -> None:
    dropped = with_jaw(FACE_POINTS[JAW] + (0, 0.1) * (np.abs(np.arange(17) - CHIN) < 4)[:, None])
    lips = (FACE_POINTS[48:60] + REACH) / (1 + 2 * REACH)

    def moved(options: SwapOptions) -> float:
        field = warp_to(dropped, options).field
        column, row = (lips * len(field)).astype(int).T
        return float(np.abs(field[row, column]).max())

    assert moved(SwapOptions(keep=(Region.MOUTH,))) < moved(SwapOptions()) / 2


def browed(points: np.ndarray) -> np.ndarray:
    """A grey plate with dark brows at points of the crop."""
    import cv2

    picture = np.full((*PLATE, 3), 150, np.uint8)
    there = (points * SIDE - 0.5 + (90, 60)).round().astype(np.int32)
    for brow in (there[17:22], there[22:27]):
        cv2.polylines(picture, [brow], False, (30, 30, 30), 3)
    return picture


def test_the_actors_brows_lie_under_the_painted_ones_and_do_not_show_beside_them() -> None:
    other = FACE_POINTS.copy()
    other[BROWS] = (other[BROWS] - (0.5, 0.3)) * (0.85, 1) + (0.5, 0.33)
    plate, wanted = browed(FACE_POINTS), browed(other)
    moved = in_plate(warp_to(other[:27]), plate, AT).picture(plate)
    apart, met = (np.abs(one.astype(float) - wanted).mean() for one in (plate, moved))
    assert met < 0.35 * apart
    kept = in_plate(warp_to(other[:27], SwapOptions(keep=(Region.BROWS,))), plate, AT).picture(plate)
    assert (kept == plate).all()


def test_the_outline_that_the_plate_has_now_is_told() -> None:
    """Nothing may be laid in beyond it."""
    warp = warp_to(wider(0.15))
    assert warp.landmarks[:27] == pytest.approx(FACE_POINTS[:27] + outline_moves(FACE_POINTS, wider(0.15)))
    assert np.linalg.norm(warp.landmarks[JAW] - FACE_POINTS[JAW], axis=1).max() > 0.03
    assert warp.landmarks[27:] == pytest.approx(FACE_POINTS[27:])


def match_of(reshape: float) -> PlateMatch:
    return PlateMatch(MediaRef("0" * 64, ".npz"), 1.0, 0.0, reshape)


def standing(x: float, n: int = 5) -> np.ndarray:
    """(n,68,2): a face of a crop's side of 100 px, x px from the left."""
    return np.broadcast_to(FACE_POINTS * 100 + (x, 0), (n, 68, 2)).copy()


def test_a_jaw_that_stays_the_actors_is_left_alone() -> None:
    own = standing(0)
    assert reshape_beside(SwapOptions(), 1, own, []) == 1
    assert reshape_beside(SwapOptions(keep=(Region.JAW,)), 1, own, []) == 0


def test_nobody_is_reshaped_beside_somebody_who_is_not_changed() -> None:
    """However far away."""
    assert reshape_beside(SwapOptions(), 2, standing(0), []) == 0
    assert reshape_beside(SwapOptions(), 3, standing(0), [standing(5000)]) == 0


def test_two_who_are_both_changed_are_reshaped_if_their_heads_never_touch() -> None:
    assert reshape_beside(SwapOptions(reshape=0.5), 2, standing(0), [standing(130)]) == 0.5
    assert reshape_beside(SwapOptions(), 2, standing(0), [standing(80)]) == 0
    met = standing(400)
    met[3] -= (320, 0)
    assert reshape_beside(SwapOptions(), 2, standing(0), [met]) == 0
    assert reshape_beside(SwapOptions(), 2, met, [standing(0)]) == 0


def test_who_is_lost_for_a_moment_is_taken_to_be_where_they_were_last_seen() -> None:
    own, other = standing(0, 9), standing(300, 9)
    other[2] = standing(80)[0]
    other[3:7] = np.nan
    own[:3] = np.nan
    assert reshape_beside(SwapOptions(), 2, own, [other]) == 0
    other[2] = standing(300)[0]
    assert reshape_beside(SwapOptions(), 2, own, [other]) == 1


def test_nothing_moves_in_the_head_of_somebody_beside_it() -> None:
    """And the picture does not fold before it."""
    there = FACE_POINTS + np.array([0.9, 0.1])
    other = head_box(there, np.array([[1.0, 0, 0], [0, 1.0, 0]]), 1) - 0.5
    assert other[0] < there[:, 0].min() - 0.1 and other[1] < there[:, 1].min() - 0.1
    moves = outline_moves(FACE_POINTS, wider(0.6))
    free, held = head_warp(FACE_POINTS, moves), head_warp(FACE_POINTS, moves, others=[other])
    side = len(held.field)
    left, top, _, bottom = ((other + REACH) / (1 + 2 * REACH) * side).astype(int)
    columns, rows = slice(left + 4, None), slice(top + 4, bottom - 4)
    assert np.abs(free.field[rows, columns]).max() > 0.01 > 10 * np.abs(held.field[rows, columns]).max()
    cell = (1 + 2 * REACH) / side
    assert all(np.diff(held.field[..., axis], axis=1 - axis).min() > -cell for axis in (0, 1))
    away, near = held.landmarks[2, 0] - FACE_POINTS[2, 0], held.landmarks[14, 0] - FACE_POINTS[14, 0]
    assert away < -0.01 and 0 <= near < -away


def test_another_head_is_remembered_where_it_was_in_the_whole_picture() -> None:
    """Each frame is looked at in a part of its own."""
    heads, matrix = OtherHeads(), np.array([[1.0, 0, -10], [0, 1.0, -20]])
    assert heads.boxes(matrix, 100) == []
    heads.see({1: standing(50)[0]}, (30, 40))
    seen = heads.boxes(matrix, 100)[0]
    heads.see({}, (10, 44))
    later = heads.boxes(matrix, 100)[0]
    assert later - seen == pytest.approx([0.2, -0.04, 0.2, -0.04])
    heads.see({1: standing(50)[0]}, (10, 44))
    assert heads.boxes(matrix, 100)[0] == pytest.approx(seen)


def test_a_head_moves_as_its_match_says() -> None:
    place, seen = (np.array([[1.0, 0, 0], [0, 1.0, 0]]), SIDE), FACE_POINTS * SIDE - 0.5
    assert head_moves(match_of(0.0), seen, wider(0.1), *place) is None
    found = head_moves(match_of(1.0), seen, wider(0.1), *place)
    assert found is not None and np.linalg.norm(found, axis=1).max() > 0.02


def test_outlines_do_not_tremble_and_are_not_late() -> None:
    times = np.arange(-30, 31)
    chin = 0.05 * np.sin(2 * np.pi * times / 16)
    noise = 0.005 * np.random.default_rng(0).standard_normal(len(times))

    def steady(values: np.ndarray) -> np.ndarray:
        rows = {k: np.full((27, 2), value) for k, value in enumerate(values)}
        return np.array([steady_moves({d: rows[k + d] for d in range(-4, 5)})[0, 0] for k in range(4, len(values) - 4)])

    shown = chin[4:-4]
    assert np.abs(steady(chin) - shown).max() < 0.15 * 0.05
    assert np.corrcoef(steady(chin), shown)[0, 1] > 0.999
    trembling = steady(chin + noise) - steady(chin)
    assert np.abs(np.diff(trembling, 2)).mean() < 0.35 * np.abs(np.diff(noise, 2)).mean()


def test_beyond_a_cut_or_a_missing_face_nothing_counts() -> None:
    here, elsewhere = np.full((27, 2), 0.01), np.full((27, 2), 0.2)
    alone = steady_head({-2: elsewhere, -1: None, 0: here, 1: here, 2: None, 3: elsewhere})
    assert alone == pytest.approx(here)
    assert steady_head({0: here}) == pytest.approx(here)
