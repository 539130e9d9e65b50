"""The embedded aligner: pocketsphinx, whose acoustic model comes with its package."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from av_models.domain.errors import InputError
from av_models.domain.script import Line
from av_models.domain.speech import SILENCE, Phone, Word
from av_models.speech.arpabet import apply_stress, bare
from av_models.speech.normalise import letter_names
from av_models.speech.phones import letter_name, pronounce, pronunciations

from .aligner import Aligned, KnownTimes
from .forced import FRAME_S, ForcedWord, NoPath, force

__all__ = ["LEAST_FIT", "SphinxAligner", "fit"]

# Mean score per frame. Measured on 40 recordings of a speaker: right text -15 to -7, with noise at 10 dB -27 to -13;
# another text -62 to -39 when a path is found at all. Odd voices and dialects need room below the noisy ones.
LEAST_FIT = -40.0
_FRAME = Fraction(round(FRAME_S * 1000), 1000)
# A frame's window reaches past its nominal 10 ms, so boundaries come out early; measured against espeak's exact times.
_LAG = Fraction(8, 1000)


class SphinxAligner:
    name = "pocketsphinx"

    def align(self, samples: np.ndarray, rate_hz: int, line: Line, language: str, known: KnownTimes) -> Aligned:
        spoken, ways = line.spoken, line_pronunciations(line, language)
        if not spoken:
            raise InputError("The line has no words to align.", "Write at least one word on every line.")
        forced = force(samples, rate_hz, ways)
        score = fit(forced)
        if score < LEAST_FIT:
            raise NoPath(
                f"The sound does not say these words (fit {score:.0f}, at least {LEAST_FIT:.0f} is needed).",
                "Check the recording against the line, or record it again.",
            )
        duration = Fraction(samples.size, rate_hz)
        return Aligned(*_times(forced, spoken, ways, duration), round(score, 2), self.name)


def fit(forced: Sequence[ForcedWord]) -> float:
    """Mean score per frame over everything, silence included: words that the text lacks show up there."""
    phones = [phone for word in forced for phone in word.phones]
    return sum(phone.score for phone in phones) / max(1, sum(phone.n_frames for phone in phones))


def line_pronunciations(line: Line, language: str) -> list[tuple[tuple[str, ...], ...]]:
    """For every spoken word the ways it may be said: the author's alone, a letter's name, else the dictionary's."""
    ways: list[tuple[tuple[str, ...], ...]] = []
    for token in line.tokens:
        for word, is_letter in zip(token.spoken, letter_names(token.written, token.spoken), strict=True):
            if token.phones:
                ways.append((token.phones,))
            elif is_letter and word in "abcdefghijklmnopqrstuvwxyz":
                ways.append((letter_name(word),))
            elif language.lower().startswith("en"):
                ways.append(pronunciations(word))
            else:
                ways.append((pronounce(word, language),))
    return ways


def _times(
    forced: Sequence[ForcedWord],
    spoken: Sequence[str],
    ways: Sequence[Sequence[Sequence[str]]],
    duration: Fraction,
) -> tuple[tuple[Word, ...], tuple[Phone, ...]]:
    """Frames to seconds, clipped to the sound; stress digits come back from the pronunciation that was chosen."""

    def at(frame: int) -> Fraction:
        return min(max(frame * _FRAME + _LAG, Fraction(0)), duration)

    words: list[Word] = []
    phones: list[Phone] = []
    for entry in forced:
        first = len(phones)
        labels = _labels(entry, ways)
        for phone, label in zip(entry.phones, labels, strict=True):
            start, end = at(phone.first), at(phone.first + phone.n_frames)
            if end > start:
                phones.append(Phone(label, start, end))
        if entry.index is not None and len(phones) > first:
            words.append(Word(spoken[entry.index], phones[first].start, phones[-1].end))
    return tuple(words), _covering(phones, duration)


def _labels(entry: ForcedWord, ways: Sequence[Sequence[Sequence[str]]]) -> tuple[str, ...]:
    if entry.index is None:
        return (SILENCE,) * len(entry.phones)
    plain = tuple(phone.label for phone in entry.phones)
    chosen = next((way for way in ways[entry.index] if tuple(map(bare, way)) == plain), ways[entry.index][0])
    return apply_stress(plain, chosen)


def _covering(phones: Sequence[Phone], duration: Fraction) -> tuple[Phone, ...]:
    """Neighbouring silences joined; a last phone that ends a frame early is drawn to the end of the sound."""
    covering: list[Phone] = []
    for phone in phones:
        start = covering[-1].end if covering else Fraction(0)
        if covering and phone.label == SILENCE == covering[-1].label:
            covering[-1] = Phone(SILENCE, covering[-1].start, phone.end)
        else:
            covering.append(Phone(phone.label, start, phone.end))
    if covering and covering[-1].end < duration:
        last = covering[-1]
        if last.label == SILENCE or duration - last.end < 2 * _FRAME:
            covering[-1] = Phone(last.label, last.start, duration)
        else:
            covering.append(Phone(SILENCE, last.end, duration))
    return tuple(covering)
