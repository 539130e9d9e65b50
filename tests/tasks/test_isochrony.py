"""A German script over English footage: every sentence's length beside the original's, found in the sound."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from av_models.domain.media import AudioStream, Footage
from av_models.domain.script import Line
from av_models.domain.speech import Alignment, Speech, Utterance, Voice
from av_models.io.audio import wav_bytes
from av_models.speech.registry import get_engine
from av_models.speech.script import read_script
from tasks.dubbing import is_dubbed, measure_isochrony, original_language, show_isochrony
from tasks.workspace import store

ENGLISH = "Good morning, here is the weather for the northern valleys. Tonight stays mild and very calm."
GERMAN = "Guten Morgen, hier ist das Wetter. Heute Nacht bleibt es in allen nördlichen Tälern sehr ruhig und auch mild."


@pytest.fixture
def media(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNDERSTUDY_MEDIA", str(tmp_path))
    return tmp_path


def spoken(text: str, language: str) -> Alignment:
    line: Line
    (line,) = read_script(text, language).lines
    made = get_engine("espeak").synthesize(line, {"variant": "edward2"}, (), language, 1)
    voice = Voice("test", "espeak", language, (), (), "made for a test", "test-voice")
    audio = store().put_bytes(wav_bytes(made.samples, made.rate_hz), ".wav")
    speech = Speech(Utterance(line, voice, 1), audio, made.rate_hz, len(made.samples), made.words, made.phones)
    return Alignment(speech, "engine", made.words, made.phones, None)


def test_a_translation_is_measured_against_the_sound_of_the_original(media: Path) -> None:
    original, dubbed = spoken(ENGLISH, "en-us"), spoken(GERMAN, "de")
    sound = original.speech
    audio = AudioStream(sound.rate_hz, 1)
    length = Fraction(sound.n_samples, sound.rate_hz)
    actor = Footage(sound.audio, "actor.wav", 512, 512, 100, Fraction(25), length, False, 8, 0, audio)
    show_isochrony(media, measure_isochrony.fn((dubbed,), actor, ENGLISH))
    facts = json.loads((media / "isochrony.json").read_text())
    assert (facts["original_language"], facts["language"], facts["note"]) == ("en-us", "de", "")
    first, second = facts["sentences"]
    assert first["original_s"] == pytest.approx(float(original.words[9].end - original.words[0].start), abs=0.15)
    assert first["dubbed"] == "Guten Morgen, hier ist das Wetter."
    assert "room for" in first["verdict"] and first["syllables_over"] < 0
    assert "fewer" in second["verdict"] and facts["syllables_over"] == second["syllables_over"] > 0


def test_a_sentence_that_became_two_lines_lasts_as_long_as_both(media: Path) -> None:
    original = spoken("Good morning, here is the weather for the northern valleys tonight.", "en-us")
    lines = tuple(spoken(text, "de") for text in ("Guten Morgen, hier ist das Wetter.", "Für heute Nacht im Norden."))
    length = original.speech.duration
    audio = AudioStream(original.speech.rate_hz, 1)
    actor = Footage(original.speech.audio, "actor.wav", 512, 512, 100, Fraction(25), length, False, 8, 0, audio)
    text = "Good morning, here is the weather for the northern valleys tonight."
    (only,) = measure_isochrony.fn(lines, actor, text).sentences
    assert only.isochrony is not None
    least_s = sum(line.words[-1].end - line.words[0].start for line in lines)
    assert least_s <= only.isochrony.spoken_s <= sum(line.speech.duration for line in lines)


@pytest.mark.parametrize(
    ("text", "language"), [(ENGLISH, "en-us"), (GERMAN, "de"), ("Hm.", "en-us"), ("Bonjour, je suis là.", "fr")]
)
def test_the_language_of_a_transcript_is_told_from_its_words(text: str, language: str) -> None:
    assert original_language(text) == language
    assert is_dubbed(text, "en-gb") == (language != "en-us")
