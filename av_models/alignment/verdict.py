"""Whether a path is one that the sound really takes: a confidence for every phone, and the words that are in doubt."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from .forced import NO_WORD, Heard
from .trellis import ANYTHING

__all__ = ["Doubt", "DoubtKind", "Verdict", "confidence", "judge"]

# Mean log likelihood against the best phone of each frame at which a phone is as likely wrong as right, and its spread.
# Measured on 60 recordings of one speaker: of 547 right words 99.5 % fit better than -3.5; of 120 words that are not
# said, 108 are left out by the path and 11 of the others fit worse than -3.7.
_EVEN_FIT = -3.0
_FIT_SPREAD = 1.0
_WRONG_FIT = -3.7
# Voices and rooms that the model likes less fit worse in all their words, by this much at most, and spread wider.
_MOST_ALLOWANCE = 2.5
_SPREAD_WIDER = 1.5
# Of `Heard.speech` and the words' usual fit together: people 8, synthetic voices 2 to 7, music and noise below 0.2.
_LEAST_SPEECH = 0.5
_EXTRA_S = 0.1
_MOST_DOUBTFUL, _MOST_BADLY_FITTING = 1 / 3, 1 / 2
_SOME_DOUBTFUL = 0.1
_MOST_OTHER_INSIDE, _MOST_OTHER = 0.4, 0.75


_NAMED = 6
"""So many doubts are told one by one."""


class DoubtKind(StrEnum):
    MISSING = "missing"
    WRONG = "wrong"
    EXTRA = "extra"


@dataclass(frozen=True, slots=True)
class Doubt:
    """missing: the word is not in the sound.  wrong: something else is said in its place.  extra: something is said
    before word `index` that the text does not have.

    word: as spoken, '' for extra.  start_s, end_s: None when missing.
    """

    kind: DoubtKind
    index: int
    word: str
    start_s: float | None
    end_s: float | None

    def __str__(self) -> str:
        at = "" if self.start_s is None else f" at {self.start_s:.2f} s"
        return {
            DoubtKind.MISSING: f"'{self.word}' is missing",
            DoubtKind.WRONG: f"'{self.word}'{at} sounds like something else",
            DoubtKind.EXTRA: f"something else is said{at}",
        }[self.kind]


@dataclass(frozen=True, slots=True)
class Verdict:
    """possible: whether these words can be what was said.  score: 0..1, the share of the words that is heard.

    doubts: in order of the text.
    """

    possible: bool
    score: float
    doubts: tuple[Doubt, ...]

    @property
    def exact(self) -> bool:
        return self.possible and not self.doubts

    @property
    def sentence(self) -> str:
        if not self.possible:
            return f"These words cannot be what was said: {self._named()}."
        return f"The words are said, with doubts: {self._named()}." if self.doubts else "The words are said."

    def _named(self) -> str:
        words = [doubt.word for doubt in self.doubts if doubt.word]
        if len(words) > 2 * _NAMED and not self.possible:
            return f"{len(words)} of them are not heard, '{words[0]}' and '{words[1]}' first of all"
        named = "; ".join(str(doubt) for doubt in self.doubts[:_NAMED])
        more = len(self.doubts) - _NAMED
        return f"{named}; and {more} more" if more > 0 else named or "there is no speech"


def confidence(fit: float) -> float:
    """0..1 that a phone is heard where the path has it."""
    return 1 / (1 + math.exp(min(50.0, -(fit - _EVEN_FIT) / _FIT_SPREAD)))


def judge(heard: Sequence[Heard], words: Sequence[str]) -> Verdict:
    """Doubts about a path that could leave words out and stand for anything (see `Prices`)."""
    phones: dict[int, list[Heard]] = {}
    for phone in heard:
        if phone.word != NO_WORD:
            phones.setdefault(phone.word, []).append(phone)
    others = _others(heard)
    doubts = _doubtful_words(phones, others, words)
    unheard = len(doubts) / max(1, len(words))
    # Without a gap in the path, half of the words may fit badly: in a short text one is half of it.
    most = _MOST_DOUBTFUL if others or len(phones) < len(words) else _MOST_BADLY_FITTING
    possible = unheard <= most and _mostly_text(phones, others, strict=unheard >= _SOME_DOUBTFUL)
    explained = {(doubt.start_s, doubt.end_s) for doubt in doubts}
    doubts += [
        Doubt(DoubtKind.EXTRA, junction, "", start, end)
        for junction, start, end in others
        if (start, end) not in explained
    ]
    in_order = sorted(doubts, key=lambda doubt: (doubt.index, doubt.kind is not DoubtKind.EXTRA))
    return Verdict(possible, 1 - unheard, tuple(in_order))


def _doubtful_words(
    phones: Mapping[int, Sequence[Heard]], others: Sequence[tuple[int, float, float]], words: Sequence[str]
) -> list[Doubt]:
    """A word that is left out where something else is said is that something."""
    limit = _WRONG_FIT - _SPREAD_WIDER * min(max(-_usual_fit(phones), 0.0), _MOST_ALLOWANCE)
    doubts = []
    for index, word in enumerate(words):
        said = phones.get(index)
        beside = [(start, end) for junction, start, end in others if junction in (index, index + 1)]
        if said is None and beside:
            doubts.append(Doubt(DoubtKind.WRONG, index, word, *beside[0]))
        elif said is None:
            doubts.append(Doubt(DoubtKind.MISSING, index, word, None, None))
        elif _word_fit(said) < limit:
            doubts.append(Doubt(DoubtKind.WRONG, index, word, said[0].start_s, said[-1].end_s))
    return doubts


def _mostly_text(
    phones: Mapping[int, Sequence[Heard]], others: Sequence[tuple[int, float, float]], strict: bool
) -> bool:
    """From the first word that is heard to the last, what is said is the text; before and after it may be more, and
    music, unless words of the text are missing too (strict): then a few were only found somewhere in other speech."""
    if not phones or _speech(phones) + min(_usual_fit(phones), 0.0) < _LEAST_SPEECH:
        return False
    first, last = min(phones), max(phones)
    inside_s = sum(end - start for junction, start, end in others if first < junction <= last)
    all_s = sum(end - start for _, start, end in others)
    said_s = sum(phone.end_s - phone.start_s for several in phones.values() for phone in several)
    return inside_s <= _MOST_OTHER_INSIDE * said_s and not (strict and all_s > _MOST_OTHER * said_s)


def _usual_fit(phones: Mapping[int, Sequence[Heard]]) -> float:
    fits = sorted(_word_fit(several) for several in phones.values())
    return fits[len(fits) // 2] if fits else 0.0


def _speech(phones: Mapping[int, Sequence[Heard]]) -> float:
    every = [phone for several in phones.values() for phone in several]
    length_s = sum(phone.end_s - phone.start_s for phone in every)
    return sum(phone.speech * (phone.end_s - phone.start_s) for phone in every) / max(length_s, 1e-6)


def _word_fit(phones: Sequence[Heard]) -> float:
    """The mean of its phones, each counting alike, for a wrong consonant is short."""
    return sum(phone.fit for phone in phones) / len(phones)


def _others(heard: Sequence[Heard]) -> list[tuple[int, float, float]]:
    """Junction, start and end of what stands for none of the words."""
    found: list[tuple[int, float, float]] = []
    for phone in heard:
        if phone.label == ANYTHING and phone.end_s - phone.start_s >= _EXTRA_S:
            found.append((phone.junction, phone.start_s, phone.end_s))
    return found
