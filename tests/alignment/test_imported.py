"""Times that other programs found: WhisperX and TextGrid."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from av_models.alignment.aligner import get_aligner
from av_models.alignment.imported import ImportedTimes, WhisperxTimes
from av_models.domain.errors import InputError
from av_models.domain.script import Line
from av_models.domain.speech import SILENCE, Phone, Word
from av_models.speech.script import read_script

RATE_HZ = 16_000
SOUND = np.random.default_rng(0).normal(0, 0.05, 5 * RATE_HZ).astype(np.float32)
TEXT = "In 1984, we paid $5 for it."
WORDS: list[dict[str, Any]] = [
    {"word": "In", "start": 0.321, "end": 0.401, "score": 0.62},
    {"word": "1984,"},
    {"word": "we", "start": 1.704, "end": 1.824, "score": 0.9},
    {"word": "paid", "start": 1.864, "end": 2.205, "score": 0.81},
    {"word": "$5"},
    {"word": "for", "start": 3.1, "end": 3.22, "score": 0.7},
    {"word": "it.", "start": 3.26, "end": 3.4, "score": 0.4},
]
WHISPERX: dict[str, Any] = {
    "segments": [{"start": 0.321, "end": 3.4, "text": f" {TEXT}", "words": WORDS, "chars": []}],
    "word_segments": WORDS,
    "language": "en",
}


def line_of(text: str) -> Line:
    return read_script(text).lines[0]


def test_words_without_times_share_what_lies_between() -> None:
    line = line_of(TEXT)
    found = WhisperxTimes(WHISPERX).align(SOUND, RATE_HZ, line, "en-us", ((), ()))
    assert tuple(word.text for word in found.words) == line.spoken
    assert all(word.start < word.end for word in found.words)
    assert all(left.end <= right.start for left, right in pairwise(found.words))
    by_text = {word.text: word for word in found.words}
    assert by_text["in"].end == by_text["nineteen"].start == Fraction("0.401")
    assert by_text["dollars"].end == by_text["for"].start == Fraction("3.1")
    assert by_text["we"].start == Fraction("1.704")


def test_phones_cover_the_sound_and_keep_the_words() -> None:
    found = WhisperxTimes(WHISPERX).align(SOUND, RATE_HZ, line_of(TEXT), "en-us", ((), ()))
    assert found.phones[0].start == 0 and found.phones[-1].end == 5
    assert all(left.end == right.start for left, right in pairwise(found.phones))
    starts = {phone.start for phone in found.phones}
    assert all(word.start in starts for word in found.words)
    assert {phone.confidence for phone in found.phones if phone.label == "P"} == {0.81}


def changed(**changes: Any) -> dict[str, Any]:
    words = [dict(word) for word in WORDS]
    words[3].update(changes)
    return {"segments": [{"words": words}]}


@pytest.mark.parametrize(
    ("times", "says"),
    [
        (changed(start=11.0, end=12.5), "recording ends at 5.00 s"),
        (changed(start=0.1, end=0.2), "backwards"),
        (changed(start=2.2, end=2.0), "ends before it begins"),
        (changed(start="soon"), "no numbers"),
        ({"segments": []}, "no words"),
        ({"text": "hello"}, "no words"),
        ({"segments": [{"words": [{"word": "hello"}]}]}, "has a time"),
        ({"segments": [{"words": [{"start": 1, "end": 2}]}]}, "no text"),
        ({"segments": [{"words": [{"word": "quite", "start": 1, "end": 2}]}]}, "other words"),
    ],
)
def test_what_cannot_be_used_is_said(times: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says) as error:
        WhisperxTimes(times).align(SOUND, RATE_HZ, line_of(TEXT), "en-us", ((), ()))
    assert error.value.remedy


def test_the_words_of_a_textgrid_are_taken_as_they_are() -> None:
    words = (Word("Hello", Fraction(1), Fraction(2)), Word("", Fraction(2), Fraction(3)))
    phones = (Phone("HH", Fraction(1), Fraction(3, 2)), Phone("spn", Fraction(2), Fraction(3)))
    found = ImportedTimes(words, phones).align(SOUND, RATE_HZ, line_of("Hello."), "en-us", ((), ()))
    assert found.words == (Word("hello", Fraction(1), Fraction(2)),)
    assert [phone.label for phone in found.phones] == [SILENCE, "HH", SILENCE, SILENCE, SILENCE]
    with pytest.raises(InputError, match="other words"):
        ImportedTimes(words, phones).align(SOUND, RATE_HZ, line_of("Goodbye."), "en-us", ((), ()))
    with pytest.raises(InputError, match="recording ends"):
        ImportedTimes(words, phones).align(SOUND[:RATE_HZ], RATE_HZ, line_of("Hello."), "en-us", ((), ()))


@pytest.mark.parametrize("name", ["whisperx", "textgrid"])
def test_times_from_files_are_asked_for(name: str) -> None:
    with pytest.raises(InputError, match="file"):
        get_aligner(name)
