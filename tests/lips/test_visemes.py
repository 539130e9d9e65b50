"""Mouths from phones: lips close where they must, rest when nobody speaks, whatever the frame rate."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from av_models.domain.speech import SILENCE, Phone
from av_models.lips.mouth import GAP, WIDTH, mouth_codes, mouth_scale
from av_models.lips.visemes import MouthRange, drive, fit_correction, mouth_range

FACE = MouthRange(low=(-1.5,) * 8, high=(1.8,) * 8, closed=(-1.6, -1.5, 0.0, 0.0, 0.3, -1.2, -0.6, -0.4))


def line(*labels: str, each_s: float = 0.09) -> list[Phone]:
    step = Fraction(each_s).limit_denominator(1000)
    return [Phone(label, step * i, step * (i + 1)) for i, label in enumerate(labels)]


def middles(duration_s: float, rate: float) -> np.ndarray:
    return (np.arange(int(duration_s * rate)) + 0.5) / rate


@pytest.mark.parametrize("rate", [24000 / 1001, 25, 30, 50, 60])
@pytest.mark.parametrize("stop", ["P", "B", "M"])
def test_lips_are_shut_in_a_frame_of_every_closure(stop: str, rate: float) -> None:
    phones = line("AA1", stop, "AA1", stop, "IY1", each_s=0.06)
    times = middles(0.3, rate)
    codes = drive(phones, times, FACE)
    for phone in phones:
        if phone.label == stop:
            inside = abs(times - float(phone.start + phone.end) / 2) <= 0.03 + 0.5 / rate
            assert codes[inside, GAP].min() <= FACE.closed[GAP] + 0.05


def test_open_vowels_stay_open_beside_a_closure() -> None:
    codes = drive(line("P", "AA1", "P", each_s=0.2), middles(0.6, 25), FACE)
    assert codes[7, GAP] > 0.5


def test_rounded_vowels_are_narrower_than_spread_ones() -> None:
    codes = drive(line("UW1", "IY1", each_s=0.4), middles(0.8, 25), FACE)
    assert codes[4, WIDTH] < codes[15, WIDTH] - 1


def test_the_mouth_is_still_in_silence() -> None:
    codes = drive([Phone(SILENCE, Fraction(0), Fraction(2))], middles(2, 25), FACE)
    assert np.abs(np.diff(codes, axis=0)).max() < 1e-4


def test_before_and_after_the_speech_the_mouth_rests() -> None:
    codes = drive(line("AA1", "AA1"), np.array([-1.0, 5.0]), FACE)
    assert codes[0] == pytest.approx(codes[1], abs=1e-3)
    assert codes[0, GAP] < -0.8


def test_movement_is_continuous() -> None:
    phones = line("HH", "AH0", "L", "OW1", "W", "ER1", "L", "D", each_s=0.08)
    codes = drive(phones, middles(0.64, 100), FACE)
    assert np.abs(np.diff(codes, axis=0)).max() < 0.5


def test_a_persons_own_speech_teaches_how_the_mouth_differs() -> None:
    rng = np.random.default_rng(0)
    labels = [str(x) for x in rng.choice(["AA1", "IY1", "M", "S", "UW1", "T"], 150)]
    phones = line(*labels)
    times = middles(150 * 0.09, 25)
    habit = np.where([phones[int(t / 0.09)].label == "S" for t in times], 1.2, 0.0)
    measured = drive(phones, times, FACE).astype(float)
    measured[:, WIDTH] += habit
    half = times < 7
    learnt = fit_correction(phones, times[half], measured[half], FACE)
    before = np.abs(drive(phones, times[~half], FACE)[:, WIDTH] - measured[~half, WIDTH]).mean()
    after = np.abs(drive(phones, times[~half], FACE, learnt)[:, WIDTH] - measured[~half, WIDTH]).mean()
    assert after < 0.7 * before


def face(gap: float, scale: float = 1.0, turn: float = 0.0) -> np.ndarray:
    points = np.zeros((68, 2))
    points[36], points[45], points[33], points[8] = (0, 0), (100, 0), (50, 50), (50, 130 + gap / 2)
    points[48], points[54], points[60], points[64] = (25, 85), (75, 85), (30, 85), (70, 85)
    points[51], points[57], points[62], points[66] = (50, 75), (50, 95 + gap), (50, 82), (50, 82 + gap)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return points @ rotation * scale + 40


def test_mouth_codes_do_not_depend_on_size_or_tilt() -> None:
    plain, moved = mouth_codes(face(12)[None]), mouth_codes(face(12, 2.5, 0.4)[None])
    assert moved == pytest.approx(plain, abs=1e-5)
    assert plain[0, GAP] == pytest.approx(0.12)


def test_normalised_codes_map_one_persons_range_onto_anothers() -> None:
    small = mouth_codes(np.stack([face(g) for g in np.linspace(0, 10, 50)]))
    large = mouth_codes(np.stack([face(g) for g in np.linspace(0, 30, 50)]))
    assert mouth_scale(small).normalise(small)[:, GAP] == pytest.approx(
        mouth_scale(large).normalise(large)[:, GAP], abs=0.02
    )


def test_the_range_ignores_frames_without_a_face() -> None:
    codes = np.concatenate([np.random.default_rng(0).normal(0, 1, (200, 8)), np.full((20, 8), np.nan)])
    assert np.isfinite(mouth_range(codes).low).all()
