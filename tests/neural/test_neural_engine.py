from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import voice_made

from av_models.domain.errors import InputError, ModelError
from av_models.domain.speech import BREATH, SILENCE, Phone
from av_models.speech.arpabet import is_phone
from av_models.speech.engine import PacedEngine, Synthesis
from av_models.speech.neural.engine import NeuralEngine
from av_models.speech.neural.mels import HOP, RATE_HZ
from av_models.speech.registry import get_engine

ENGINE = NeuralEngine()


def speak(text: str, seed: int = 1, **settings: str) -> Synthesis:
    return ENGINE.synthesize(voice_made.line(text), settings, (voice_made.weights(),), "en-us", seed)


def length_of(speech: Synthesis, word: str) -> float:
    (found,) = (one for one in speech.words if one.text == word)
    return float(found.end - found.start)


def test_words_and_phones_have_times_that_cover_the_sound() -> None:
    speech = speak("Some of the people, in the {live|L AY1 V} U.S.A. met. Why?")
    assert " ".join(word.text for word in speech.words) == "some of the people in the live u s a met why"
    assert all(is_phone(phone.label) or phone.label == SILENCE for phone in speech.phones)
    assert speech.phones[0].start == 0
    assert speech.phones[-1].end == Fraction(speech.samples.size, speech.rate_hz)
    assert all(left.end == right.start < right.end for left, right in pairwise(speech.phones))
    live = speech.words[6]
    assert [p.label for p in speech.phones if live.start <= p.start < live.end] == ["L", "AY1", "V"]


def test_pauses_are_exact_and_silent() -> None:
    for rate in ("0.7", "1.6"):
        speech = speak("One [pause 437ms] two", rate=rate)
        first, second = speech.words
        assert second.start - first.end == Fraction(437, 1000)
        middle = speech.samples[round(first.end * RATE_HZ) + 1 : round(second.start * RATE_HZ) - 1]
        assert not middle.any()


def test_a_breath_is_heard_between_the_words() -> None:
    speech = speak("One [breath] two")
    (breath,) = (phone for phone in speech.phones if phone.label == BREATH)
    assert speech.words[0].end < breath.start < breath.end < speech.words[1].start
    assert np.abs(speech.samples[int(breath.start * RATE_HZ) : int(breath.end * RATE_HZ)]).max() > 0.005


def test_the_seed_decides_everything_that_is_chance() -> None:
    first, again, other = speak("Good morning.", 5), speak("Good morning.", 5), speak("Good morning.", 6)
    assert np.array_equal(first.samples, again.samples)
    assert first.phones == again.phones
    assert first.phones != other.phones or not np.array_equal(first.samples, other.samples)
    assert speak("Good morning.", 5, variation="0").phones == speak("Good morning.", 6, variation="0").phones


def test_rate_and_emphasis_change_lengths() -> None:
    usual, fast = speak("A warm breeze came.", rate="1"), speak("A warm breeze came.", rate="2")
    assert fast.samples.size < 0.75 * usual.samples.size
    marked = speak("A warm *breeze* came.")
    assert length_of(marked, "breeze") > 1.15 * length_of(usual, "breeze")
    assert length_of(marked, "warm") == pytest.approx(length_of(usual, "warm"), abs=0.011)


def test_each_word_has_the_pace_that_is_asked_for() -> None:
    assert isinstance(ENGINE, PacedEngine)
    line, weights = voice_made.line("A warm breeze came."), (voice_made.weights(),)
    usual = speak("A warm breeze came.")
    paced = ENGINE.synthesize_paced(line, {}, weights, "en-us", 1, (1.0, 0.5, 1.0, 1.0))
    assert length_of(paced, "warm") == pytest.approx(2 * length_of(usual, "warm"), rel=0.1)
    assert length_of(paced, "breeze") == pytest.approx(length_of(usual, "breeze"), abs=0.011)


def test_imposed_times_are_kept_to_the_hop() -> None:
    text = "Why would *anybody* paint [pause 200ms] the apple, or a house, green?"
    line, weights = voice_made.line(text), (voice_made.weights(),)
    usual = ENGINE.synthesize(line, {}, weights, "en-us", 1)
    chance = np.random.default_rng(2)
    wanted, at = [], Fraction(0)
    for phone in usual.phones:
        length = (phone.end - phone.start) * Fraction(int(chance.integers(60, 180)), 100)
        wanted.append(replace(phone, start=at, end=at + length))
        at += length
    speech = ENGINE.respeak(line, wanted, {}, weights, "en-us", 1)
    assert speech.samples.size == round(at * RATE_HZ)
    assert [phone.label for phone in speech.phones] == [phone.label for phone in wanted]
    assert [word.text for word in speech.words] == [word.text for word in usual.words]
    late = [abs(got.start - want.start) for got, want in zip(speech.phones, wanted, strict=True)]
    assert max(late) <= Fraction(HOP, 2 * RATE_HZ) + Fraction(1, RATE_HZ)


def test_times_that_do_not_fit_are_refused() -> None:
    line, weights = voice_made.line("Good morning."), (voice_made.weights(),)
    phones = ENGINE.synthesize(line, {}, weights, "en-us", 1).phones
    with pytest.raises(InputError, match="not those of the line"):
        ENGINE.respeak(voice_made.line("Good evening."), phones, {}, weights, "en-us", 1)
    crowded = [Phone(p.label, Fraction(i, 1000), Fraction(i + 1, 1000)) for i, p in enumerate(phones)]
    with pytest.raises(InputError, match="do not fit"):
        ENGINE.respeak(line, crowded, {}, weights, "en-us", 1)


@pytest.mark.parametrize(
    ("settings", "told"),
    [({"speed": "1"}, "no setting 'speed'"), ({"rate": "9"}, "rate is '9'"), ({"pitch_range": "much"}, "pitch_range")],
)
def test_wrong_settings_are_named(settings: dict[str, str], told: str) -> None:
    with pytest.raises(InputError, match=told):
        speak("Good morning.", **settings)


def test_it_does_not_pretend_to_know_other_languages() -> None:
    with pytest.raises(InputError, match="speaks English"):
        ENGINE.synthesize(voice_made.line("Guten Tag."), {}, (voice_made.weights(),), "de", 1)


def test_missing_and_damaged_weights_are_told_apart() -> None:
    line, whole = voice_made.line("Good morning."), voice_made.weights()
    with pytest.raises(ModelError, match="one file, not 0"):
        ENGINE.synthesize(line, {}, (), "en-us", 1)
    damaged = (whole[: len(whole) // 2], b"", b"\x00" * 64, whole[:100], b"\xff" * 4000)
    for data in damaged:
        with pytest.raises(ModelError, match="damaged") as error:
            ENGINE.synthesize(line, {}, (data,), "en-us", 1)
        assert "restore it" in error.value.remedy


def test_it_is_among_the_engines() -> None:
    assert get_engine("neural").name == "neural"
