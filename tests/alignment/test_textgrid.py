from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from av_models.domain.errors import MediaError
from av_models.domain.media import MediaRef
from av_models.domain.script import Line, Token, TokenKind
from av_models.domain.speech import BREATH, SILENCE, Alignment, Phone, Speech, Utterance, Voice, Word
from av_models.io.textgrid import read_textgrid, textgrid_text

RATE_HZ = 22_050


def seconds(sample: int) -> Fraction:
    return Fraction(sample, RATE_HZ)


@pytest.fixture
def alignment() -> Alignment:
    line = Line("", (Token(TokenKind.WORD, "Hi", ("hi",)),))
    voice = Voice("v", "espeak", "en-us", (), (), "", "")
    words = (Word("hi", seconds(9000), seconds(15_001)),)
    phones = (
        Phone(SILENCE, seconds(0), seconds(1001)),
        Phone(BREATH, seconds(1001), seconds(9000)),
        Phone("HH", seconds(9000), seconds(10_007)),
        Phone("AY1", seconds(10_007), seconds(15_001)),
        Phone(SILENCE, seconds(15_001), seconds(17_001)),
    )
    speech = Speech(Utterance(line, voice, 1), MediaRef("0" * 64, ".wav"), RATE_HZ, 17_001, words, phones)
    return Alignment(speech, "engine", words, phones, None)


def test_what_is_written_is_read_back(alignment: Alignment, tmp_path: Path) -> None:
    text = textgrid_text(alignment)
    assert 'name = "words"' in text and 'name = "phones"' in text
    path = tmp_path / "001.TextGrid"
    path.write_text(text, encoding="utf-8")
    for words, phones in (read_textgrid(text), read_textgrid(path)):
        assert [word.text for word in words] == ["hi"]
        assert [phone.label for phone in phones] == [phone.label for phone in alignment.phones]
        for read, written in zip(phones, alignment.phones, strict=True):
            assert abs(read.end - written.end) < Fraction(1, 10 * RATE_HZ)
        assert all(left.end == right.start for left, right in pairwise(phones))


@pytest.mark.parametrize("text", ["", "no grid", 'File type = "ooTextFile"\nObject class = "TextGrid"\n'])
def test_what_is_no_textgrid_is_refused(text: str) -> None:
    with pytest.raises(MediaError, match="TextGrid"):
        read_textgrid(text)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no such file"):
        read_textgrid(tmp_path / "gone.TextGrid")


def test_sounds_of_other_languages_stand_in_ipa(alignment: Alignment) -> None:
    phones = tuple(replace(phone, ipa="øː") if phone.label != "sil" else phone for phone in alignment.phones)
    text = textgrid_text(replace(alignment, phones=phones))
    assert '"øː"' in text and '"sil"' in text
