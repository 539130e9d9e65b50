"""Measuring how somebody speaks: pace, pauses, melody and dynamics of one stretch of speech."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from av_models.domain.errors import InputError
from av_models.domain.script import Line
from av_models.domain.speech import BREATH, SILENCE, Performance, PerformedPhone, Phone, Word
from av_models.domain.style import Style

from .arpabet import bare, is_vowel
from .melody import track_pitch

__all__ = ["measure_style", "performance_of"]

Samples = NDArray[np.float32]
Floats = NDArray[np.floating[Any]]

_PAUSE_S = 0.12
_FINAL_S = 0.3
_LEAST_SPEECH_S, _LEAST_VOICED = 1.0, 20
_LEAST_FINAL_FRAMES = 6
_ENDS = (".", "?", "!")


class _Melody:
    """Pitch of a stretch of speech in semitones over its median, at any time in seconds."""

    def __init__(self, samples: Samples, rate_hz: int) -> None:
        track, step = track_pitch(samples, rate_hz)
        self.at_s = (np.arange(track.size) + 0.5) * step / rate_hz
        voiced = track > 0
        if int(voiced.sum()) < _LEAST_VOICED:
            raise InputError("The style reference has hardly any voice in it.", "Use a recording of somebody speaking.")
        self.middle_hz = float(np.median(track[voiced]))
        self.st = np.where(voiced, 12 * np.log2(np.where(voiced, track, 1.0) / self.middle_hz), np.nan)

    def between(self, start_s: float, end_s: float) -> tuple[Floats, Floats]:
        """Times and semitones of the voiced frames there."""
        inside = (self.at_s >= start_s) & (self.at_s < end_s) & ~np.isnan(self.st)
        return self.at_s[inside], self.st[inside]


def measure_style(
    samples: Samples, rate_hz: int, words: Sequence[Word], phones: Sequence[Phone], line: Line | None
) -> Style:
    """phones: cover the sound. line: whose words these are; None where only phones were heard, then () for words.

    InputError for too little speech to tell anything.
    """
    sounds = [phone for phone in phones if phone.label not in (SILENCE, BREATH)]
    speech_s = float(sum(phone.end - phone.start for phone in sounds))
    if speech_s < _LEAST_SPEECH_S:
        problem = f"The style reference has {speech_s:.1f} s of speech."
        raise InputError(problem, f"Give at least {_LEAST_SPEECH_S:g} s, better five to fifteen.")
    melody = _Melody(samples, rate_hz)
    low, high = np.nanpercentile(melody.st, [16, 84])
    marks = _marks(words, line)
    comma_ms, sentence_ms = _pauses(phones, words, marks)
    levels = _vowel_levels(samples, rate_hz, sounds)
    return Style(
        syllables_per_s=round(len(levels) / speech_s, 3),
        comma_ms=comma_ms,
        sentence_ms=sentence_ms,
        middle_hz=round(melody.middle_hz, 2),
        spread_st=round(float(high - low) / 2, 3),
        finals_st=_finals(melody, phones, words, marks),
        swing_db=round(float(np.std(levels)), 3) if levels else 0.0,
        speech_s=round(speech_s, 3),
    )


def performance_of(samples: Samples, rate_hz: int, words: Sequence[Word], phones: Sequence[Phone]) -> Performance:
    """The same sound phone by phone, to be imposed on a voice that says the same words."""
    melody = _Melody(samples, rate_hz)
    sounds = [phone for phone in phones if phone.label not in (SILENCE, BREATH)]
    mean_db = float(np.mean(_vowel_levels(samples, rate_hz, sounds) or [0.0]))
    performed = tuple(
        PerformedPhone(phone, _course(melody, phone), round(_level_db(samples, rate_hz, phone) - mean_db, 2))
        for phone in phones
    )
    return Performance(tuple(words), performed)


def _course(melody: _Melody, phone: Phone) -> tuple[float, ...]:
    """At begin, middle and end, from a straight line through each half."""
    start_s, end_s = float(phone.start), float(phone.end)
    at_s, st = melody.between(start_s, end_s)
    if at_s.size < 2 or phone.label in (SILENCE, BREATH):
        return ()
    points = np.linspace(start_s, end_s, 3)
    return tuple(round(float(one), 3) for one in np.interp(points, at_s, st))


def _marks(words: Sequence[Word], line: Line | None) -> Mapping[int, str]:
    """Punctuation behind words, by their number; nothing where the words are not the line's."""
    if line is None or len(line.spoken) != len(words):
        return {}
    found, at = {}, 0
    for token in line.tokens:
        at += len(token.spoken)
        if token.break_after and token.spoken:
            found[at - 1] = token.break_after
    return found


def _pauses(phones: Sequence[Phone], words: Sequence[Word], marks: Mapping[int, str]) -> tuple[int, int]:
    """Usual pauses at commas and at the ends of sentences; without a text the shorter and the longer ones."""
    if marks:
        gaps = {k: float(after.start - before.end) for k, (before, after) in enumerate(pairwise(words))}
        commas = [gaps[k] for k, mark in marks.items() if mark == "," and k in gaps]
        sentences = [gaps[k] for k, mark in marks.items() if mark in _ENDS and k in gaps]
        return _ms(commas), _ms(sentences)
    inner = [float(p.end - p.start) for p in phones[1:-1] if p.label == SILENCE and p.end - p.start >= _PAUSE_S]
    inner.sort()
    return _ms(inner[: (len(inner) + 1) // 2]), _ms(inner[len(inner) // 2 :]) if len(inner) > 1 else 0


def _ms(gaps_s: Sequence[float]) -> int:
    return round(1000 * median(gaps_s)) if gaps_s else 0


def _finals(
    melody: _Melody, phones: Sequence[Phone], words: Sequence[Word], marks: Mapping[int, str]
) -> tuple[tuple[str, float], ...]:
    """Median movement before each kind of ending; without a text every ending counts as that of a statement."""
    found: dict[str, list[float]] = {}
    for mark, end_s in _endings(phones, words, marks):
        at_s, st = melody.between(end_s - _FINAL_S, end_s)
        if at_s.size >= _LEAST_FINAL_FRAMES:
            slope = float(np.polyfit(at_s, st, 1)[0])
            found.setdefault(mark, []).append(slope * float(at_s[-1] - at_s[0]))
    return tuple((mark, round(median(moves), 3)) for mark, moves in sorted(found.items()))


def _endings(phones: Sequence[Phone], words: Sequence[Word], marks: Mapping[int, str]) -> Iterator[tuple[str, float]]:
    """(mark, seconds) of each phrase's end."""
    if marks:
        for index, mark in marks.items():
            yield ("." if mark == "!" else mark), float(words[index].end)
        return
    for before, after in pairwise([*phones, Phone(SILENCE, phones[-1].end, phones[-1].end + 1)]):
        if after.label == SILENCE and before.label != SILENCE and after.end - after.start >= _PAUSE_S:
            yield ".", float(before.end)


def _vowel_levels(samples: Samples, rate_hz: int, sounds: Sequence[Phone]) -> list[float]:
    """Decibels of every vowel. Phones that were only heard carry no stress digit."""
    return [_level_db(samples, rate_hz, phone) for phone in sounds if is_vowel(bare(phone.label))]


def _level_db(samples: Samples, rate_hz: int, phone: Phone) -> float:
    part = samples[_sample(phone.start, rate_hz) : _sample(phone.end, rate_hz)]
    return float(10 * np.log10(np.mean(np.square(part, dtype=np.float64)) + 1e-12)) if part.size else -120.0


def _sample(at: Fraction, rate_hz: int) -> int:
    return round(at * rate_hz)
