"""The embedded aligner: the acoustic model of pocketsphinx on a trellis of our own, its boundaries refined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import groupby, pairwise

import numpy as np

from av_models.domain.errors import InputError
from av_models.domain.script import Line
from av_models.domain.speech import BREATH, SILENCE, Phone, Word
from av_models.speech.arpabet import apply_stress, bare

from .aligner import Aligned, KnownTimes
from .events import Event, EventKind, find_events, measure_levels
from .forced import NO_WORD, Heard, NoPath, Ways, as_16khz, plain_ways
from .pronounced import line_ipa, line_pronunciations
from .recordings import lay_text
from .trellis import Prices
from .verdict import confidence, judge

__all__ = ["QUIETEST_RMS", "SphinxAligner", "exact_time", "mean_fit"]

QUIETEST_RMS = 1e-4
# What an um is called among the phones, so that lips move with it; no word covers it.
_FILLER = "AH0"
_FINEST = 10_000
_REMEDY = "Check the recording against the text, or record it again."


class SphinxAligner:
    """English; other languages through the nearest English sounds, which blurs their boundaries and its confidence."""

    name = "pocketsphinx"

    def __init__(self, on_progress: Callable[[float], None] | None = None) -> None:
        """on_progress: called with the seconds of sound that are done."""
        self.on_progress = on_progress

    def align(self, samples: np.ndarray, rate_hz: int, line: Line, language: str, known: KnownTimes) -> Aligned:
        if not line.spoken:
            raise InputError("The line has no words to align.", "Write at least one word on every line.")
        ways = line_pronunciations(line, language)
        sound = as_16khz(samples, rate_hz)
        if float(np.sqrt(np.mean(np.square(sound, dtype=np.float64)))) < QUIETEST_RMS:
            raise NoPath("The recording is silent: no word of the text is in it.", _REMEDY)
        heard = lay_text(sound, plain_ways(ways), Prices(), self.on_progress)
        verdict = judge(heard, line.spoken)
        if not verdict.possible:
            raise NoPath(verdict.sentence, _REMEDY)
        if _n_words(heard) < len(ways):
            heard = lay_text(sound, plain_ways(ways), Prices(forced=True))
            if _n_words(heard) < len(ways):
                raise NoPath(verdict.sentence, _REMEDY)
        events = find_events(sound, measure_levels(sound), _gaps(heard))
        duration = Fraction(len(samples), rate_hz)
        names = line_ipa(line, language)
        words, phones = _timed(heard, events, line.spoken, ways, names, duration)
        return Aligned(words, phones, round(mean_fit(heard), 2), self.name, verdict, events)


def _n_words(heard: Sequence[Heard]) -> int:
    return len({phone.word for phone in heard} - {NO_WORD})


def mean_fit(heard: Sequence[Heard]) -> float:
    """Mean log likelihood per frame of the words' phones, against the best phone of each frame."""
    said = [(phone.fit, phone.end_s - phone.start_s) for phone in heard if phone.word != NO_WORD]
    return sum(fit * length for fit, length in said) / max(sum(length for _, length in said), 1e-6)


def exact_time(seconds: float, end: Fraction) -> Fraction:
    """Seconds as a fraction on a grid of 0.1 ms, within [0, end]."""
    return min(max(Fraction(round(seconds * _FINEST), _FINEST), Fraction(0)), end)


def _gaps(heard: Sequence[Heard]) -> list[tuple[float, float]]:
    gaps = []
    for between, group in groupby(heard, key=lambda phone: phone.word == NO_WORD):
        phones = list(group)
        if between:
            gaps.append((phones[0].start_s, phones[-1].end_s))
    return gaps


def _timed(
    heard: Sequence[Heard],
    events: Sequence[Event],
    spoken: Sequence[str],
    ways: Ways,
    names: Sequence[Sequence[str]],
    duration: Fraction,
) -> tuple[tuple[Word, ...], tuple[Phone, ...]]:
    """Words, and phones that cover the sound; stress digits come back from the pronunciation that was chosen."""
    words: list[Word] = []
    phones: list[Phone] = []
    for index, group in groupby(heard, key=lambda phone: phone.word):
        run = list(group)
        first = len(phones)
        labels = (SILENCE,) * len(run) if index == NO_WORD else _stressed(run, ways[index])
        sounds = names[index] if index != NO_WORD and len(names[index]) == len(run) else ("",) * len(run)
        for phone, label, ipa in zip(run, labels, sounds, strict=True):
            start, end = exact_time(phone.start_s, duration), exact_time(phone.end_s, duration)
            if end > start:
                sure = None if index == NO_WORD else round(confidence(phone.fit), 3)
                phones.append(Phone(label, start, end, ipa, sure))
        if index != NO_WORD and len(phones) > first:
            words.append(Word(spoken[index], phones[first].start, phones[-1].end))
    return tuple(words), _with_events(_covering(phones, duration), events, duration)


def _stressed(run: Sequence[Heard], several: Sequence[Sequence[str]]) -> tuple[str, ...]:
    plain = tuple(phone.label for phone in run)
    chosen = next((way for way in several if tuple(map(bare, way)) == plain), several[0])
    return apply_stress(plain, chosen)


def _covering(phones: Sequence[Phone], duration: Fraction) -> list[Phone]:
    """From 0 to the end without gaps, neighbouring silences joined."""
    covering: list[Phone] = []
    for phone in phones:
        start = covering[-1].end if covering else Fraction(0)
        if covering and phone.label == SILENCE == covering[-1].label:
            covering[-1] = replace(covering[-1], end=phone.end)
        elif phone.end > start:
            covering.append(replace(phone, start=start))
    if not covering or covering[-1].end < duration:
        if covering and covering[-1].label == SILENCE:
            covering[-1] = replace(covering[-1], end=duration)
        else:
            covering.append(Phone(SILENCE, covering[-1].end if covering else Fraction(0), duration))
    return covering


def _with_events(phones: Sequence[Phone], events: Sequence[Event], duration: Fraction) -> tuple[Phone, ...]:
    """Breaths and fillers take their part of the silence in which they lie."""
    named = {EventKind.BREATH: BREATH, EventKind.FILLER: _FILLER}
    cuts = [
        (exact_time(e.start_s, duration), exact_time(e.end_s, duration), named[e.kind])
        for e in events
        if e.kind in named
    ]
    done: list[Phone] = []
    for phone in phones:
        inside = [cut for cut in cuts if phone.label == SILENCE and phone.start <= cut[0] < cut[1] <= phone.end]
        edges = sorted({phone.start, phone.end, *(time for cut in inside for time in cut[:2])})
        for start, end in pairwise(edges):
            label = next((cut[2] for cut in inside if cut[0] == start), phone.label)
            done.append(replace(phone, label=label, start=start, end=end))
    return tuple(done)
