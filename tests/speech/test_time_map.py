"""Speech along a time map: exact lengths, everything where the map says, the same pitch, and nothing to hear of it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from av_models.alignment.aligner import get_aligner
from av_models.speech.registry import get_engine
from av_models.speech.script import read_script
from av_models.speech.time_map import TimeMap, render

RATE_HZ = 22_050


def time_map(*pairs: tuple[float, float]) -> TimeMap:
    spoken, heard = zip(*pairs, strict=True)
    return TimeMap(tuple(map(Fraction, spoken)), tuple(map(Fraction, heard)))


def vowel(seconds: float, pitch_hz: float = 110.0) -> NDArray[np.float32]:
    """Harmonics that fall off as a voice's do, up to 4 kHz."""
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    parts = [np.sin(2 * np.pi * pitch_hz * k * t + k) / k for k in range(1, int(4000 / pitch_hz))]
    return (0.2 * np.sum(parts, axis=0)).astype(np.float32)


def pitch_of(samples: NDArray[np.float32], about_hz: float) -> float:
    """By autocorrelation over many periods, near `about_hz`."""
    many = 20
    lags = np.arange(int(many * RATE_HZ / about_hz * 0.97), int(many * RATE_HZ / about_hz * 1.03))
    middle = samples[RATE_HZ // 4 : -RATE_HZ // 4].astype(np.float64)
    likeness = [float(middle[:-lag] @ middle[lag:]) / (len(middle) - lag) for lag in lags]
    return many * RATE_HZ / float(lags[int(np.argmax(likeness))])


@pytest.mark.parametrize("heard_s", [Fraction(17, 20), 1, Fraction(123457, 100003), Fraction(3, 2)])
@pytest.mark.parametrize("n", [22_050, 21_999])
def test_the_length_is_exact(heard_s: Fraction, n: int) -> None:
    samples = vowel(1.0)[:n]
    played = render(samples, RATE_HZ, TimeMap((Fraction(0), Fraction(n, RATE_HZ)), (Fraction(0), Fraction(heard_s))))
    assert played.shape == (round(heard_s * RATE_HZ),) and played.dtype == np.float32


def test_a_map_that_changes_nothing_changes_nothing() -> None:
    samples = vowel(0.5)
    end = Fraction(len(samples), RATE_HZ)
    assert render(samples, RATE_HZ, TimeMap((Fraction(0), end), (Fraction(0), end))) is samples


@pytest.mark.parametrize("pairs", [((0, 0), (1, 1), (2, 1)), ((0, 0), (1, 1), (Fraction(1, 2), 2)), ((0, 0),)])
def test_no_map_runs_backwards(pairs: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(ValueError, match=r"backwards|rows"):
        time_map(*pairs)


@pytest.mark.parametrize("length", [0.85, 1.2])
@pytest.mark.parametrize("pitch_hz", [90.0, 210.0])
def test_the_pitch_stays(length: float, pitch_hz: float) -> None:
    played = render(vowel(2.0, pitch_hz), RATE_HZ, time_map((0, 0), (2, 2 * length)))
    assert pitch_of(played, pitch_hz) == pytest.approx(pitch_hz, rel=0.005)


@pytest.mark.parametrize("length", [0.85, 1.1, 1.2])
def test_no_clicks(length: float) -> None:
    """A click is broad: it would show above the highest harmonic, where the sound itself has nothing."""
    played = render(vowel(1.0), RATE_HZ, time_map((0, 0), (0.5, 0.5), (1, 0.5 + length / 2)))
    inner = played[1000:-1000].astype(np.float64)
    power = np.abs(np.fft.rfft(inner * np.hanning(len(inner)))) ** 2
    above = np.fft.rfftfreq(len(inner), 1 / RATE_HZ) > 6000
    assert 10 * np.log10(power[above].sum() / power.sum()) < -45
    assert np.abs(np.diff(inner)).max() < 1.2 * np.abs(np.diff(vowel(1.0).astype(np.float64))).max()


def test_a_silence_is_put_in_where_the_speech_stands_still() -> None:
    pause = time_map((0, 0), (0.5, 0.5), (0.5, 0.8), (1, 1.3))
    played = render(vowel(1.0), RATE_HZ, pause)
    quiet = np.flatnonzero(np.abs(played) < 1e-6) / RATE_HZ
    assert len(played) == round(1.3 * RATE_HZ)
    assert np.abs(played[round(0.5 * RATE_HZ) : round(0.8 * RATE_HZ)]).max() < 1e-6
    assert len(quiet) / RATE_HZ * RATE_HZ < 0.34 * RATE_HZ
    assert pause.heard(Fraction(1, 2)) == Fraction(0.8) and pause.heard_end(Fraction(1, 2)) == Fraction(0.5)


def test_bursts_are_heard_where_the_map_says() -> None:
    samples = np.random.default_rng(1).normal(0, 1e-3, 3 * RATE_HZ).astype(np.float32)
    spoken_s = np.arange(0.3, 2.8, 0.25)
    for at in spoken_s:
        samples[round(at * RATE_HZ) : round((at + 0.01) * RATE_HZ)] += 0.5
    curve = time_map((0, 0), (1, 1.15), (1.8, 1.85), (3, 3.2))
    played = np.abs(render(samples, RATE_HZ, curve))
    for at in spoken_s:
        due = float(curve.heard(Fraction(at)))
        near = played[round((due - 0.05) * RATE_HZ) : round((due + 0.08) * RATE_HZ)]
        assert abs(float(np.argmax(near > 0.1)) / RATE_HZ - 0.05) < 0.012


def test_words_aligned_anew_are_where_the_map_put_them() -> None:
    line = read_script("The small boat came back before the storm, and nobody on board was hurt.").lines[0]
    take = get_engine("espeak").synthesize(line, {"rate_wpm": "150"}, (), "en-us", 7)
    end = Fraction(len(take.samples), take.rate_hz)
    curve = TimeMap(
        (Fraction(0), end / 4, end / 2, 3 * end / 4, end),
        (Fraction(0), end / 4 * Fraction(6, 5), end / 2 * Fraction(11, 10), 3 * end / 4 * Fraction(51, 50), end),
    )
    played = render(take.samples, take.rate_hz, curve)
    before = get_aligner("pocketsphinx").align(take.samples, take.rate_hz, line, "en-us", ((), ())).words
    after = get_aligner("pocketsphinx").align(played, take.rate_hz, line, "en-us", ((), ())).words
    off_s = [abs(float(b.start - curve.heard(a.start))) for a, b in zip(before, after, strict=True)]
    assert np.median(off_s) < 0.015 and np.mean(off_s) < 0.025
