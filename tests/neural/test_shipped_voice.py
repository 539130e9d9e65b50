from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from av_models.domain.speech import SILENCE, Voice
from av_models.io.store import Store
from av_models.io.voices import find_voice
from av_models.speech.engine import Synthesis
from av_models.speech.neural.pitch import pitch_hz
from av_models.speech.neural.voice_file import voice_card
from av_models.speech.registry import get_engine
from av_models.speech.script import read_script

ROOT = Path(__file__).parents[2]
MOST_BYTES = 60_000_000


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def voice(store: Store) -> Voice:
    return find_voice("kathleen", ROOT / "configs", ROOT / "media", store)


def speak(store: Store, voice: Voice, text: str, **settings: str) -> Synthesis:
    (line,) = read_script(text).lines
    weights = [store.read_bytes(ref) for ref in voice.weights]
    wishes = {**dict(voice.settings), **settings}
    return get_engine(voice.engine).synthesize(line, wishes, weights, voice.language, 1)


def test_its_card_says_what_it_is_made_of(store: Store, voice: Voice) -> None:
    (ref,) = voice.weights
    data = store.read_bytes(ref)
    assert len(data) <= MOST_BYTES
    card = voice_card(data)
    assert card == json.loads((ROOT / "media/samples/voices/kathleen/card.json").read_text("utf-8"))
    assert "CC0" in card["data"]["licence"]
    assert card["training"]["acoustic"]["steps"] > 0
    assert card["held_out"]
    record = json.loads((ROOT / "configs/consent/kathleen.json").read_text("utf-8"))["record"]
    assert ref.digest in {media["digest"] for media in record["media"]}


def test_it_speaks_at_a_human_pace_pitch_and_level(store: Store, voice: Voice) -> None:
    speech = speak(store, voice, "A thick fog will cover the river before seven, but it will be gone by lunch.")
    vowels = sum(phone.label[-1].isdecimal() for phone in speech.phones)
    assert 2.5 < vowels / float(speech.phones[-1].end) < 7
    track = pitch_hz(speech.samples)
    assert 0.3 < (track > 0).mean() < 0.95
    assert 110 < np.median(track[track > 0]) < 240
    assert 0.01 < float(np.sqrt(np.mean(speech.samples**2))) < 0.2
    assert np.abs(speech.samples).max() < 1


def test_pitch_range_and_level_are_obeyed(store: Store, voice: Voice) -> None:
    text = "The quick shower near the beach was over soon."
    usual = speak(store, voice, text, variation="0")
    high = speak(store, voice, text, variation="0", pitch_semitones="4")
    flat = speak(store, voice, text, variation="0", pitch_range="0.1")
    loud = speak(store, voice, text, variation="0", energy_db="5")
    tracks = {name: pitch_hz(one.samples) for name, one in (("usual", usual), ("high", high), ("flat", flat))}
    middle = {name: float(np.median(track[track > 0])) for name, track in tracks.items()}
    spread = {name: float(np.std(np.log2(track[track > 0]))) for name, track in tracks.items()}
    assert 12 * np.log2(middle["high"] / middle["usual"]) == pytest.approx(4, abs=1)
    assert spread["flat"] < 0.7 * spread["usual"]
    level_db = 20 * np.log10(np.std(loud.samples) / np.std(usual.samples))
    assert 2 < level_db < 8


def test_the_phones_sound_where_they_are_said_to_be(store: Store, voice: Voice) -> None:
    """The aligner, which knows nothing of the voice, finds the words within 40 ms in the mean."""
    from av_models.alignment.aligner import get_aligner

    (line,) = read_script("Seven boats sailed past the old harbour before sunset.").lines
    speech = speak(store, voice, line.written)
    heard = get_aligner("pocketsphinx").align(speech.samples, speech.rate_hz, line, "en-us", ((), ()))
    late = [abs(a.start - b.start) for a, b in zip(heard.words, speech.words, strict=True)]
    assert sum(late) / len(late) < Fraction(40, 1000)
    assert speech.phones[0].label == SILENCE
