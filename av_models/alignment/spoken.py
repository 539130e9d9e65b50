"""Is this recording saying these words? Used to decide whether an actor's lips can be kept as they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from av_models.domain.errors import InputError
from av_models.domain.speech import Word
from av_models.speech.phones import pronounce, pronunciations

from .forced import FRAME_S, ForcedWord, NoPath, force
from .sphinx import fit

__all__ = ["Match", "says"]

# Measured on recordings of one speaker and on synthetic ones: see LEAST_FIT. A recording counts as saying the words
# when the whole fits, most words fit one by one, and no silence is really something else that is being said.
_LEAST_FIT = -26.0
_FIT_SPREAD = 4.0
_POOR_WORD = -35.0
_MOST_POOR_WORDS = 0.3
_SPOKEN_SILENCE = -45.0
_LONG_SILENCE_FRAMES = 8
_QUIETEST_RMS = 1e-4
# Nobody says a word in less; used to spare the search when the sound is far too short for the text.
_SHORTEST_WORD_S = 0.08


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
    if float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) < _QUIETEST_RMS:
        return Match(False, 0.0, None, "The recording is silent.")
    if samples.size / rate_hz < _SHORTEST_WORD_S * len(words):
        return Match(False, 0.0, None, f"{len(words)} words cannot be said in {samples.size / rate_hz:.1f} s.")
    english = language.lower().startswith("en")
    try:
        ways = [pronunciations(word) if english else (pronounce(word, language),) for word in words]
        forced = force(samples, rate_hz, ways)
    except NoPath:
        return Match(False, 0.0, None, "The words cannot be laid over the recording.")
    except InputError as error:
        return Match(False, 0.0, None, error.message)
    return _judge(forced, words, Fraction(samples.size, rate_hz))


def _judge(forced: Sequence[ForcedWord], words: Sequence[str], duration: Fraction) -> Match:
    score = 1 / (1 + math.exp(-(fit(forced) - _LEAST_FIT) / _FIT_SPREAD))
    poor = [words[word.index] for word in forced if word.index is not None and fit([word]) < _POOR_WORD]
    other = [word for word in forced if word.index is None and _is_speech(word)]
    if score < 0.5:
        return Match(False, round(score, 3), None, "The recording does not fit the words.")
    if len(poor) > _MOST_POOR_WORDS * len(words):
        missing = f"{len(poor)} of {len(words)} words are not heard: {', '.join(poor[:5])}."
        return Match(False, round(score, 3), None, missing)
    if other:
        at_s = max(0.0, other[0].phones[0].first * FRAME_S)
        return Match(False, round(score, 3), None, f"Something else is said at {at_s:.1f} s.")
    return Match(True, round(score, 3), _word_times(forced, words, duration), "The recording says these words.")


def _is_speech(silence: ForcedWord) -> bool:
    long = sum(phone.n_frames for phone in silence.phones) >= _LONG_SILENCE_FRAMES
    return long and fit([silence]) < _SPOKEN_SILENCE


def _word_times(forced: Sequence[ForcedWord], words: Sequence[str], duration: Fraction) -> tuple[Word, ...]:
    frame = Fraction(round(FRAME_S * 1000), 1000)
    times = []
    for word in forced:
        if word.index is not None:
            last = word.phones[-1]
            start, end = word.phones[0].first * frame, (last.first + last.n_frames) * frame
            times.append(Word(words[word.index], max(start, Fraction(0)), min(end, duration)))
    return tuple(times)
