"""Exact times while an utterance is put together: stretches of samples, and their closing into words and phones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from av_models.domain.speech import SILENCE, Phone, Word

from .arpabet import bare, is_vowel
from .phones import pronounce

__all__ = [
    "NO_WORD", "Stretch", "close_gaps", "divide_phones", "merge_slivers", "split_stretch", "to_phones", "to_words",
]  # fmt: skip

NO_WORD = -1
# Of a sound that espeak or IPA writes as one and ARPAbet as two: the vowel's share, and a weak vowel's before l, n, m.
_VOWEL_SHARE = 0.62
_WEAK_VOWEL_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class Stretch:
    """Samples first <= i < end carry `label`. word: index of the spoken word, NO_WORD for silence and breath.

    ipa: the sound itself where the language is not English.
    """

    label: str
    first: int
    end: int
    word: int = NO_WORD
    ipa: str = ""

    def moved(self, n_samples: int, n_words: int) -> Stretch:
        """The same `n_samples` later, its word counted from `n_words`."""
        word = self.word + n_words if self.word != NO_WORD else NO_WORD
        return replace(self, first=self.first + n_samples, end=self.end + n_samples, word=word)


def split_stretch(labels: Sequence[str], first: int, end: int, word: int, ipa: Sequence[str] = ()) -> list[Stretch]:
    """One sound as one or two stretches. ipa: as many as labels, or none."""
    ipa = tuple(ipa) or ("",) * len(labels)
    if len(labels) == 1:
        return [Stretch(labels[0], first, end, word, ipa[0])]
    share = _WEAK_VOWEL_SHARE if labels[0] == "AH0" else _VOWEL_SHARE if is_vowel(labels[0]) else 0.5
    middle = first + round((end - first) * share)
    return [Stretch(labels[0], first, middle, word, ipa[0]), Stretch(labels[1], middle, end, word, ipa[1])]


def divide_phones(phones: Sequence[str], words: Sequence[str], language: str) -> list[int]:
    """For each of the phones said in one go ("AH V DH AH") the word it belongs to ("of the" -> 0 0 1 1).

    The cheapest monotone alignment (Needleman & Wunsch 1970) with the dictionary's phones; each word gets at least one
    phone as long as there are enough.
    """
    if len(words) < 2 or len(phones) <= len(words):
        return [min(index, len(words) - 1) for index in range(len(phones))]
    expected = [(phone, index) for index, word in enumerate(words) for phone in pronounce(word, language)]
    rows, columns = len(phones) + 1, len(expected) + 1
    cost = [[0.8 * (i + j) for j in range(columns)] for i in range(rows)]
    for i in range(1, rows):
        for j in range(1, columns):
            match = cost[i - 1][j - 1] + _unlikeness(phones[i - 1], expected[j - 1][0])
            cost[i][j] = min(match, cost[i - 1][j] + 0.8, cost[i][j - 1] + 0.8)
    owners = [0] * len(phones)
    i, j = rows - 1, columns - 1
    while i:
        owners[i - 1] = expected[max(j, 1) - 1][1]
        if j and cost[i][j] == cost[i - 1][j - 1] + _unlikeness(phones[i - 1], expected[j - 1][0]):
            i, j = i - 1, j - 1
        elif j and cost[i][j] == cost[i][j - 1] + 0.8:
            j -= 1
        else:
            i -= 1
    return _each_word_once(owners, len(words))


def _each_word_once(owners: list[int], n_words: int) -> list[int]:
    """Owners never fall, and no word in between is left without a phone."""
    n = len(owners)
    for index in range(n):
        least = max(owners[index - 1] if index else 0, n_words - (n - index))
        most = (owners[index - 1] + 1) if index else 0
        owners[index] = min(max(owners[index], least), most, n_words - 1)
    return owners


def _unlikeness(said: str, expected: str) -> float:
    if bare(said) == bare(expected):
        return 0.0
    return 0.5 if is_vowel(said) == is_vowel(expected) else 1.5


def merge_slivers(stretches: Sequence[Stretch], shortest: int) -> list[Stretch]:
    """Give silences shorter than `shortest` samples, or inside a word, to the sound before; join doubled consonants."""
    merged: list[Stretch] = []
    for index, stretch in enumerate(stretches):
        before = merged[-1] if merged else None
        after = stretches[index + 1] if index + 1 < len(stretches) else None
        if before is None or before.label == SILENCE or not _belongs(stretch, before, after, shortest):
            merged.append(stretch)
        else:
            merged[-1] = replace(before, end=stretch.end)
    return merged


def _belongs(stretch: Stretch, before: Stretch, after: Stretch | None, shortest: int) -> bool:
    if stretch.label == SILENCE:
        inside = after is not None and after.word == before.word != NO_WORD
        return inside or stretch.end - stretch.first < shortest
    same = (stretch.label, stretch.ipa) == (before.label, before.ipa) and not is_vowel(stretch.label)
    rhotic = stretch.label == "R" and bare(before.label) == "ER" and not stretch.ipa
    return stretch.word == before.word and (same or rhotic)


def close_gaps(stretches: Sequence[Stretch], n_samples: int) -> list[Stretch]:
    """Fill what is not covered of [0, n_samples) with silence; stretches must be in order."""
    closed: list[Stretch] = []
    at = 0
    for stretch in stretches:
        if stretch.first > at:
            closed.append(Stretch(SILENCE, at, stretch.first))
        if stretch.end > stretch.first:
            closed.append(stretch)
        at = max(at, stretch.end)
    if at < n_samples:
        closed.append(Stretch(SILENCE, at, n_samples))
    return closed


def to_phones(stretches: Sequence[Stretch], rate_hz: int) -> tuple[Phone, ...]:
    """Neighbouring silences become one phone."""
    phones: list[Phone] = []
    for stretch in stretches:
        start, end = Fraction(stretch.first, rate_hz), Fraction(stretch.end, rate_hz)
        if phones and stretch.label == SILENCE == phones[-1].label:
            phones[-1] = replace(phones[-1], end=end)
        else:
            phones.append(Phone(stretch.label, start, end, stretch.ipa))
    return tuple(phones)


def to_words(stretches: Sequence[Stretch], words: Sequence[str], rate_hz: int) -> tuple[Word, ...]:
    """Each word from its first to its last phone; a word without any gets no time and is left out."""
    spans: dict[int, tuple[int, int]] = {}
    for stretch in stretches:
        if stretch.word != NO_WORD:
            first = spans.get(stretch.word, (stretch.first, 0))[0]
            spans[stretch.word] = (first, stretch.end)
    return tuple(
        Word(words[index], Fraction(first, rate_hz), Fraction(end, rate_hz))
        for index, (first, end) in sorted(spans.items())
    )
