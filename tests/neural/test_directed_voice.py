"""What a script directs reaches the neural voice: phone by phone where the network has a handle for it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import voice_made

from av_models.domain.speech import BREATH
from av_models.speech.engine import Synthesis
from av_models.speech.neural.engine import NeuralEngine
from av_models.speech.neural.mels import HOP, RATE_HZ
from av_models.speech.neural.reading import read_run
from av_models.speech.reel import runs_of

ENGINE = NeuralEngine()


def speak(text: str) -> Synthesis:
    return ENGINE.synthesize(voice_made.line(text), {"variation": "0"}, (voice_made.weights(),), "en-us", 1)


def lengths(take: Synthesis) -> dict[str, float]:
    return {word.text: float(word.end - word.start) for word in take.words}


def level_db(take: Synthesis, word: str) -> float:
    (one,) = (word_ for word_ in take.words if word_.text == word)
    part = take.samples[round(one.start * RATE_HZ) : round(one.end * RATE_HZ)]
    return float(10 * np.log10(np.mean(part.astype(np.float64) ** 2)))


def test_rate_and_level_of_a_span() -> None:
    usual, directed = (
        speak("A warm breeze came home."),
        speak("A warm [rate 0.5][volume -6dB]breeze[/volume][/rate] came home."),
    )
    before, after = lengths(usual), lengths(directed)
    assert after["breeze"] == pytest.approx(2 * before["breeze"], rel=0.03)
    assert all(
        after[word] == pytest.approx(before[word], abs=1.1 * HOP / RATE_HZ) for word in ("a", "warm", "came", "home")
    )
    quiet = speak("A warm [volume -6dB]breeze[/volume] came home.")
    assert level_db(quiet, "breeze") - level_db(usual, "breeze") == pytest.approx(-6, abs=0.3)


def test_pitch_range_and_glide_reach_every_phone() -> None:
    (run,) = runs_of(voice_made.line("A [pitch +2st][range 0.5]warm[/range][/pitch] breeze."))
    asked = {symbol.text: (symbol.direction.pitch_st, symbol.direction.pitch_range) for symbol in read_run(run)}
    assert asked["warm"] == (2, 0.5) and asked["breeze"] == asked["a"] == (0, 1)


def test_fillers_last_as_long_as_they_should() -> None:
    found = lengths(speak("So, [um], I think, [uh], yes, [mm-hm]."))
    assert found["um"] == pytest.approx(0.47, abs=0.02)
    assert found["uh"] == pytest.approx(0.32, abs=0.02)
    assert found["mm-hm"] == pytest.approx(0.54, abs=0.02)
    assert lengths(speak("[rate 0.8] So, [um], yes."))["um"] == pytest.approx(0.47 / 0.8, abs=0.02)


def test_a_strong_emphasis_is_longer_and_louder_than_a_plain_one() -> None:
    usual, plain, strong = (speak(f"A warm {stars}breeze{stars} came.") for stars in ("", "*", "**"))
    assert lengths(usual)["breeze"] < lengths(plain)["breeze"] < lengths(strong)["breeze"]
    assert level_db(usual, "breeze") < level_db(plain, "breeze") < level_db(strong, "breeze")


def test_a_sigh_stays_a_sigh_when_times_are_imposed() -> None:
    text = "One [sigh] two."
    usual = speak(text)
    line, weights = voice_made.line(text), (voice_made.weights(),)
    again = ENGINE.respeak(line, usual.phones, {"variation": "0"}, weights, "en-us", 1)
    for take in (usual, again):
        (sigh,) = (phone for phone in take.phones if phone.label == BREATH)
        assert sigh.end - sigh.start > Fraction(7, 10)
        part = take.samples[round(sigh.start * RATE_HZ) : round(sigh.end * RATE_HZ)].astype(np.float64)
        first, second = np.array_split(part**2, 2)
        assert first.mean() > 2 * second.mean()
