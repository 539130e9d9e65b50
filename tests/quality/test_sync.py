"""Offset, drift and closures on signals whose truth is known to the millisecond."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from av_models.lips.closures import (
    CLOSED_GAP,
    chance_of_closure,
    count_open_vowels,
    find_closures,
    find_false_closures,
)
from av_models.lips.sync import SpokenPhone, lip_gaps, measure_drift, measure_offset, opening_of

PAL = Fraction(25)
NTSC_FILM = Fraction(24000, 1001)


def opening(times_s: NDArray[np.float64], seed: int = 3) -> NDArray[np.float64]:
    """A lip gap as speech makes it: sums of slow waves up to 6 Hz, at any times."""
    chance = np.random.default_rng(seed)
    waves = [(rate_hz, chance.uniform(0, 6.3), chance.uniform(0.3, 1)) for rate_hz in np.linspace(0.4, 6, 24)]
    total = sum(size * np.sin(2 * np.pi * rate_hz * times_s + phase) for rate_hz, phase, size in waves)
    return np.asarray(0.15 + 0.03 * total)


def frames(n: int, rate: Fraction) -> NDArray[np.float64]:
    return (np.arange(n) + 0.5) / float(rate)


@pytest.mark.parametrize("rate", [PAL, NTSC_FILM, Fraction(50)])
@pytest.mark.parametrize("late_ms", [-133.0, -40.0, 0.0, 7.0, 40.0, 200.0])
def test_offset_is_found_within_two_milliseconds(rate: Fraction, late_ms: float) -> None:
    times = frames(300, rate)
    noise = np.random.default_rng(1).normal(0, 0.005, 300)
    found = measure_offset(opening(times - late_ms / 1000) + noise, opening(times), rate)
    assert found is not None
    assert found.late_ms == pytest.approx(late_ms, abs=2)
    assert found.error_ms < 5
    assert found.correlation > 0.95


def test_offset_bears_frames_without_a_face() -> None:
    times = frames(300, PAL)
    gap = opening(times - 0.04)
    gap[50:80] = np.nan
    found = measure_offset(gap, opening(times), PAL)
    assert found is not None and found.late_ms == pytest.approx(40, abs=2)


@pytest.mark.parametrize(
    "gap",
    [np.full(300, 0.1), np.full(300, np.nan), opening(frames(300, PAL), seed=99)],
    ids=["still", "unseen", "other"],
)
def test_no_offset_is_claimed_where_lips_do_not_follow(gap: NDArray[np.float64]) -> None:
    assert measure_offset(gap, opening(frames(300, PAL)), PAL) is None


def test_drift_is_found_on_a_long_programme() -> None:
    times = frames(60 * 25, PAL)
    stretched = opening(times * (1 - 0.060 / 60))  # a second falls 1 ms behind: 60 ms a minute
    drift = measure_drift(stretched, opening(times), PAL)
    assert drift == pytest.approx(60, abs=4)
    assert measure_drift(stretched[:500], opening(times)[:500], PAL) is None


def test_series_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(3,\).*\(4,\)"):
        measure_offset(np.zeros(3), np.zeros(4), PAL)


def test_phones_ask_for_open_vowels_and_closed_bilabials() -> None:
    spoken = (phone("M", 0.4, 0.5), phone("AA", 0.5, 0.8), phone("B", 0.8, 0.9))
    wanted = opening_of(spoken, 30, PAL)
    assert wanted.shape == (30,)
    assert int(np.argmax(wanted)) in (15, 16, 17)
    assert wanted[11] < 0.3 and wanted[21] < 0.3


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
    closures = find_closures(gap, spoken(), PAL)
    assert [(one.phone, one.word, one.hit) for one in closures] == [
        ("M", "my", True),
        ("P", "apple", True),
        ("B", "bee", False),
    ]
    assert closures[0].frame == 9
    assert closures[2].gap == pytest.approx(0.2)


def test_unseen_closure_is_a_miss() -> None:
    gap = np.full(75, np.nan)
    assert [(one.hit, one.gap) for one in find_closures(gap, spoken(), PAL)] == [(False, None)] * 3
    assert count_open_vowels(gap, spoken(), PAL) == 0


def test_false_closures_leave_the_neighbouring_bilabial_its_frame() -> None:
    gap = np.full(75, 0.2)
    gap[12] = 0.0  # first frame of the vowel, one after the m: still the m's
    gap[27] = CLOSED_GAP / 2  # in the middle of the vowel of "apple"
    wrong = find_false_closures(gap, spoken(), PAL)
    assert [(one.phone, one.word, one.frame) for one in wrong] == [("AE", "apple", 27)]
    assert count_open_vowels(gap, spoken(), PAL) == 2


def test_a_mouth_that_is_always_shut_hits_everything_by_chance() -> None:
    shut = np.zeros(200)
    assert chance_of_closure(shut, spoken(), PAL) == 1.0
    assert chance_of_closure(np.full(200, 0.3), spoken(), PAL) == 0.0
