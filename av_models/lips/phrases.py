"""Phrases: the words of a line between its pauses and the ends of its sentences. They are what is fitted one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from ..domain.script import Line, Token, TokenKind
from ..domain.speech import BREATH, SILENCE, Alignment, Phone

__all__ = ["PAUSE_S", "Phrase", "line_of", "phrase_of", "split_phrases"]

PAUSE_S = Fraction(12, 100)
"""Shorter silences are closures of stops, or how a voice sets words apart."""

_SENTENCE_ENDS = (".", "?", "!")


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words first_word up to, not including, end_word of the alignment. start, end: seconds in the utterance."""

    first_word: int
    end_word: int
    start: Fraction
    end: Fraction

    @property
    def duration(self) -> Fraction:
        return self.end - self.start

    @property
    def n_words(self) -> int:
        return self.end_word - self.first_word


def split_phrases(alignment: Alignment) -> tuple[Phrase, ...]:
    """All words of the alignment in order, at least one phrase. A phrase never ends inside a written word."""
    words = alignment.words
    if not words:
        whole = alignment.speech.duration
        return (Phrase(0, 0, Fraction(0), whole),)
    ends = _sentence_ends(alignment.speech.utterance.line, len(words))
    inside = _inside_tokens(alignment.speech.utterance.line, len(words))
    breaks = [
        k
        for k in range(1, len(words))
        if k not in inside and (k in ends or _silence(alignment.phones, words[k - 1].end, words[k].start) >= PAUSE_S)
    ]
    return tuple(phrase_of(alignment, first, end) for first, end in pairwise([0, *breaks, len(words)]))


def phrase_of(alignment: Alignment, first_word: int, end_word: int) -> Phrase:
    """Those words of another take of the same line."""
    words = alignment.words[first_word:end_word]
    return Phrase(first_word, end_word, words[0].start, max(words[-1].end, words[0].start))


def line_of(line: Line, first_word: int, end_word: int) -> Line | None:
    """The part of a line that speaks these of its words; None when they begin or end inside a written word."""
    tokens: list[Token] = []
    at = 0
    for token in line.tokens:
        if token.kind is TokenKind.WORD and first_word <= at and at + len(token.spoken) <= end_word and token.spoken:
            tokens.append(token)
        at += len(token.spoken)
    kept = sum(len(token.spoken) for token in tokens)
    return Line(line.role, tuple(tokens), line.paragraph) if kept == end_word - first_word else None


def _sentence_ends(line: Line, n_words: int) -> set[int]:
    """Word counts after which a sentence ends; none when the aligner found other words than were written."""
    if len(line.spoken) != n_words:
        return set()
    ends: set[int] = set()
    at = 0
    for token in line.tokens:
        at += len(token.spoken)
        if token.break_after in _SENTENCE_ENDS and token.spoken:
            ends.add(at)
    return ends


def _inside_tokens(line: Line, n_words: int) -> set[int]:
    if len(line.spoken) != n_words:
        return set()
    inside: set[int] = set()
    at = 0
    for token in line.tokens:
        inside |= set(range(at + 1, at + len(token.spoken)))
        at += len(token.spoken)
    return inside


def _silence(phones: Sequence[Phone], end: Fraction, start: Fraction) -> Fraction:
    """Seconds of silence or breath between two words."""
    quiet = [phone for phone in phones if phone.label in (SILENCE, BREATH)]
    return sum((max(Fraction(0), min(p.end, start) - max(p.start, end)) for p in quiet), Fraction(0))
