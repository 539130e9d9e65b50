"""Offset, drift, closures and stillness on signals whose truth is known to the millisecond."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from av_models.domain.sync import OffsetAt
from av_models.lips.closures import (
    CLOSED_GAP,
    chance_of_closure,
    count_open_vowels,
    find_closures,
    find_false_closures,
)
from av_models.lips.drift import line_through, measure_course
from av_models.lips.expected import SpokenPhone, Target, target_of_phones, target_of_series
from av_models.lips.speaker import LipRun, speaking_face
from av_models.lips.stillness import measure_stillness
from av_models.lips.sync import lip_gaps, measure_offset

Floats = NDArray[np.float64]

PAL = Fraction(25)
NTSC_FILM = Fraction(24000, 1001)


def opening(times_s: Floats, seed: int = 3) -> Floats:
    """A lip gap as speech makes it: sums of slow waves up to 6 Hz, at any times."""
    chance = np.random.default_rng(seed)
    waves = [(rate_hz, chance.uniform(0, 6.3), chance.uniform(0.3, 1)) for rate_hz in np.linspace(0.4, 6, 24)]
    total = sum(size * np.sin(2 * np.pi * rate_hz * times_s + phase) for rate_hz, phase, size in waves)
    return np.asarray(0.15 + 0.03 * total)


def frames(n: int, rate: Fraction) -> Floats:
    return (np.arange(n) + 0.5) / float(rate)


def talk(seconds: float, seed: int = 4) -> tuple[SpokenPhone, ...]:
    """Any phones in any order, with a pause now and then."""
    chance = np.random.default_rng(seed)
    labels = (
        "P",
        "B",
        "M",
        "F",
        "W",
        "T",
        "D",
        "N",
        "S",
        "K",
        "L",
        "R",
        "AA",
        "AE",
        "IY",
        "IH",
        "UW",
        "OW",
        "EH",
        "AH",
    )
    phones, at_s = [], 0.3
    while at_s < seconds - 0.5:
        end_s = at_s + chance.uniform(0.05, 0.16)
        phones.append(SpokenPhone(str(chance.choice(labels)), "word", at_s, end_s))
        at_s = end_s + (0.4 if chance.random() < 0.06 else 0.0)
    return tuple(phones)


def mouth(times_s: Floats, target: Target, seed: int = 7) -> Floats:
    """A mouth with habits of its own, seen with noise."""
    chance = np.random.default_rng(seed)
    habits = np.concatenate([[0.2], chance.normal(0, 0.03, len(target.rows) - 1)])
    return np.asarray(habits @ target.at(times_s) + chance.normal(0.05, 0.01, len(times_s)))


@pytest.mark.parametrize("rate", [PAL, NTSC_FILM, Fraction(50)])
@pytest.mark.parametrize("late_ms", [-133.0, -40.0, 0.0, 7.0, 40.0, 200.0])
def test_offset_against_a_known_mouth_is_found_within_two_milliseconds(rate: Fraction, late_ms: float) -> None:
    times = frames(300, rate)
    noise = np.random.default_rng(1).normal(0, 0.005, 300)
    found = measure_offset(opening(times - late_ms / 1000) + noise, times, target_of_series(opening(times), times))
    assert found is not None
    assert found.late_ms == pytest.approx(late_ms, abs=2)
    assert found.error_ms < 5
    assert found.correlation > 0.95


@pytest.mark.parametrize("late_ms", [-120.0, -40.0, 13.0, 40.0, 120.0, 700.0])
def test_offset_against_phones_is_within_its_own_error(late_ms: float) -> None:
    times, target = frames(350, PAL), target_of_phones(talk(14), 15)
    found = measure_offset(mouth(times - late_ms / 1000, target), times, target, reach_ms=1000)
    assert found is not None
    assert abs(found.late_ms - late_ms) < max(2 * found.error_ms, 2)
    assert found.error_ms < 8


def test_a_varying_frame_rate_moves_nothing() -> None:
    gaps = np.random.default_rng(5).choice([1 / 60, 1 / 30, 1 / 15], 400)
    times, target = np.cumsum(gaps), target_of_phones(talk(15), 16)
    found = measure_offset(mouth(times - 0.03, target), times, target)
    assert found is not None and found.late_ms == pytest.approx(30, abs=5)


def test_offset_bears_frames_without_a_face() -> None:
    times = frames(300, PAL)
    gap = opening(times - 0.04)
    gap[50:80] = np.nan
    found = measure_offset(gap, times, target_of_series(opening(times), times))
    assert found is not None and found.late_ms == pytest.approx(40, abs=2)


@pytest.mark.parametrize(
    "gap",
    [np.full(300, 0.1), np.full(300, np.nan), opening(frames(300, PAL), seed=99)],
    ids=["still", "unseen", "other"],
)
def test_no_offset_is_claimed_where_lips_do_not_follow(gap: Floats) -> None:
    times = frames(300, PAL)
    assert measure_offset(gap, times, target_of_series(opening(times), times)) is None
    assert measure_offset(gap, times, target_of_phones(talk(12), 13)) is None


@pytest.mark.parametrize("drift_ms_per_min", [0.5, -60.0])
def test_drift_is_resolved_to_less_than_five_milliseconds_in_ten_minutes(drift_ms_per_min: float) -> None:
    times, target = frames(600 * 25, PAL), target_of_phones(talk(600), 602)
    late_s = 0.02 + drift_ms_per_min / 1000 * (times - 300) / 60
    course = measure_course(mouth(times - late_s, target), times, target)
    assert course is not None and course.drift is not None
    assert abs(course.drift.ms_per_min - drift_ms_per_min) <= 2 * course.drift.error_ms_per_min
    assert 2 * course.drift.total_error_ms < 5
    assert course.found.late_ms == pytest.approx(20, abs=2)


def test_a_short_clip_makes_no_claim_about_drift() -> None:
    times, target = frames(300, PAL), target_of_phones(talk(12), 13)
    course = measure_course(mouth(times, target), times, target)
    assert course is not None and course.drift is None


def test_one_wild_stretch_does_not_turn_the_line() -> None:
    points = [OffsetAt(10.0 * n, 5.0 + 0.1 * n + (-1) ** n * 0.5) for n in range(20)]
    points[3] = OffsetAt(30.0, 180.0)
    line = line_through(points)
    assert line is not None and line.ms_per_min == pytest.approx(0.6, abs=0.3)
    assert line.error_ms_per_min < 0.5


def test_a_gap_and_times_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(3,\).*\(4,\)"):
        measure_offset(np.zeros(3), np.zeros(4), target_of_phones((), 1))


def test_phones_ask_for_open_vowels_and_closed_bilabials() -> None:
    spoken = (phone("M", 0.4, 0.5), phone("AA", 0.5, 0.8), phone("B", 0.8, 0.9))
    wanted = target_of_phones(spoken, 1.2).opening(frames(30, PAL))
    assert wanted.shape == (30,)
    assert int(np.argmax(wanted)) in (15, 16, 17)
    assert wanted[11] < 0.3 and wanted[21] < 0.3


def test_the_face_that_speaks_is_chosen_and_found_again_after_a_cut() -> None:
    times, target = frames(900, PAL), target_of_phones(talk(36), 37)
    speaker = mouth(times, target)
    listener = opening(times, seed=8)
    runs = [
        LipRun(np.arange(900), listener),
        LipRun(np.arange(0, 400), speaker[:400]),
        LipRun(np.arange(430, 900), speaker[430:]),
    ]
    assert sorted(speaking_face(runs, times, target)) == [1, 2]


def test_a_mouth_at_rest_is_still_and_a_twitch_is_found() -> None:
    times = frames(250, PAL)
    spoken = [phone("AA", 0.2 * n, 0.2 * n + 0.2) for n in range(20)]
    gap = np.where(times < 4, opening(times), 0.03)
    calm = measure_stillness(gap, times, spoken)
    assert calm is not None and calm.movement < 0.02 and not calm.twitches
    assert calm.silent_s == pytest.approx(5.8, abs=0.4)
    gap[200] = 0.2
    found = measure_stillness(gap, times, spoken)
    assert found is not None and [one.frame for one in found.twitches] == [200]
    assert measure_stillness(gap, times, [phone("AA", 0, 10)]) is None


def test_lip_gap_is_free_of_scale_and_position() -> None:
    points = np.zeros((2, 68, 2))
    points[:, 48], points[:, 54] = (0, 0), (100, 0)
    points[:, 61:64, 1], points[:, 65:68, 1] = -5, 5
    points[1] = points[1] * 3 + 40
    assert lip_gaps(points) == pytest.approx([0.1, 0.1])


SPOKEN = "M 0.40 0.48 my, AY 0.48 0.72 my, P 1.20 1.30 apple, AE 1.00 1.20 apple, B 2.00 2.08 bee"


def phone(label: str, start_s: float, end_s: float, word: str = "") -> SpokenPhone:
    return SpokenPhone(label, word, start_s, end_s)


def spoken() -> list[SpokenPhone]:
    rows = (row.split() for row in SPOKEN.split(", "))
    return [phone(label, float(start), float(end), word) for label, start, end, word in rows]


def test_closures_are_hit_within_one_frame_and_misses_name_word_and_frame() -> None:
    gap = np.full(75, 0.2)
    gap[9] = 0.01  # the frame before the m
    gap[32] = 0.03  # during the p
    gap[46] = 0.01  # four frames before the b: too early
    closures = find_closures(gap, frames(75, PAL), spoken())
    assert [(one.phone, one.word, one.hit) for one in closures] == [
        ("M", "my", True),
        ("P", "apple", True),
        ("B", "bee", False),
    ]
    assert closures[0].frame == 9
    assert closures[2].gap == pytest.approx(0.2)


def test_unseen_closure_is_a_miss() -> None:
    gap = np.full(75, np.nan)
    assert [(one.hit, one.gap) for one in find_closures(gap, frames(75, PAL), spoken())] == [(False, None)] * 3
    assert count_open_vowels(gap, frames(75, PAL), spoken()) == 0


def test_false_closures_leave_the_neighbouring_bilabial_its_frame() -> None:
    gap = np.full(75, 0.2)
    gap[12] = 0.0  # first frame of the vowel, one after the m: still the m's
    gap[27] = CLOSED_GAP / 2  # in the middle of the vowel of "apple"
    wrong = find_false_closures(gap, frames(75, PAL), spoken())
    assert [(one.phone, one.word, one.frame) for one in wrong] == [("AE", "apple", 27)]
    assert count_open_vowels(gap, frames(75, PAL), spoken()) == 2


def test_a_mouth_that_is_always_shut_hits_everything_by_chance() -> None:
    shut = np.zeros(200)
    assert chance_of_closure(shut, frames(200, PAL), spoken()) == 1.0
    assert chance_of_closure(np.full(200, 0.3), frames(200, PAL), spoken()) == 0.0
