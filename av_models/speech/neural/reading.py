"""The words of a script as the symbols that the voice reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from av_models.domain.errors import InputError
from av_models.domain.script import Line, Token, TokenKind
from av_models.domain.speech import BREATH, SILENCE, Phone
from av_models.speech.arpabet import is_vowel
from av_models.speech.directions import filler_of, phone_directions
from av_models.speech.normalise import letter_names
from av_models.speech.phones import letter_name, pronounce
from av_models.speech.reel import Run, runs_of
from av_models.speech.script import read_script

from .symbols import Symbol, Symbols, to_symbols

__all__ = ["read_run", "read_text", "read_timed"]


@dataclass(frozen=True, slots=True)
class _Spoken:
    """A word of a token. marks: punctuation behind it. held: a pause or breath follows."""

    text: str
    phones: tuple[str, ...]
    marks: str
    token: Token
    held: bool = False

    def symbols(self, index: int) -> list[Symbol]:
        """Its phones, each with what is asked of it. index: of the word."""
        asked = phone_directions(self.token, len(self.phones))
        filler = filler_of(self.token)
        lengths_ms = filler.lengths_ms if filler else (0.0,) * len(self.phones)
        return [
            Symbol(phone, index, self.text, self.marks, self.token.emphasis, direction, length_ms)
            for phone, direction, length_ms in zip(self.phones, asked, lengths_ms, strict=True)
        ]


def _words(tokens: Sequence[Token]) -> list[_Spoken]:
    words: list[_Spoken] = []
    for token in tokens:
        if words and token.kind is not TokenKind.WORD:
            words[-1] = replace(words[-1], held=True)
        letters = letter_names(token.written, token.spoken)
        for number, (word, is_letter) in enumerate(zip(token.spoken, letters, strict=True), start=1):
            marks = token.break_after if number == len(token.spoken) else ""
            named = is_letter and len(word) == 1 and word.isalpha()
            phones = token.phones or (letter_name(word) if named else pronounce(word))
            words.append(_Spoken(word, phones, marks, token))
    for index, (article, noun) in enumerate(pairwise(words)):
        joined = not (article.marks or article.held)
        if joined and article.text == "the" and article.phones == ("DH", "AH0") and is_vowel(noun.phones[0]):
            words[index] = replace(article, phones=("DH", "IY0"))
    return words


def read_run(run: Run) -> list[Symbol]:
    """The run's phones between silences, with a silence at every comma."""
    sentence = [Symbol(SILENCE)]
    words = _words(run.tokens)
    for index, word in enumerate(words):
        sentence += word.symbols(index)
        if word.marks and index + 1 < len(words):
            sentence.append(Symbol(SILENCE))
    return [*sentence, Symbol(SILENCE)]


def read_text(text: str) -> list[Symbols]:
    """A text as the voice reads it, one entry for each run between breaks."""
    return [to_symbols(read_run(run)) for line in read_script(text).lines for run in runs_of(line)]


def read_timed(line: Line, phones: Sequence[Phone]) -> list[Symbol]:
    """The given phones with the words of the line that they belong to. InputError when they are not the line's."""
    expected = [symbol for index, word in enumerate(_words(line.tokens)) for symbol in word.symbols(index)]
    said = [phone.label for phone in phones if phone.label not in (SILENCE, BREATH)]
    if [symbol.label for symbol in expected] != said:
        raise InputError("The phones given are not those of the line.", "Take the phones that the voice itself gave.")
    following = iter(expected)
    sentence = []
    for phone in phones:
        if phone.label in (SILENCE, BREATH):
            sentence.append(Symbol(SILENCE))  # also for a breath: the engine lays that in
        else:
            sentence.append(next(following))
    return sentence
