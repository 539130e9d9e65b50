"""The path of the picture through the footage: no jump, no missing frame, nobody else's business."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from av_models.lips.between import between
from av_models.lips.conform import (
    anchors_of,
    best_stretch,
    folded,
    footage_times,
    line_path,
    rest_frame,
    straightened,
    travel,
    whole_at_cuts,
)

NTSC = Fraction(24000, 1001)


@pytest.mark.parametrize("rate", [NTSC, Fraction(25), Fraction(60)])
@pytest.mark.parametrize("n_footage", [30, 120, 900])
@pytest.mark.parametrize("n", [5, 40, 200, 700])
@pytest.mark.parametrize("n_lines", [1, 2, 5])
def test_no_picture_jumps_and_every_frame_exists(rate: Fraction, n_footage: int, n: int, n_lines: int) -> None:
    paths = [line_path(i, n_lines, n, n_footage / 2, n_footage, rate)[0] for i in range(n_lines)]
    whole = np.concatenate(paths)
    assert whole.min() >= 0 and whole.max() <= n_footage - 1
    assert np.abs(np.diff(whole)).max() <= 2.1


def test_speech_as_long_as_the_footage_plays_it_straight() -> None:
    path, how = line_path(0, 1, 100, 50, 120, Fraction(25))
    assert how == "cut" and path == pytest.approx(np.arange(100))


def test_a_little_longer_is_slowed_down_and_much_longer_turns() -> None:
    assert line_path(0, 1, 125, 60, 120, Fraction(25))[1] == "retimed"
    path, how = line_path(0, 1, 300, 60, 120, Fraction(25))
    assert how == "looped"
    turn = int(np.argmax(path[:200]))
    assert np.abs(np.diff(path[turn - 2 : turn + 3])).max() < 0.7


def test_a_changed_line_leaves_the_pictures_of_the_others_alone() -> None:
    def paths(lengths: list[int]) -> list[np.ndarray]:
        return [line_path(i, 4, n, 61.0, 150, Fraction(25))[0] for i, n in enumerate(lengths)]

    before, after = paths([50, 60, 70, 80]), paths([50, 91, 70, 80])
    for i in (0, 2, 3):
        assert np.array_equal(before[i], after[i])


def test_anchors_say_the_same_as_the_path() -> None:
    times = [Fraction(k) / NTSC for k in range(150)]
    path, _ = line_path(1, 4, 97, 61.0, 150, NTSC)
    anchors = anchors_of(path, times)
    got = footage_times(anchors, 97)
    want = np.interp(path, np.arange(150), [float(t) for t in times])
    assert len(got) == 97 and len(anchors) < 60
    assert np.abs(np.array([float(t) for t in got]) - want).max() < 0.004


def test_straight_footage_shows_its_own_frames_exactly() -> None:
    times = [Fraction(k) / NTSC for k in range(80)]
    path, _ = line_path(0, 1, 60, 30, 80, NTSC)
    assert footage_times(anchors_of(path, times), 60) == tuple(times[:60])


def test_a_turn_avoids_a_blink_if_it_can() -> None:
    """A line that turns right in the middle of a blink if it is let."""
    blink = np.zeros(150, bool)
    path, _ = line_path(1, 4, 80, 75.0, 150, Fraction(25))
    turn = int(path.max())
    blink[turn - 2 : turn + 3] = True
    around, how = line_path(1, 4, 80, 75.0, 150, Fraction(25), blink)
    turning = around[np.abs(np.gradient(around)) < 0.5]
    assert how == "looped" and not blink[np.rint(turning).astype(int)].any()
    assert around[0] == pytest.approx(path[0]) and around[-1] == pytest.approx(path[-1])
    assert np.abs(np.diff(around)).max() <= 1.25


@pytest.mark.parametrize(("start", "end"), [(10, 90), (10, 40), (90, 20), (50, 50), (0, 140)])
@pytest.mark.parametrize("n", [100, 160, 400])
def test_the_way_between_two_lines_that_are_kept(start: float, end: float, n: int) -> None:
    path = travel(n, start, end, 0, 149, Fraction(25))
    assert (path[0], path[-1]) == (pytest.approx(start, abs=0.6), pytest.approx(end, abs=0.6))
    assert path.min() >= 0 and path.max() <= 149
    assert np.abs(np.diff(path)).max() <= 1.6 and np.abs(np.diff(path, 2)).max() < 0.35


def test_there_is_no_way_in_too_few_frames() -> None:
    with pytest.raises(ValueError, match="no way"):
        travel(20, 0, 100, 0, 149, Fraction(25))


def test_the_best_stretch_is_one_shot_with_the_mouth_in_view() -> None:
    good, cut = np.ones(300, bool), np.zeros(300, bool)
    assert best_stretch(good, cut, Fraction(25)) == (0, 299)
    cut[100] = True
    assert best_stretch(good, cut, Fraction(25)) == (100, 299)
    good[180:240] = False
    good[50:53] = False
    assert best_stretch(good, cut, Fraction(25)) == (0, 99)
    assert best_stretch(np.zeros(300, bool), cut, Fraction(25)) == (0, 299)


def test_nothing_is_shown_between_two_shots() -> None:
    cut = np.zeros(100, bool)
    cut[40] = True
    path = whole_at_cuts(np.linspace(30, 50, 83), cut)
    assert not ((path > 39) & (path < 40)).any()
    assert np.array_equal(path[path < 39], np.linspace(30, 50, 83)[path < 39])


def test_straight_pieces_stay_on_the_path() -> None:
    path = np.cumsum(1 + 0.3 * np.sin(np.arange(300) / 20))
    pieces = straightened(path)
    assert np.abs(pieces - path).max() <= 0.1
    times = [Fraction(k, 25) for k in range(400)]
    assert len(anchors_of(pieces, times)) < 60


def test_a_path_past_the_end_turns_there_slowly() -> None:
    path, turned = folded(np.arange(60, 180, dtype=float), 150, Fraction(25))
    assert turned and path.max() <= 149 and np.abs(np.diff(path)).max() <= 1 + 1e-9
    turn = int(path.argmax())
    assert np.abs(np.diff(path)[turn - 2 : turn + 2]).max() < 0.5
    assert folded(np.arange(100, dtype=float), 150, Fraction(25))[1] is False


def test_rest_is_where_the_face_is_still() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(100, 200, (68, 2))
    points[36], points[45] = (100, 100), (200, 100)
    sway = np.where(abs(np.arange(100) - 60) < 6, 0.0, np.sin(np.arange(100)) * 12)
    landmarks = points[None] + np.stack([sway, sway], 1)[:, None]
    assert abs(rest_frame(landmarks, np.ones(100, bool)) - 60) <= 4


def test_a_picture_between_two_frames_is_sharper_than_their_mix() -> None:
    axis = np.arange(140.0)
    wide = 128 + 60 * np.sin(axis[None] / 3.0) * np.cos(axis[:, None] / 4.0)
    first, true, second = (np.repeat(wide[:96, x : x + 120, None], 3, 2).astype(np.uint8) for x in (0, 2, 4))
    middle = between(first, second, 0.5)[8:-8, 8:-8].astype(float)
    mixed = (first.astype(float) + second)[8:-8, 8:-8] / 2
    wanted = true[8:-8, 8:-8].astype(float)
    assert np.abs(middle - wanted).mean() < 0.3 * np.abs(mixed - wanted).mean()


def test_close_to_a_frame_that_frame_itself_is_shown() -> None:
    first, second = np.zeros((8, 8, 3), np.uint8), np.ones((8, 8, 3), np.uint8)
    assert between(first, second, 0.02) is first and between(first, second, 0.98) is second
