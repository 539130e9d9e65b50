"""The words of a script as the symbols that the voice reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from av_models.domain.errors import InputError
from av_models.domain.script import Line, Token, TokenKind
from av_models.domain.speech import BREATH, SILENCE, Phone
from av_models.speech.arpabet import is_vowel
from av_models.speech.normalise import letter_names
from av_models.speech.phones import letter_name, pronounce
from av_models.speech.reel import Run

from .symbols import Symbol

__all__ = ["read_run", "read_timed"]


@dataclass(frozen=True, slots=True)
class _Spoken:
    """A word of a token. marks: punctuation behind it. emphasis: of its token. held: a pause or breath follows."""

    text: str
    phones: tuple[str, ...]
    marks: str
    emphasis: bool
    held: bool = False


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
            words.append(_Spoken(word, phones, marks, token.emphasis))
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
        sentence += [Symbol(phone, index, word.text, word.marks, word.emphasis) for phone in word.phones]
        if word.marks and index + 1 < len(words):
            sentence.append(Symbol(SILENCE))
    return [*sentence, Symbol(SILENCE)]


def read_timed(line: Line, phones: Sequence[Phone]) -> list[Symbol]:
    """The given phones with the words of the line that they belong to. InputError when they are not the line's."""
    expected = [(index, word, phone) for index, word in enumerate(_words(line.tokens)) for phone in word.phones]
    said = [phone.label for phone in phones if phone.label not in (SILENCE, BREATH)]
    if [phone for _, _, phone in expected] != said:
        raise InputError("The phones given are not those of the line.", "Take the phones that the voice itself gave.")
    following = iter(expected)
    sentence = []
    for phone in phones:
        if phone.label in (SILENCE, BREATH):
            sentence.append(Symbol(SILENCE))  # also for a breath: the engine lays that in
        else:
            index, word, label = next(following)
            sentence.append(Symbol(label, index, word.text, word.marks, word.emphasis))
    return sentence
