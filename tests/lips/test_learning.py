"""A person's own speech teaches how this mouth differs from the table, as far as it can be trusted."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from av_models.domain.speech import Phone
from av_models.lips.drive import drive, table_model
from av_models.lips.effort import loudness
from av_models.lips.learning import learn_mouth
from av_models.lips.mouth import GAP
from av_models.lips.visemes import mouth_range
from tests.lips.mouths_made import babble, middles, person, speaks


def errors(seconds: float) -> tuple[float, float, float]:
    """Of the table, and of what was learnt from so much speech, on other speech; and the learnt gain."""
    someone, taught = person(), babble(int(seconds / 0.09), seed=0)
    times = middles(seconds)
    codes = speaks(someone, taught, times)
    model = learn_mouth(taught, times, codes)
    others, later = babble(160, seed=7), middles(14.0)
    wanted = drive(others, later, someone)
    table = drive(others, later, table_model(mouth_range(codes, times)))
    learnt = drive(others, later, model)
    return (
        float(np.square(table - wanted).mean()),
        float(np.square(learnt - wanted).mean()),
        float(learnt[:, GAP].std() / wanted[:, GAP].std()),
    )


def test_fifteen_seconds_teach_most_of_a_persons_ways() -> None:
    table, learnt, gain = errors(15.0)
    assert learnt < 0.35 * table
    assert 0.85 < gain < 1.15


def test_five_seconds_do_no_harm() -> None:
    table, learnt, _ = errors(5.0)
    assert learnt < table


def test_learning_twice_gives_the_same() -> None:
    phones, times = babble(100, seed=2), middles(9.0)
    codes = speaks(person(), phones, times)
    assert np.array_equal(learn_mouth(phones, times, codes).targets, learn_mouth(phones, times, codes).targets)


def test_speech_that_is_not_this_mouths_teaches_nothing() -> None:
    times = middles(13.0)
    codes = speaks(person(), babble(145, seed=2), times)
    model = learn_mouth(babble(145, seed=5), times, codes)
    assert model.correlation is None
    assert np.array_equal(model.targets, table_model(model.mouth).targets)


def test_without_speech_the_table_answers_on_the_persons_range() -> None:
    codes = speaks(person(), babble(60, seed=2), middles(5.0))
    model = learn_mouth((), middles(5.0), codes)
    assert model.correlation is None
    assert model.mouth.closed[GAP] == pytest.approx(mouth_range(codes).closed[GAP])


def test_a_clip_whose_sound_comes_late_is_learnt_from_and_its_delay_is_not_passed_on() -> None:
    phones, times = babble(160, seed=2), middles(14.0)
    codes = speaks(person(), phones, times, noise=0.05)
    late = [replace(phone, start=phone.start + Fraction(3, 50), end=phone.end + Fraction(3, 50)) for phone in phones]
    model = learn_mouth(late, times, codes)
    told = drive(phones, times, model)[:, GAP]
    in_place, moved = np.corrcoef(told, codes[:, GAP])[0, 1], np.corrcoef(told[:-2], codes[2:, GAP])[0, 1]
    assert in_place > 0.9
    assert in_place > moved


def test_frames_without_a_face_and_holes_in_the_alignment_are_left_out() -> None:
    phones, times = babble(150, seed=2), middles(13.5)
    codes = speaks(person(), phones, times)
    codes[40:60] = np.nan
    codes[150:200] = 3.0
    known = [phone for phone in phones if not 5.9 < phone.end < 8.1]
    whole, holed = (learn_mouth(some, times, codes) for some in (phones, known))
    clean = learn_mouth(phones, times, speaks(person(), phones, times)).targets
    assert np.abs(holed.targets - clean).mean() < 0.5 * np.abs(whole.targets - clean).mean()


def test_doubtful_phones_count_less() -> None:
    phones, times = babble(150, seed=2), middles(13.5)
    codes = speaks(person(), phones, times)
    wrong = [replace(p, label="AA1", confidence=0.05) if k % 4 == 0 else p for k, p in enumerate(phones)]
    sure = [replace(p, confidence=None) for p in wrong]
    told = [
        np.corrcoef(drive(phones, times, learn_mouth(some, times, codes))[:, GAP], codes[:, GAP])[0, 1]
        for some in (wrong, sure)
    ]
    assert told[0] > told[1]


def test_how_far_loud_vowels_open_is_the_persons_own() -> None:
    phones = [Phone(p.label, p.start, p.end) for p in babble(160, seed=2)]
    times, rate_hz = middles(14.0), 16000
    level = np.repeat(np.random.default_rng(0).choice([0.02, 0.06, 0.2], 160), int(0.09 * rate_hz))
    heard = loudness(level * np.sin(np.arange(len(level)) * 0.06), rate_hz)
    quiet, lively = (replace(person(), effort=effort) for effort in (0.0, 0.35))
    found = [learn_mouth(phones, times, drive(phones, times, who, heard), heard).effort for who in (quiet, lively)]
    assert found[0] < 0.1
    assert found[1] > 0.2
