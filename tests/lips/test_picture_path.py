"""The picture retimed to a speech: words and blinks where they belong, at a speed that nobody notices."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from av_models.lips.picture_path import MOST_BEND, PAUSE_LIMITS, SPEED_LIMITS, Pin, Quiet, retimed_path

RATES = [Fraction(24000, 1001), Fraction(25), Fraction(60)]


def shown_at(path: np.ndarray, rate: Fraction, second: float) -> float:
    return float(np.interp(second * float(rate), np.arange(len(path)), path))


@pytest.mark.parametrize("rate", RATES)
def test_words_are_seen_when_they_are_heard(rate: Fraction) -> None:
    heard = np.array([0.3, 0.9, 1.4, 2.3, 2.9, 3.4])
    seen = np.array([0.5, 1.2, 1.8, 2.7, 3.4, 3.9])
    path = retimed_path(round(4 * rate), rate, [Pin(a, b) for a, b in zip(heard, seen, strict=True)])
    off = [abs(shown_at(path, rate, a) - b) for a, b in zip(heard, seen, strict=True)]
    assert max(off) < 0.02


@pytest.mark.parametrize("rate", RATES)
def test_speed_never_leaves_its_limits_nor_jumps(rate: Fraction) -> None:
    rng = np.random.default_rng(3)
    heard, seen = np.sort(rng.uniform(0, 8, 20)), np.sort(rng.uniform(0, 10, 20))
    path = retimed_path(round(8 * rate), rate, [Pin(a, b) for a, b in zip(heard, seen, strict=True)])
    speed = np.diff(path) * float(rate)
    assert speed.min() >= SPEED_LIMITS[0] - 1e-6 and speed.max() <= SPEED_LIMITS[1] + 1e-6
    assert np.abs(np.diff(speed)).max() * float(rate) <= 1.1 * MOST_BEND


def test_a_picture_that_fits_is_left_alone() -> None:
    path = retimed_path(100, Fraction(25), [Pin(at, at + 1.5) for at in (0.2, 1.1, 2.6, 3.5)])
    assert path == pytest.approx(1.5 + np.arange(100) / 25, abs=1e-4)


def test_a_blink_keeps_its_own_speed() -> None:
    pins = [Pin(0.0, 0.0), Pin(2.0, 3.0), Pin(4.0, 4.5)]
    blink = Quiet(1.2, 1.5)
    path = retimed_path(100, Fraction(25), pins, [blink])
    inside = (path[1:] > blink.start_s) & (path[:-1] < blink.end_s)
    speed = np.diff(path) * 25
    assert inside.sum() >= 6 and np.abs(speed[inside] - 1).max() <= 1e-3
    assert speed[~inside].max() > 1.3
    own = path[1:][inside] * 25
    assert np.abs(own - np.rint(own)).max() < 0.05, "a blink between two frames shows both"
    assert abs(shown_at(path, Fraction(25), 2.0) - 3.0) < 0.04


def test_a_pause_may_last_longer_than_speech_may() -> None:
    """The voice pauses for 0.9 s where the actor pauses for 0.35 s."""
    pins = [Pin(0.1, 0.1), Pin(1.0, 1.0), Pin(1.9, 1.35), Pin(2.9, 2.35)]
    middles = (np.arange(74) + 0.5) / 25
    pause = (middles > 1.0) & (middles < 1.9)
    path = retimed_path(75, Fraction(25), pins, pause=pause)
    speed = np.diff(path) * 25
    assert speed[pause].min() >= PAUSE_LIMITS[0] - 1e-6 and speed[~pause].min() >= SPEED_LIMITS[0] - 1e-6
    assert max(abs(shown_at(path, Fraction(25), pin.at_s) - pin.footage_s) for pin in pins) < 0.04


def test_a_stretch_of_its_own_speed_keeps_it() -> None:
    own = np.arange(99) < 40
    path = retimed_path(100, Fraction(25), [Pin(0, 0, 3), Pin(1.6, 1.6, 3), Pin(3.9, 5.0)], own=own)
    assert np.diff(path)[:40] * 25 == pytest.approx(np.ones(40), abs=1e-3)


def test_long_lines_take_no_longer_a_frame() -> None:
    pins = [Pin(at, 1.05 * at) for at in np.arange(0.0, 600, 0.5)]
    path = retimed_path(15000, Fraction(25), pins)
    assert max(abs(shown_at(path, Fraction(25), pin.at_s) - pin.footage_s) for pin in pins) < 0.02
