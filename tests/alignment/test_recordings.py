"""Long recordings, and what is heard between the words."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import soxr

from av_models.alignment.aligner import Aligned, get_aligner
from av_models.alignment.score import boundary_errors
from av_models.domain.script import Line
from av_models.domain.speech import BREATH, Word
from av_models.speech.breath import breath_in
from av_models.speech.registry import get_engine
from av_models.speech.script import read_script

RATE_HZ = 16_000
SETTINGS = {"variant": "edward2", "rate_wpm": "165"}
SENTENCES = (
    "The morning train was late again, so we waited on the platform.",
    "Nobody had told the driver about the bridge that was closed.",
    "She bought a cup of coffee and a paper, and sat down by the window.",
    "After an hour the station master came out and shook his head.",
    "We walked home along the river, and talked about the summer.",
)


def speak(text: str) -> tuple[np.ndarray, tuple[Word, ...]]:
    said = get_engine("espeak").synthesize(read_script(text).lines[0], SETTINGS, (), "en-us", 1)
    return soxr.resample(said.samples, said.rate_hz, RATE_HZ), said.words


def joined(texts: list[str], gap_s: float, lead: np.ndarray) -> tuple[np.ndarray, list[Word], Line]:
    """Everything said one after the other; the words' true times; the text as one line."""
    parts, words, at = [lead], [], len(lead)
    tokens = []
    for text in texts:
        sound, said = speak(text)
        words += [Word(w.text, w.start + Fraction(at, RATE_HZ), w.end + Fraction(at, RATE_HZ)) for w in said]
        parts += [sound, np.zeros(round(gap_s * RATE_HZ), np.float32)]
        at += len(sound) + len(parts[-1])
        tokens += read_script(text).lines[0].tokens
    noise = np.random.default_rng(0).normal(0, 1e-3, at)
    return (np.concatenate(parts) + noise).astype(np.float32), words, Line("", tuple(tokens))


def align(sound: np.ndarray, line: Line) -> Aligned:
    return get_aligner("pocketsphinx").align(sound, RATE_HZ, line, "en-us", ((), ()))


def test_a_long_recording_behind_music_is_laid_sentence_by_sentence() -> None:
    time = np.arange(12 * RATE_HZ) / RATE_HZ
    notes = 220 * 2 ** (np.array([0, 4, 7, 12, 9, 5])[(time * 2).astype(int) % 6] / 12)
    lead = 0.2 * np.sign(np.sin(2 * np.pi * np.cumsum(notes) / RATE_HZ)) * np.exp(-2 * (time % 0.5))
    sound, words, line = joined([*SENTENCES] * 3, 0.4, lead.astype(np.float32))
    found = align(sound, line)
    assert [word.text for word in found.words] == [word.text for word in words]
    score = boundary_errors(found.words, words)
    assert score.within[50] > 0.95 and score.within[100] > 0.98
    assert found.phones[0].start == 0 and found.phones[-1].end == Fraction(len(sound), RATE_HZ)
    assert all(left.end == right.start for left, right in pairwise(found.phones))


@pytest.fixture(scope="module")
def interrupted() -> tuple[np.ndarray, list[Word], Line, tuple[float, float]]:
    """A breath between two sentences, and where it is."""
    first, words = speak(SENTENCES[0])
    second, more = speak(SENTENCES[1])
    pause = np.zeros(RATE_HZ // 5, np.float32)
    breath = breath_in(RATE_HZ, 3, 2.0)
    begin = len(first) + len(pause)
    at = begin + len(breath) + len(pause)
    true = [*words, *(Word(w.text, w.start + Fraction(at, RATE_HZ), w.end + Fraction(at, RATE_HZ)) for w in more)]
    sound = np.concatenate([first, pause, breath, pause, second])
    sound = (sound + np.random.default_rng(0).normal(0, 3e-4, len(sound))).astype(np.float32)
    tokens = [token for text in SENTENCES[:2] for token in read_script(text).lines[0].tokens]
    return sound, true, Line("", tuple(tokens)), (begin / RATE_HZ, (begin + len(breath)) / RATE_HZ)


def test_a_breath_is_labelled_and_stretches_no_word(
    interrupted: tuple[np.ndarray, list[Word], Line, tuple[float, float]],
) -> None:
    sound, true, line, (start_s, end_s) = interrupted
    found = align(sound, line)
    (breath,) = [phone for phone in found.phones if phone.label == BREATH]
    assert start_s - 0.05 < float(breath.start) and float(breath.end) < end_s + 0.05
    assert [str(event.kind) for event in found.events] == ["breath"]
    assert boundary_errors(found.words, true).within[50] > 0.95


def test_an_um_between_words_belongs_to_neither(
    interrupted: tuple[np.ndarray, list[Word], Line, tuple[float, float]],
) -> None:
    sound, true, line, (start_s, end_s) = interrupted
    time = np.arange(round((end_s - start_s) * RATE_HZ)) / RATE_HZ
    voice = sum(np.sin(2 * np.pi * 115 * k * time) * a for k, a in ((1, 0.5), (2, 0.5), (5, 0.6), (6, 0.6), (10, 0.3)))
    um = 0.08 * voice * np.minimum(1, 30 * np.minimum(time, time[-1] - time))
    sound = sound.copy()
    first = round(start_s * RATE_HZ)
    sound[first : first + len(um)] = um
    found = align(sound, line)
    assert "filler" in [str(event.kind) for event in found.events]
    assert boundary_errors(found.words, true).within[50] > 0.95
