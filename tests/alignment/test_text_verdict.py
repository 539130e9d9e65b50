"""Texts that are not what was said: which words are named, and that right texts are left in peace."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from av_models.alignment.aligner import Aligned, get_aligner
from av_models.alignment.verdict import DoubtKind, confidence
from av_models.domain.errors import InputError
from av_models.domain.script import Line
from av_models.domain.speech import SILENCE
from av_models.io.audio import read_audio
from av_models.speech.script import read_script

SAMPLES = Path(__file__).parents[2] / "media" / "samples"
RATE_HZ = 16_000


def line_of(text: str) -> Line:
    lines = read_script(text).lines
    return Line("", tuple(token for line in lines for token in line.tokens))


@pytest.fixture(scope="module")
def actor() -> tuple[np.ndarray, str]:
    return read_audio(SAMPLES / "actor_b.mp4", RATE_HZ), (SAMPLES / "actor_b.txt").read_text(encoding="utf-8")


def align(sound: np.ndarray, text: str) -> Aligned:
    return get_aligner("pocketsphinx").align(sound, RATE_HZ, line_of(text), "en-us", ((), ()))


def test_the_right_text_is_in_no_doubt(actor: tuple[np.ndarray, str]) -> None:
    found = align(*actor)
    assert found.verdict is not None and found.verdict.exact and found.verdict.score == 1.0
    said = [phone for phone in found.phones if phone.label != SILENCE]
    assert np.median([phone.confidence or 0.0 for phone in said]) > 0.9


def test_a_word_that_was_not_said_is_named_with_its_place(actor: tuple[np.ndarray, str]) -> None:
    sound, text = actor
    assert "brave volunteers" in text
    found = align(sound, text.replace("brave volunteers", "brave elephants"))
    assert found.verdict is not None and found.verdict.possible and not found.verdict.exact
    (doubt,) = found.verdict.doubts
    true = next(word for word in align(*actor).words if word.text == "volunteers")
    assert (doubt.kind, doubt.word) == (DoubtKind.WRONG, "elephants")
    assert doubt.start_s is not None and abs(doubt.start_s - float(true.start)) < 0.3
    assert [word.text for word in found.words] == list(line_of(text.replace("volunteers", "elephants")).spoken)


def test_a_word_too_many_in_the_text_is_missing_in_the_sound(actor: tuple[np.ndarray, str]) -> None:
    sound, text = actor
    found = align(sound, text.replace("warm welcome", "warm tremendous welcome"))
    assert found.verdict is not None
    assert [(doubt.kind, doubt.word) for doubt in found.verdict.doubts] == [(DoubtKind.MISSING, "tremendous")]
    assert "'tremendous' is missing" in found.verdict.sentence


def test_words_too_few_in_the_text_are_extra_in_the_sound(actor: tuple[np.ndarray, str]) -> None:
    sound, text = actor
    found = align(sound, text.replace("My name is Bob Fowler, and we", "We"))
    assert found.verdict is not None and found.verdict.possible
    (doubt,) = found.verdict.doubts
    assert doubt.kind is DoubtKind.EXTRA and doubt.start_s is not None and doubt.end_s is not None
    assert doubt.end_s - doubt.start_s > 0.8
    whole = align(*actor)
    true = next(word for word in whole.words if word.text == "program")
    assert abs(float(next(w for w in found.words if w.text == "program").start - true.start)) < 0.03


@pytest.mark.parametrize("kind", ["noise", "chords"])
def test_what_is_no_speech_says_no_text(kind: str) -> None:
    rng = np.random.default_rng(1)
    time = np.arange(6 * RATE_HZ) / RATE_HZ
    chords = sum(np.sin(2 * np.pi * hz * time) for hz in (220, 277, 330)) * (0.3 + 0.7 * np.exp(-3 * (time % 0.5)))
    sound = rng.normal(0, 0.1, time.size) if kind == "noise" else 0.15 * chords
    with pytest.raises(InputError, match="cannot be what was said") as error:
        align(sound.astype(np.float32), "Hello, and welcome to the studio. My name is Bob Fowler.")
    assert error.value.remedy


def test_confidence_grows_with_the_fit() -> None:
    assert confidence(-1000.0) < 0.01 < confidence(-4.0) < 0.5 < confidence(-1.0) < confidence(1.0) <= 1.0
