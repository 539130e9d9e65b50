"""Is this recording saying these words? Used to decide whether an actor's lips can be kept as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

import numpy as np

from av_models.domain.errors import InputError
from av_models.domain.script import Line
from av_models.domain.speech import Word

from .forced import NO_WORD, Heard, as_16khz, plain_ways
from .pronounced import line_pronunciations, word_pronunciations
from .recordings import lay_text
from .sphinx import QUIETEST_RMS, exact_time
from .trellis import Prices
from .verdict import DoubtKind, Verdict, judge

__all__ = ["Match", "says", "verdict_on"]

# Nobody says a word in less; used to spare the search when the sound is far too short for the text.
_SHORTEST_WORD_S = 0.08
# One word in seven may be unclear, and a cough may lie between words.
_LEAST_HEARD = 0.85
_MOST_OTHER_S = 0.6


@dataclass(frozen=True, slots=True)
class Match:
    """score: 0..1, over 0.5 the sound fits the words.  words: their times, None when they are not said.

    said: the verdict.  reason: a sentence for the user.
    """

    said: bool
    score: float
    words: tuple[Word, ...] | None
    reason: str


def says(samples: np.ndarray, rate_hz: int, words: Sequence[str], language: str = "en-us") -> Match:
    """Whether mono float samples (n,) say exactly `words` (lower case, as spoken), and when."""
    if not words or samples.size == 0:
        return Match(False, 0.0, None, "There is no sound or no text to compare.")
    if float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) < QUIETEST_RMS:
        return Match(False, 0.0, None, "The recording is silent.")
    if samples.size / rate_hz < _SHORTEST_WORD_S * len(words):
        return Match(False, 0.0, None, f"{len(words)} words cannot be said in {samples.size / rate_hz:.1f} s.")
    try:
        ways = plain_ways(word_pronunciations(words, language))
        heard = lay_text(as_16khz(samples, rate_hz), ways, Prices())
    except InputError as error:
        return Match(False, 0.0, None, error.message)
    return _match(heard, judge(heard, words), words, Fraction(samples.size, rate_hz))


def verdict_on(samples: np.ndarray, rate_hz: int, line: Line, language: str = "en-us") -> Verdict:
    """Which words of a line are in doubt in mono float samples (n,): the self check of a synthetic voice.

    InputError when the sound is none or the language has no known sounds.
    """
    ways = plain_ways(line_pronunciations(line, language))
    return judge(lay_text(as_16khz(samples, rate_hz), ways, Prices()), line.spoken)


def _match(heard: Sequence[Heard], verdict: Verdict, words: Sequence[str], duration: Fraction) -> Match:
    other_s = sum((d.end_s or 0.0) - (d.start_s or 0.0) for d in verdict.doubts if d.kind is DoubtKind.EXTRA)
    missing = any(doubt.kind is DoubtKind.MISSING for doubt in verdict.doubts)
    score = round(verdict.score / (1 + other_s / max(float(duration), 1e-6)), 3)
    if verdict.possible and not missing and verdict.score >= _LEAST_HEARD and other_s <= _MOST_OTHER_S:
        return Match(True, score, _word_times(heard, words, duration), "The recording says these words.")
    return Match(False, min(score, 0.49), None, verdict.sentence)


def _word_times(heard: Sequence[Heard], words: Sequence[str], duration: Fraction) -> tuple[Word, ...]:
    times = []
    for index, group in groupby(heard, key=lambda phone: phone.word):
        phones = list(group)
        if index != NO_WORD:
            start, end = exact_time(phones[0].start_s, duration), exact_time(phones[-1].end_s, duration)
            times.append(Word(words[index], start, end))
    return tuple(times)
