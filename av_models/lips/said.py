"""Which phrases of the script the actor says in the footage, and when each word and phone of it is seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ..domain.errors import InputError, ModelError
from ..domain.script import Line
from ..domain.speech import Phone, Word
from ..speech.phones import pronounce

__all__ = ["Performed", "find_said"]

Samples = NDArray[np.float32]

_Words = tuple[Word, ...]

_MARGIN_S = Fraction(15, 100)
_SAME_RUN_S = 2
_STEP_S = 0.01
_QUIET_DB = 34.0
"""Fricatives lie some 25 dB below the loudest vowels of a phrase; what lies lower still is no speech."""

_SHORTEST_WORD_S = Fraction(3, 100)
_FEWEST_PHONES = 8
"""Shorter phrases are found by chance in other speech; they count beside a neighbour or with the whole."""


@dataclass(frozen=True, slots=True)
class Performed:
    """What the actor says. words, phones: with times in the footage, those of the phrase in order."""

    words: tuple[Word, ...]
    phones: tuple[Phone, ...]


def find_said(
    samples: Samples, rate_hz: int, phrases: Sequence[Line], language: str
) -> tuple[tuple[Performed | None, ...], str]:
    """For each phrase where the actor says it, or None; and a sentence about the whole script.

    First the script as a whole, then phrase by phrase, in the order of the script.
    """
    from ..alignment.spoken import says

    words = [word for phrase in phrases for word in phrase.spoken]
    whole = says(samples, rate_hz, words, language)
    found: list[_Words | None] = [None] * len(phrases)
    if whole.said and whole.words is not None and len(whole.words) == len(words):
        at = 0
        for k, phrase in enumerate(phrases):
            found[k] = whole.words[at : at + len(phrase.spoken)]
            at += len(phrase.spoken)
    elif len(phrases) > 1:
        found = _one_by_one(samples, rate_hz, phrases, language)
    return tuple(_performed(samples, rate_hz, phrases, found, language)), whole.reason


def _one_by_one(samples: Samples, rate_hz: int, phrases: Sequence[Line], language: str) -> list[_Words | None]:
    """Spotted and then checked, in order; then short phrases between those that were found."""
    found: list[_Words | None] = [None] * len(phrases)
    reached = Fraction(0)
    for k, start_s, end_s in _spotted(samples, rate_hz, phrases, language):
        after = all(one is None for one in found[k:])
        if after and Fraction(start_s) + _MARGIN_S >= reached:
            found[k] = _checked(samples, rate_hz, phrases[k], language, Fraction(start_s), Fraction(end_s))
            reached = found[k][-1].end if found[k] else reached  # type: ignore[index]
    end = Fraction(len(samples), rate_hz)
    for k, phrase in enumerate(phrases):
        before, after_it = found[k - 1] if k else None, found[k + 1] if k + 1 < len(phrases) else None
        if found[k] is None and (before or after_it) and not _long_enough(phrase, language):
            first = before[-1].end if before else max(Fraction(0), after_it[0].start - 2)  # type: ignore[index]
            last = after_it[0].start if after_it else min(end, first + 2)
            found[k] = _checked(samples, rate_hz, phrase, language, first, last, margin=Fraction(0))
    return found


def _spotted(samples: Samples, rate_hz: int, phrases: Sequence[Line], language: str) -> list[tuple[int, float, float]]:
    """(phrase, start, end in seconds) of every place that sounds like one of the longer phrases, in order of time."""
    from ..alignment.spotting import spot

    longer = [k for k, phrase in enumerate(phrases) if _long_enough(phrase, language)]
    ways = [[pronounce(word, language) for word in phrases[k].spoken] for k in longer]
    return [(longer[k], start_s, end_s) for k, start_s, end_s in spot(samples, rate_hz, ways)]


def _checked(
    samples: Samples,
    rate_hz: int,
    phrase: Line,
    language: str,
    start: Fraction,
    end: Fraction,
    margin: Fraction = _MARGIN_S,
) -> _Words | None:
    from ..alignment.spoken import says

    first = round(max(start - margin, Fraction(0)) * rate_hz)
    match = says(samples[first : round((end + margin) * rate_hz)], rate_hz, phrase.spoken, language)
    if not match.said or match.words is None or len(match.words) != len(phrase.spoken):
        return None
    shift = Fraction(first, rate_hz)
    return tuple(Word(word.text, word.start + shift, word.end + shift) for word in match.words)


def _long_enough(phrase: Line, language: str) -> bool:
    return sum(len(pronounce(word, language)) for word in phrase.spoken) >= _FEWEST_PHONES


def _performed(
    samples: Samples, rate_hz: int, phrases: Sequence[Line], found: Sequence[_Words | None], language: str
) -> list[Performed | None]:
    """Words and phones of what was found, run by run: a phrase alone would take its neighbour's last sound for its
    own first."""
    done: list[Performed | None] = []
    while len(done) < len(phrases):
        first = len(done)
        own = found[first]
        if own is None:
            done.append(None)
            continue
        end = first + 1
        words = own
        while end < len(phrases) and (more := found[end]) and more[0].start - words[-1].end < _SAME_RUN_S:
            words += more
            end += 1
        done += _run(samples, rate_hz, phrases[first:end], words, language)
    return done


def _run(samples: Samples, rate_hz: int, phrases: Sequence[Line], words: _Words, language: str) -> Sequence[Performed]:
    from ..alignment.aligner import get_aligner

    start = max(words[0].start - _MARGIN_S, Fraction(0))
    first = round(start * rate_hz)
    shift = Fraction(first, rate_hz)
    piece = samples[first : round((words[-1].end + _MARGIN_S) * rate_hz)]
    line = Line(phrases[0].role, tuple(token for phrase in phrases for token in phrase.tokens), phrases[0].paragraph)
    phones: tuple[Phone, ...] = ()
    try:
        aligned = get_aligner("pocketsphinx").align(piece, rate_hz, line, language, ((), ()))
        if len(aligned.words) == len(words):
            words = tuple(Word(word.text, word.start + shift, word.end + shift) for word in aligned.words)
            phones = tuple(Phone(p.label, p.start + shift, p.end + shift, p.ipa, p.confidence) for p in aligned.phones)
    except (InputError, ModelError):
        pass  # the times of the words alone will do
    split: list[Performed] = []
    at = 0
    for phrase in phrases:
        own = words[at : at + len(phrase.spoken)]
        at += len(own)
        own = _trimmed(samples, rate_hz, own)
        inside = (p for p in phones if p.end > own[0].start and p.start < own[-1].end)
        split.append(Performed(own, tuple(replace(p, start=max(p.start, own[0].start)) for p in inside)))
    return split


def _trimmed(samples: Samples, rate_hz: int, words: _Words) -> _Words:
    """Words whose first begins and whose last ends where there is sound: aligners give short pauses to a neighbour."""
    step = max(1, round(_STEP_S * rate_hz))
    first, last = round(words[0].start * rate_hz), round(words[-1].end * rate_hz)
    n = (last - first) // step
    if n < 3:
        return words
    steps = samples[first : first + n * step].reshape(n, step).astype(np.float64)
    level_db = 10 * np.log10(np.square(steps).mean(1) + 1e-12)
    sounding = np.flatnonzero(level_db > np.percentile(level_db, 95) - _QUIET_DB)
    start = words[0].start + Fraction(int(sounding[0]) * step, rate_hz)
    end = words[0].start + Fraction((int(sounding[-1]) + 1) * step, rate_hz)
    own = list(words)
    own[0] = replace(own[0], start=min(start, own[0].end - _SHORTEST_WORD_S))
    own[-1] = replace(own[-1], end=max(end, own[-1].start + _SHORTEST_WORD_S))
    return tuple(word for word in own)
