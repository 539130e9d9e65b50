"""Times that another program found: WhisperX's JSON, and TextGrids read elsewhere. Checked, filled and made gapless.

WhisperX leaves numerals and symbols without times, and its times can drift beyond the recording; both are met here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from av_models.domain.errors import InputError
from av_models.domain.script import Line
from av_models.domain.speech import BREATH, SILENCE, Phone, Word
from av_models.speech.arpabet import is_phone, is_vowel

from .aligner import Aligned, KnownTimes
from .boundaries import PHONES, refine_boundaries
from .forced import as_16khz
from .pronounced import line_pronunciations

__all__ = ["ImportedTimes", "WhisperxTimes", "read_whisperx"]

_FINEST = 100_000
_DRIFT_S = Fraction(1, 4)
_REDO = "Align this very recording again, and give the file that comes out."
_LEAST_MATCHED = 0.5


@dataclass(frozen=True, slots=True)
class _Span:
    """written: as WhisperX has it. start, end: None where it gives no times."""

    written: str
    start: Fraction | None
    end: Fraction | None
    score: float | None


class WhisperxTimes:
    """A parsed JSON of WhisperX, or of a program that writes the same: segments, words, start, end, score."""

    name = "whisperx"

    def __init__(self, times: Mapping[str, Any]) -> None:
        self.times = times

    def align(self, samples: np.ndarray, rate_hz: int, line: Line, language: str, known: KnownTimes) -> Aligned:
        duration = Fraction(len(samples), rate_hz)
        spans = read_whisperx(self.times, duration)
        words, scores = _line_times(line, spans, duration)
        ways = [several[0] for several in line_pronunciations(line, language)]
        phones = _divided(words, ways, duration, scores)
        return Aligned(words, _refined(samples, rate_hz, phones, words), None, self.name)


class ImportedTimes:
    """Words and phones from a TextGrid. Phones that are no ARPAbet count as silence outside of words."""

    name = "textgrid"

    def __init__(self, words: Sequence[Word], phones: Sequence[Phone]) -> None:
        self.words, self.phones = tuple(words), tuple(phones)

    def align(self, samples: np.ndarray, rate_hz: int, line: Line, language: str, known: KnownTimes) -> Aligned:
        duration = Fraction(len(samples), rate_hz)
        ends = [word.end for word in self.words] + [phone.end for phone in self.phones]
        _refuse_drift(max(ends, default=Fraction(0)), duration)
        texts = tuple(word.text.lower() for word in self.words if word.text)
        if texts != line.spoken:
            raise InputError("The TextGrid has other words than the text.", "Give the text that its words tier has.")
        words = tuple(
            Word(text, word.start, min(word.end, duration))
            for text, word in zip(texts, (w for w in self.words if w.text), strict=True)
        )
        return Aligned(words, _gapless(self.phones, duration), None, self.name)


def read_whisperx(times: Mapping[str, Any], duration: Fraction) -> tuple[_Span, ...]:
    """Words in order. InputError when it is not of that form, or when times lie outside of the recording."""
    segments = times.get("segments")
    entries = times.get("word_segments")
    if isinstance(segments, list) and any(isinstance(s, Mapping) and s.get("words") for s in segments):
        entries = [word for segment in segments for word in segment.get("words") or ()]
    if not isinstance(entries, list) or not entries:
        remedy = "Give the .json that whisperx writes, with its segments and their words."
        raise InputError("The file holds no words with times.", remedy)
    spans = tuple(_span(entry) for entry in entries)
    timed = [span for span in spans if span.start is not None and span.end is not None]
    if not timed:
        raise InputError("None of the words in the file has a time.", _REDO)
    _refuse_drift(max(span.end for span in timed if span.end is not None), duration)
    for left, right in pairwise(timed):
        if right.start is not None and left.start is not None and right.start < left.start:
            raise InputError(f"The times run backwards at '{right.written}' ({float(right.start):.2f} s).", _REDO)
    return spans


def _span(entry: object) -> _Span:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("word"), str):
        raise InputError("A word in the file has no text.", "Give the .json as whisperx writes it.")
    start, end, score = (entry.get(key) for key in ("start", "end", "score"))
    try:
        exact = [None if time is None else Fraction(round(float(time) * _FINEST), _FINEST) for time in (start, end)]
        sure = None if score is None else min(max(float(score), 0.0), 1.0)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"The times of '{entry['word']}' are no numbers.", _REDO) from error
    if exact[0] is not None and exact[1] is not None and (exact[0] < 0 or exact[1] < exact[0]):
        raise InputError(f"'{entry['word']}' ends before it begins.", _REDO)
    return _Span(entry["word"], exact[0], exact[1], sure)


def _refuse_drift(last: Fraction, duration: Fraction) -> None:
    if last > duration + _DRIFT_S:
        raise InputError(
            f"The times run to {float(last):.2f} s, but the recording ends at {float(duration):.2f} s.", _REDO
        )


def _line_times(
    line: Line, spans: Sequence[_Span], duration: Fraction
) -> tuple[tuple[Word, ...], tuple[float | None, ...]]:
    """Spoken words of the line with times: those of written words that match, the rest by even division between."""
    written = [token for token in line.tokens if token.spoken]
    ours, theirs = [_key(token.written) for token in written], [_key(span.written) for span in spans]
    starts: list[Fraction | None] = []
    ends: list[Fraction | None] = []
    scores: list[float | None] = []
    partner: dict[int, _Span] = {}
    for block in SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks():
        partner.update({block.a + n: spans[block.b + n] for n in range(block.size)})
    if len(partner) < _LEAST_MATCHED * len(written):
        raise InputError("The file has other words than the text.", "Give the text that was transcribed.")
    for number, token in enumerate(written):
        span = partner.get(number)
        timed = span is not None and span.start is not None and span.end is not None
        for place in range(len(token.spoken)):
            scores.append(span.score if span else None)
            if not timed or span is None or span.start is None or span.end is None:
                starts.append(None)
                ends.append(None)
                continue
            share = (span.end - span.start) / len(token.spoken)
            starts.append(min(span.start + place * share, duration))
            ends.append(min(span.start + (place + 1) * share, duration))
    return _filled(line.spoken, starts, ends, duration), tuple(scores)


def _key(written: str) -> str:
    return "".join(letter for letter in written.lower() if letter.isalnum())


def _filled(
    spoken: Sequence[str], starts: Sequence[Fraction | None], ends: Sequence[Fraction | None], duration: Fraction
) -> tuple[Word, ...]:
    """Words without times share what lies between their neighbours, by their letters."""
    words: list[Word] = []
    number = 0
    while number < len(spoken):
        start, end = starts[number], ends[number]
        if start is not None and end is not None:
            begin = max(start, words[-1].end) if words else start
            words.append(Word(spoken[number], begin, max(end, begin)))
            number += 1
            continue
        last = number
        while last < len(spoken) and starts[last] is None:
            last += 1
        begin = words[-1].end if words else Fraction(0)
        until = starts[last] if last < len(spoken) else duration
        letters = [len(word) for word in spoken[number:last]]
        room = max((until or duration) - begin, Fraction(0))
        for word, size in zip(spoken[number:last], letters, strict=True):
            length = room * size / sum(letters)
            words.append(Word(word, begin, begin + length))
            begin += length
        number = last
    return tuple(words)


def _divided(
    words: Sequence[Word], ways: Sequence[Sequence[str]], duration: Fraction, scores: Sequence[float | None]
) -> list[Phone]:
    """Each word's phones by their usual lengths: a vowel counts twice a consonant. Silence between the words."""
    phones: list[Phone] = []
    at = Fraction(0)
    for word, way, score in zip(words, ways, scores, strict=True):
        if word.start > at:
            phones.append(Phone(SILENCE, at, word.start))
        shares = [2 if is_vowel(phone) else 1 for phone in way]
        begin = word.start
        for phone, share in zip(way, shares, strict=True):
            end = begin + (word.end - word.start) * share / sum(shares)
            if end > begin:
                phones.append(Phone(phone, begin, end, confidence=score))
            begin = end
        at = word.end
    if at < duration or not phones:
        phones.append(Phone(SILENCE, at, duration))
    return phones


def _refined(samples: np.ndarray, rate_hz: int, phones: Sequence[Phone], words: Sequence[Word]) -> tuple[Phone, ...]:
    """Boundaries inside words moved to where the sound changes; those of the words stay as they were given."""
    if len(phones) < 2:
        return tuple(phones)
    given = {word.start for word in words} | {word.end for word in words}
    labels = [phone.label.rstrip("012") for phone in phones]
    labels = [label if label in PHONES else "SIL" for label in labels]
    found = refine_boundaries(as_16khz(samples, rate_hz), [float(phone.start) for phone in phones[1:]], labels)
    starts = [phones[0].start]
    for phone, time in zip(phones[1:], found, strict=True):
        moved = phone.start if phone.start in given else Fraction(round(float(time) * _FINEST), _FINEST)
        starts.append(moved if starts[-1] < moved else phone.start)
    if any(left >= right for left, right in pairwise([*starts, phones[-1].end])):
        return tuple(phones)
    ends = [*starts[1:], phones[-1].end]
    return tuple(replace(p, start=s, end=e) for p, s, e in zip(phones, starts, ends, strict=True))


def _gapless(phones: Sequence[Phone], duration: Fraction) -> tuple[Phone, ...]:
    covering: list[Phone] = []
    for phone in phones:
        at = covering[-1].end if covering else Fraction(0)
        label = phone.label if is_phone(phone.label) or phone.label == BREATH else SILENCE
        if phone.start > at:
            covering.append(Phone(SILENCE, at, min(phone.start, duration)))
            at = covering[-1].end
        if min(phone.end, duration) > at:
            covering.append(Phone(label, at, min(phone.end, duration)))
    at = covering[-1].end if covering else Fraction(0)
    return (*covering, Phone(SILENCE, at, duration)) if at < duration else tuple(covering)
