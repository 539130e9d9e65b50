from __future__ import annotations

from fractions import Fraction

import pytest

from av_models.alignment.score import boundary_errors, errors_ms, score_of
from av_models.domain.speech import Phone, Word


def ms(value: int) -> Fraction:
    return Fraction(value, 1000)


def test_words_count_with_both_ends() -> None:
    truth = [Word("good", ms(100), ms(300)), Word("day", ms(300), ms(600))]
    found = [Word("good", ms(110), ms(290)), Word("day", ms(330), ms(600))]
    score = boundary_errors(found, truth)
    assert (score.n, score.n_failed) == (4, 0)
    assert score.mean_ms == pytest.approx(12.5) and score.median_ms == pytest.approx(10)
    assert score.within == {10: 0.75, 20: 0.75, 25: 0.75, 50: 1.0, 100: 1.0}


def test_phones_count_with_their_start_and_without_stress_or_silence() -> None:
    truth = [Phone("sil", ms(0), ms(100)), Phone("EY1", ms(100), ms(200)), Phone("T", ms(200), ms(250))]
    found = [Phone("sil", ms(0), ms(90)), Phone("EY2", ms(90), ms(200)), Phone("T", ms(200), ms(300))]
    assert errors_ms(found, truth) == ([-10.0, 0.0], 0)


def test_what_was_not_found_lies_outside_of_every_tolerance() -> None:
    truth = [Phone("B", ms(0), ms(50)), Phone("AH0", ms(50), ms(90)), Phone("T", ms(90), ms(120))]
    score = boundary_errors([truth[0], truth[2]], truth)
    assert (score.n, score.n_failed) == (2, 1)
    assert score.within[10] == pytest.approx(2 / 3)


def test_nothing_at_all() -> None:
    score = score_of([], 0)
    assert score.n == 0 and score.within[10] == 0.0
