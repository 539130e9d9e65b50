from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import piper_made
import pytest

from av_models.domain.errors import InputError, ModelError
from av_models.domain.speech import SILENCE
from av_models.speech.arpabet import is_phone
from av_models.speech.engine import PacedEngine, Synthesis
from av_models.speech.registry import get_engine
from av_models.speech.script import read_script

WEIGHTS = (piper_made.network(), piper_made.description())


def speak(text: str, seed: int = 1, weights: tuple[bytes, ...] = WEIGHTS, **settings: str) -> Synthesis:
    (line,) = read_script(text).lines
    return get_engine("piper").synthesize(line, settings, weights, "en-us", seed)


def test_the_times_of_the_network_become_phones_and_words() -> None:
    speech = speak("Some of the people, in the {live|L AY1 V} U.S.A. met. Why?")
    assert " ".join(word.text for word in speech.words) == "some of the people in the live u s a met why"
    assert all(is_phone(phone.label) or phone.label == SILENCE for phone in speech.phones)
    assert speech.phones[0].start == 0
    assert speech.phones[-1].end == Fraction(speech.samples.size, piper_made.RATE_HZ)
    assert all(left.end == right.start < right.end for left, right in pairwise(speech.phones))
    live = speech.words[6]
    said = [phone.label for phone in speech.phones if live.start <= phone.start < live.end]
    assert [label for label in said if label != SILENCE] == ["L", "AY1", "V"]


def test_a_phone_lasts_as_many_frames_as_the_network_gave_it() -> None:
    speech = speak("Be.")
    ids = {symbol: number for number, symbol in enumerate(piper_made.SYMBOLS)}
    pad = piper_made.frames_of(ids["_"])
    frames = [sum(piper_made.frames_of(ids[s]) + pad for s in signs) for signs in ("b", "ˈiː")]
    lengths = [(p.end - p.start) * speech.rate_hz / piper_made.HOP for p in speech.phones if p.label != SILENCE]
    assert lengths == frames


def test_slower_is_longer_and_pauses_stay_exact() -> None:
    fast, slow = speak("One [pause 400ms] two"), speak("One [pause 400ms] two", length_scale="3")
    for speech in (fast, slow):
        pause = speech.words[1].start - speech.words[0].end
        assert pause == Fraction(400, 1000)
    assert slow.words[0].end - slow.words[0].start > 1.5 * (fast.words[0].end - fast.words[0].start)


def test_the_seed_decides_the_noise() -> None:
    first, same, other = speak("Hello there."), speak("Hello there."), speak("Hello there.", seed=2)
    assert np.array_equal(first.samples, same.samples)
    assert not np.array_equal(first.samples, other.samples)


def test_emphasis_is_louder() -> None:
    speech = speak("One *two* three")

    def level(index: int) -> float:
        word = speech.words[index]
        part = speech.samples[round(word.start * speech.rate_hz) : round(word.end * speech.rate_hz)]
        return float(np.sqrt(np.mean(part**2)))

    assert level(1) > 1.15 * max(level(0), level(2))


@pytest.mark.parametrize(
    "weights",
    [
        WEIGHTS[:1],
        (b"no network", WEIGHTS[1]),
        (WEIGHTS[0], b"no json"),
        (WEIGHTS[0], piper_made.description(audio={})),
        (WEIGHTS[0], piper_made.description(phoneme_type="text")),
        (WEIGHTS[0], piper_made.description(phoneme_id_map={"_": [0], "^": [1], "$": [2]})),
    ],
)
def test_damaged_voices_are_refused_with_a_remedy(weights: tuple[bytes, ...]) -> None:
    with pytest.raises(ModelError) as error:
        speak("Hello.", weights=weights)
    assert error.value.remedy


def test_wrong_settings_and_speakers() -> None:
    with pytest.raises(InputError, match="length_scale"):
        speak("Hello.", length_scale="-1")
    with pytest.raises(InputError, match="no setting 'pitch'"):
        speak("Hello.", pitch="3")
    many = (WEIGHTS[0], piper_made.description(num_speakers=2, speaker_id_map={"ann": 0, "bob": 1}))
    with pytest.raises(InputError, match="ann, bob"):
        speak("Hello.", weights=many, speaker="eve")


def test_german_piper_voices_give_real_sounds() -> None:
    symbols = piper_made.SYMBOLS + "çøyœʏxʁ"
    weights = (
        piper_made.network(),
        piper_made.description(
            espeak={"voice": "de"}, phoneme_id_map={symbol: [number] for number, symbol in enumerate(symbols)}
        ),
    )
    (line,) = read_script("Ich möchte zwölf Bücher.", "de").lines
    speech = get_engine("piper").synthesize(line, {}, weights, "de", 1)
    said = [phone.ipa for phone in speech.phones if phone.label != SILENCE]
    assert {"ç", "œ", "t", "yː", "ɐ"} <= set(said)
    assert all(left.end == right.start for left, right in pairwise(speech.phones))


def test_each_word_can_be_paced_and_the_rest_stays() -> None:
    engine = get_engine("piper")
    assert isinstance(engine, PacedEngine)
    (line,) = read_script("One two three").lines
    free = engine.synthesize_paced(line, {}, WEIGHTS, "en-us", 1, ())
    assert np.array_equal(free.samples, speak("One two three").samples)
    paced = engine.synthesize_paced(line, {}, WEIGHTS, "en-us", 1, (1.0, 0.5, 1.0))
    before, after = ([word.end - word.start for word in one.words] for one in (free, paced))
    assert (after[0], after[2]) == (before[0], before[2])
    assert after[1] > Fraction(5, 4) * before[1]
    assert paced.phones[-1].end == Fraction(paced.samples.size, piper_made.RATE_HZ)
