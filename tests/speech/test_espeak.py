from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import yaml

from av_models.domain.errors import InputError
from av_models.domain.script import Line
from av_models.domain.speech import BREATH, SILENCE, Phone
from av_models.speech.arpabet import is_phone
from av_models.speech.engine import Synthesis
from av_models.speech.registry import engine_names, get_engine, register
from av_models.speech.script import read_script

ROOT = Path(__file__).parents[2]
HARD = "Some of the people in the U.S.A. met, because there was a lot of it at the end of the day. Why not? It is!"


def line_of(text: str) -> Line:
    (line,) = read_script(text).lines
    return line


def speak(text: str, seed: int = 1, **settings: str) -> Synthesis:
    return get_engine("espeak").synthesize(line_of(text), settings, (), "en-us", seed)


def house_settings() -> dict[str, dict[str, str]]:
    voices = yaml.safe_load((ROOT / "configs" / "voices.yaml").read_text())["voices"]
    ours = {name: voice["settings"] for name, voice in voices.items() if voice["engine"] == "espeak"}
    return {name: {key: str(value) for key, value in settings.items()} for name, settings in ours.items()}


def silences_ms(speech: Synthesis) -> list[float]:
    return [float(phone.end - phone.start) * 1000 for phone in speech.phones if phone.label == SILENCE]


def phones_of(speech: Synthesis, index: int) -> list[Phone]:
    word = speech.words[index]
    return [phone for phone in speech.phones if word.start <= phone.start < word.end]


def level(speech: Synthesis, start: Fraction, end: Fraction) -> float:
    part = speech.samples[round(start * speech.rate_hz) : round(end * speech.rate_hz)]
    return float(np.sqrt(np.mean(part**2)))


@pytest.mark.parametrize("settings", [{}, {"variant": "f2"}, *house_settings().values()], ids=str)
def test_times_cover_the_sound_and_every_word_has_its_own(settings: dict[str, str]) -> None:
    speech = speak(HARD, **settings)
    assert speech.samples.dtype == np.float32 and 0.1 < np.abs(speech.samples).max() < 0.95
    assert [word.text for word in speech.words] == list(line_of(HARD).spoken)
    assert speech.phones[0].start == 0
    assert speech.phones[-1].end == Fraction(speech.samples.size, speech.rate_hz)
    assert all(left.end == right.start and left.start < left.end for left, right in pairwise(speech.phones))
    assert all(is_phone(phone.label) or phone.label == SILENCE for phone in speech.phones)
    assert all(phones_of(speech, index) for index in range(len(speech.words)))
    assert silences_ms(speech)[0] <= 60 and silences_ms(speech)[-1] <= 120


def test_silent_phones_are_silent_and_spoken_ones_are_not() -> None:
    speech = speak("Bob put a big apple pie by the map.", room="0")
    loud = max(level(speech, phone.start, phone.end) for phone in speech.phones)
    for phone in speech.phones:
        if phone.label == SILENCE:
            assert level(speech, phone.start, phone.end) < loud / 50
        elif phone.label[:2] in {"AA", "AE", "AY", "IY"}:
            assert level(speech, phone.start, phone.end) > loud / 5


def test_a_stop_begins_with_its_closure() -> None:
    speech = speak("apple", room="0")
    stop = next(phone for phone in speech.phones if phone.label == "P")
    assert stop.end - stop.start > Fraction(50, 1000)
    assert level(speech, stop.start, stop.start + Fraction(25, 1000)) < 0.002


def test_pauses_are_exact_to_the_sample() -> None:
    speech = speak("[pause 777ms] One [pause 400ms] two. [pause 0.123s] Three [pause 1s]")
    assert [round(ms * speech.rate_hz / 1000) for ms in silences_ms(speech)] == [
        round(ms * speech.rate_hz / 1000) for ms in (777, 400, 123, 1000)
    ]


def test_a_breath_is_heard_softly_and_is_seeded() -> None:
    speech = speak("[breath] Well. [breath] Yes.")
    breaths = [phone for phone in speech.phones if phone.label == BREATH]
    speech_level = level(speech, speech.words[0].start, speech.words[0].end)
    assert len(breaths) == 2
    for breath in breaths:
        assert speech_level / 40 < level(speech, breath.start, breath.end) < speech_level / 3
    assert np.array_equal(speech.samples, speak("[breath] Well. [breath] Yes.").samples)
    assert not np.array_equal(speech.samples, speak("[breath] Well. [breath] Yes.", seed=2).samples)


def test_emphasis_lengthens_and_raises_a_word() -> None:
    plain, strong = speak("I want the money today."), speak("I want the *money* today.")
    (before, after) = (plain.words[3], strong.words[3])
    assert float((after.end - after.start) / (before.end - before.start)) > 1.1
    assert level(strong, after.start, after.end) > 1.1 * level(plain, before.start, before.end)
    assert plain.words[1].end - plain.words[1].start == strong.words[1].end - strong.words[1].start


def test_given_phones_are_said() -> None:
    speech = speak("They {live|L AY1 V} here and {live|L IH1 V} there.")
    assert [phone.label for phone in phones_of(speech, 1)] == ["L", "AY1", "V"]
    assert [phone.label for phone in phones_of(speech, 4)] == ["L", "IH1", "V"]


def test_the_letter_a_is_not_the_article() -> None:
    speech = speak("A plan for the U.S.A. today")
    assert phones_of(speech, 0)[0].label != "EY1"
    assert [phone.label for phone in phones_of(speech, 6)] == ["EY1"]


def test_sentences_are_parted_even_before_emphasis() -> None:
    speech = speak("I have permission. *Every* picture.")
    assert 250 < silences_ms(speech)[1] < 400


def test_a_shorter_tract_raises_the_voice_and_keeps_the_tempo() -> None:
    low, high = speak(HARD, variant="edward2"), speak(HARD, variant="edward2", tract="1.2")
    assert high.samples.size == pytest.approx(low.samples.size, rel=0.06)

    def centroid_hz(speech: Synthesis) -> float:
        power = np.abs(np.fft.rfft(speech.samples)) ** 2
        return float((power * np.fft.rfftfreq(speech.samples.size, 1 / speech.rate_hz)).sum() / power.sum())

    assert centroid_hz(high) > 1.08 * centroid_hz(low)


def test_threads_do_not_mix_their_speech() -> None:
    texts = ["One two three.", "A rather longer sentence than the others.", "Yes!", "Is it?"] * 3
    alone = [speak(text) for text in texts[:4]]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(speak, texts))
    assert all(np.array_equal(speech.samples, alone[i % 4].samples) for i, speech in enumerate(together))


@pytest.mark.parametrize(
    "settings", [{"speed": "2"}, {"rate_wpm": "fast"}, {"rate_wpm": "9000"}, {"room": "2"}, {"variant": "nobody"}]
)
def test_wrong_settings_are_refused_with_a_remedy(settings: dict[str, str]) -> None:
    with pytest.raises(InputError) as error:
        speak("Hello.", **settings)
    assert error.value.remedy


def test_the_registry_names_what_it_knows_and_takes_more() -> None:
    with pytest.raises(InputError, match="espeak, external, neural, piper"):
        get_engine("nobody")
    register("echo", lambda: get_engine("espeak"))
    assert "echo" in engine_names()
