"""What the acoustic network reads: phones with their stress, their place in the word and what ends their phrase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from av_models.domain.errors import ModelError
from av_models.domain.script import PLAIN, Direction
from av_models.domain.speech import BREATH, SILENCE
from av_models.speech.arpabet import CONSONANTS, VOWELS, bare, is_vowel

__all__ = [
    "ENDINGS", "N_FACTS", "N_PLACES", "N_STRESSES", "PAUSES", "PHONES", "Symbol", "Symbols", "to_symbols",
]  # fmt: skip

PHONES = (SILENCE, BREATH, *sorted(VOWELS | CONSONANTS))
ENDINGS = ("", ",", ".", "?", "!")
# Numbers of what is no speech sound and keeps its length when the rate changes.
PAUSES = (PHONES.index(SILENCE), PHONES.index(BREATH))
_NUMBER = {phone: number for number, phone in enumerate(PHONES)}
# Stress: none, 0, 1, 2. Place: no word, begins, inside, ends its word, is the whole word.
N_STRESSES, N_PLACES, N_FACTS = 4, 5, 6
_FAR = 20.0
_WEAK_WORDS = frozenset({
    "a", "an", "the", "and", "of", "to", "in", "for", "at", "as", "or", "but", "is", "are", "was", "were", "be", "been",
    "it", "its", "than", "from", "with", "by", "on", "he", "she", "they", "we", "you", "i", "his", "her", "their",
    "my", "your", "our", "had", "has", "have", "him", "them", "me", "us", "that", "which", "who", "there", "would",
    "could", "should", "will", "can", "do", "did", "if", "so", "not",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Symbol:
    """label: ARPAbet with stress, SILENCE or BREATH. word: its number in the sentence, -1 for none. text: that word.

    break_after: punctuation behind its word. emphasis, direction: what the script asks of this phone; length_ms: how
    long it lasts, 0 for as long as the voice would have it. The network does not see these three.
    """

    label: str
    word: int = -1
    text: str = ""
    break_after: str = ""
    emphasis: int = 0
    direction: Direction = PLAIN
    length_ms: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Symbols:
    """phones, stresses, places, endings: int64 (P,).  facts: float32 (P, N_FACTS), each about 0..1: phones to and from
    the ends of the phrase, words to them, whether the word is a weak one, and whether a phrase follows."""

    phones: np.ndarray
    stresses: np.ndarray
    places: np.ndarray
    endings: np.ndarray
    facts: np.ndarray

    def __len__(self) -> int:
        return int(self.phones.size)


def to_symbols(sentence: Sequence[Symbol]) -> Symbols:
    """Numbers for the network. A phrase ends at silence, and where punctuation stands behind a word. ModelError for a
    label that is no phone."""
    unknown = [symbol.label for symbol in sentence if bare(symbol.label) not in _NUMBER]
    if unknown:
        raise ModelError(f"The voice does not know the phone '{unknown[0]}'.", "Write it in ARPAbet.")
    phones = np.array([_NUMBER[bare(symbol.label)] for symbol in sentence], np.int64)
    stresses = np.array([int(s.label[-1]) + 1 if is_vowel(s.label) else 0 for s in sentence], np.int64)
    places = np.array([_place(sentence, index) for index in range(len(sentence))], np.int64)
    endings = np.zeros(len(sentence), np.int64)
    facts = np.zeros((len(sentence), N_FACTS), np.float32)
    phrases = _phrases(sentence)
    for number, (first, end) in enumerate(phrases):
        endings[first:end] = ENDINGS.index(_ending(sentence[first:end], last=number == len(phrases) - 1))
        facts[first:end] = _facts(sentence[first:end], more=number < len(phrases) - 1)
    return Symbols(phones, stresses, places, endings, facts)


def _place(sentence: Sequence[Symbol], index: int) -> int:
    word = sentence[index].word
    if word < 0:
        return 0
    begins = index == 0 or sentence[index - 1].word != word
    ends = index + 1 == len(sentence) or sentence[index + 1].word != word
    return 4 if begins and ends else 1 if begins else 3 if ends else 2


def _phrases(sentence: Sequence[Symbol]) -> list[tuple[int, int]]:
    """[first, end) of each phrase, with the silence that follows it."""
    phrases: list[tuple[int, int]] = []
    first = 0
    for index in range(1, len(sentence)):
        before, here = sentence[index - 1], sentence[index]
        spoken = any(symbol.word >= 0 for symbol in sentence[first:index])
        if here.word >= 0 and spoken and (before.word < 0 or (before.break_after and before.word != here.word)):
            phrases.append((first, index))
            first = index
    return [*phrases, (first, len(sentence))]


def _ending(phrase: Sequence[Symbol], last: bool) -> str:
    marks = [symbol.break_after for symbol in phrase if symbol.word >= 0]
    mark = marks[-1] if marks else ""
    return mark or ("." if last else ",")


def _facts(phrase: Sequence[Symbol], more: bool) -> np.ndarray:
    count = np.arange(len(phrase))
    words = np.array([symbol.word for symbol in phrase])
    known = words[words >= 0]
    low, high = (int(known.min()), int(known.max())) if known.size else (0, 0)
    inside = np.clip(words, low, high)
    weak = np.array([symbol.text in _WEAK_WORDS for symbol in phrase])
    columns = (count, len(phrase) - 1 - count, (inside - low) * 4, (high - inside) * 4)
    scaled = [np.minimum(column / _FAR, 1.5) for column in columns]
    return np.stack([*scaled, weak, np.full(len(phrase), more)], axis=1).astype(np.float32)
