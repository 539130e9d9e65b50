"""Mouths from phones: lips close where they must, rest when nobody speaks, whatever the frame rate."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from av_models.domain.speech import BREATH, SILENCE, Phone
from av_models.lips.drive import MouthModel, drive, table_model
from av_models.lips.effort import loudness
from av_models.lips.mouth import GAP, WIDTH
from av_models.lips.mouth_score import opening_share, score_mouth
from tests.lips.mouths_made import FACE, RATES, babble, line, middles, person

TABLE = table_model(FACE)


def opening(phones: list[Phone], times: np.ndarray, model: MouthModel = TABLE) -> np.ndarray:
    return opening_share(drive(phones, times, model), FACE)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("each_s", [0.012, 0.03, 0.09])
def test_lips_are_shut_on_every_p_b_m_and_open_on_open_vowels(rate: Fraction, each_s: float) -> None:
    """Also where a phone is shorter than a frame: then the nearest frame is shut."""
    labels = ["AA1", "P", "AE1", "B", "EH1", "M", "AO1"]
    phones: list[Phone] = []
    for label in labels * 5:
        long = each_s if label in "PBM" else 0.11
        start = phones[-1].end if phones else Fraction(0)
        phones.append(Phone(label, start, start + Fraction(long).limit_denominator(10000)))
    n = int(phones[-1].end * rate)
    score = score_mouth(opening(phones, (np.arange(n) + 0.5) / float(rate)), phones, rate)
    assert score.closures == score.shut == 15
    assert score.open_vowels >= 10
    assert score.false_closures == 0


def test_the_lower_lip_comes_to_the_teeth_on_f_and_v_and_does_not_shut() -> None:
    times = middles(0.9, 50)
    shares = opening(line("AA1", "F", "AA1", "V", "AA1", each_s=0.18), times)
    for start in (0.18, 0.54):
        inside = shares[(times > start + 0.05) & (times < start + 0.13)]
        assert inside.min() > 0.05
        assert inside.max() < 0.35


def test_a_person_who_was_taught_that_f_is_shut_still_shows_teeth() -> None:
    shut = np.tile(np.array(FACE.closed), (len(TABLE.targets), 1))
    codes = drive(line("F", each_s=0.4), middles(0.4), MouthModel(FACE, shut))
    assert opening_share(codes, FACE)[3:7].min() >= 0.09


@pytest.mark.parametrize("label", ["W", "UW1", "R", "SH", "OW1"])
def test_rounded_sounds_are_narrower_than_spread_ones(label: str) -> None:
    codes = drive(line(label, "IY1", each_s=0.4), middles(0.8), TABLE)
    assert codes[4:9, WIDTH].min() < codes[15, WIDTH] - 0.8


def test_rounding_begins_before_a_rounded_vowel() -> None:
    times = middles(0.8, 100)
    early = drive(line("T", "T", "T", "UW1", each_s=0.2), times, TABLE)[:, WIDTH]
    late = drive(line("T", "T", "T", "IY1", each_s=0.2), times, TABLE)[:, WIDTH]
    assert early[55] < late[55] - 0.3


def test_the_mouth_is_exactly_still_in_pauses() -> None:
    phones = [*line("AA1", "M", "AA1"), *line(SILENCE, each_s=1.5, start_s=0.27), *line("OW1", "T", start_s=1.77)]
    codes = drive(phones, middles(2.2, 60), person())
    inside = codes[int(0.55 * 60) : int(1.5 * 60)]
    assert np.ptp(inside, axis=0).max() < 1e-6


def test_a_line_begins_and_ends_at_rest_so_that_any_other_can_follow() -> None:
    model = person()
    codes = drive(line("AA1", "EH1", "AA1", start_s=0.3), middles(0.3 + 0.27 + 0.12), model)
    assert codes[0] == pytest.approx(model.rest, abs=0.02)
    assert codes[-1] == pytest.approx(model.rest, abs=0.4)


@pytest.mark.parametrize("first", [BREATH, "AA1", "S"])
def test_lips_part_a_tenth_of_a_second_before_a_breath_or_a_first_sound(first: str) -> None:
    times = middles(1.6, 200)
    shares = opening([*line(SILENCE, each_s=1.0), *line(first, "AA1", each_s=0.3, start_s=1.0)], times)
    parted = times[np.flatnonzero(shares > shares[0] + 0.15 * (shares[210] - shares[0]))[0]]
    assert 0.8 < parted < 0.93


def test_lips_stay_shut_before_a_first_m() -> None:
    times = middles(1.6, 100)
    shares = opening([*line(SILENCE, each_s=1.0), *line("M", "AA1", each_s=0.1, start_s=1.0)], times)
    assert shares[:105].max() < 0.2


def test_no_number_moves_faster_than_the_person_does() -> None:
    slow = MouthModel(person().mouth, person().targets)
    phones, rate = babble(80, seed=4, each_s=0.05), 60
    codes = drive(phones, middles(4.0, rate), slow)
    assert (abs(np.diff(codes, axis=0)) * rate <= np.array(slow.mouth.speed) + 1e-3).all()


def test_the_same_mouth_at_every_frame_rate() -> None:
    phones = babble(40, seed=9)
    slow, fast = drive(phones, middles(3.6, 25), TABLE), drive(phones, middles(3.6, 75), TABLE)
    assert np.corrcoef(slow[:, GAP], fast[1::3, GAP])[0, 1] > 0.97


def test_loud_vowels_open_more_and_quiet_ones_less() -> None:
    labels = ["T", "EH1"] * 5
    phones, rate_hz = line(*labels, each_s=0.15), 16000
    level = np.repeat([0.05, 0.05, 0.05, 0.3, 0.05, 0.05, 0.05, 0.008, 0.05, 0.05], int(0.15 * rate_hz))
    sound = level * np.sin(2 * np.pi * 150 * np.arange(len(level)) / rate_hz)
    times = middles(1.5, 50)
    shares = opening_share(drive(phones, times, TABLE, loudness(sound, rate_hz)), FACE)
    loud, quiet, usual = (shares[(times > a) & (times < a + 0.15)].max() for a in (0.45, 1.05, 0.75))
    assert loud > 1.05 * usual
    assert quiet < 0.95 * usual


def test_stress_opens_a_little_where_no_sound_is_heard() -> None:
    stressed, weak = (opening(line("T", f"AA{digit}", "T", each_s=0.15), middles(0.45)).max() for digit in (1, 0))
    assert stressed > weak


def test_no_frames_and_no_phones_are_no_trouble() -> None:
    assert drive(line("AA1"), np.empty(0), TABLE).shape == (0, 8)
    silent = drive([], middles(1.0), TABLE)
    assert np.ptp(silent, axis=0).max() < 1e-6
    assert len(drive(line("AA1"), np.array([0.02]), TABLE)) == 1


def test_unknown_labels_are_silence() -> None:
    assert drive(line("XX", each_s=1.0), middles(1.0), TABLE) == pytest.approx(drive([], middles(1.0), TABLE))


def test_the_score_sees_an_open_m_a_shut_vowel_a_late_mouth_and_a_twitch() -> None:
    rate = Fraction(50)
    phones = [*line("AA1", "M", "AA1", "M", "AA1", "T", each_s=0.2), *line(SILENCE, each_s=1.0, start_s=1.2)]
    times = middles(2.2, rate)
    true = opening(phones, times)
    good = score_mouth(true, phones, rate, true)
    assert (good.shut, good.false_closures, good.late_ms, good.correlation) == (2, 0, 0.0, pytest.approx(1.0))
    spoilt = true.copy()
    spoilt[9:21], spoilt[24], spoilt[80] = 0.6, 0.0, 0.5
    bad = score_mouth(spoilt, phones, rate, true)
    assert (bad.closures, bad.shut, bad.open_vowels, bad.false_closures) == (2, 1, 3, 1)
    assert bad.pause_movement is not None and bad.pause_movement > 0.3
    late = score_mouth(np.roll(true, 2), phones, rate, true)
    assert late.late_ms == pytest.approx(40, abs=5)
