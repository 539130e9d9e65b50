"""A line said as somebody performed the same words: when, how high and how loud, phone by phone, in another voice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from av_models.domain.errors import InputError
from av_models.domain.script import Line
from av_models.domain.speech import BREATH, SILENCE, Performance, PerformedPhone, Phone, Word

from .engine import Engine, Synthesis, TimedEngine
from .level import levelled
from .melody import follow
from .time_map import TimeMap, render
from .times import Stretch

__all__ = ["as_performed"]

Floats = NDArray[np.floating[Any]]

_LEAST_GAP_S = Fraction(50, 1000)
_SHORTEST_S = Fraction(1, 40)
_MOST_ST, _MOST_DB = 14.0, 8.0


def as_performed(
    engine: Engine,
    line: Line,
    performance: Performance,
    settings: Mapping[str, str],
    weights: Sequence[bytes],
    language: str,
    seed: int,
) -> Synthesis:
    """Say the line with the performance's times, melody and levels. Breaths and pauses of the script stay as written.

    An engine that can be told the times of phones says them so; the sound of another is played along a time map.
    InputError when the performance is of other words.
    """
    free = engine.synthesize(line, settings, weights, language, seed)
    if [word.text for word in free.words] != [word.text for word in performance.words]:
        raise InputError("The performance is of other words than the line.", "Use a reference that says the line.")
    wanted = _timed(free, performance)
    timed = _respoken(engine, line, wanted, settings, weights, language, seed) or _played(free, wanted)
    samples = follow(timed.samples, timed.rate_hz, _course_st(timed, performance))
    stretches = [
        Stretch("", round(word.start * timed.rate_hz), round(word.end * timed.rate_hz), index)
        for index, word in enumerate(timed.words)
    ]
    return replace(timed, samples=levelled(samples, timed.rate_hz, stretches, _gains_db(timed, performance)))


def _timed(free: Synthesis, performance: Performance) -> list[Phone]:
    """The voice's own phones at the performance's times: words as long as they were, phones in them as they compare."""
    before, last = free.words[0].start, free.words[-1].end
    lead = [phone for phone in free.phones if phone.end <= before]
    tail = [phone for phone in free.phones if phone.start >= last]
    wanted, shift = list(lead), before - performance.start
    for index, (word, said) in enumerate(zip(free.words, performance.words, strict=True)):
        if index:
            asked = _between(free.phones, free.words[index - 1].end, word.start)
            gap = said.start - performance.words[index - 1].end
            wanted += _gap(asked, gap, wanted[-1].end)
            shift = wanted[-1].end - said.start
        own = _between(free.phones, word.start, word.end)
        wanted += _word(own, [one.phone for one in _within(performance, said)], said, shift)
    for phone in tail:
        wanted.append(replace(phone, start=wanted[-1].end, end=wanted[-1].end + phone.end - phone.start))
    return wanted


def _gap(own: Sequence[Phone], performed: Fraction, at: Fraction) -> Iterator[Phone]:
    """What lies between two words: what the script asks for, else as much silence as in the performance."""
    marked = any(phone.label == BREATH for phone in own)
    if marked:
        for phone in own:
            yield replace(phone, start=at, end=at + phone.end - phone.start)
            at += phone.end - phone.start
    elif performed >= _LEAST_GAP_S:
        yield Phone(SILENCE, at, at + performed)


def _word(own: Sequence[Phone], performed: Sequence[Phone], said: Word, shift: Fraction) -> Iterator[Phone]:
    """The voice's phones of one word, their edges where the performance's are; by share where they differ in number."""
    edges = [phone.start for phone in performed] + [said.end]
    n = len(own)
    if len(performed) != n or edges[0] < said.start:
        whole = [p.start for p in own] + [own[-1].end]
        pace = (said.end - said.start) / (whole[-1] - whole[0])
        edges = [said.start + (edge - whole[0]) * pace for edge in whole]
    edges[0] = said.start
    for index in range(1, n):  # room for each phone, however fast the word was said
        least = min(_SHORTEST_S, (said.end - said.start) / n)
        edges[index] = min(max(edges[index], edges[index - 1] + least), said.end - least * (n - index))
    for phone, (start, end) in zip(own, pairwise(edges), strict=True):
        yield replace(phone, start=start + shift, end=end + shift)


def _between(phones: Sequence[Phone], start: Fraction, end: Fraction) -> list[Phone]:
    return [phone for phone in phones if start <= phone.start < end]


def _within(performance: Performance, word: Word) -> list[PerformedPhone]:
    return [
        one
        for one in performance.phones
        if word.start <= one.phone.start < word.end and one.phone.label not in (SILENCE, BREATH)
    ]


def _respoken(
    engine: Engine,
    line: Line,
    wanted: Sequence[Phone],
    settings: Mapping[str, str],
    weights: Sequence[bytes],
    language: str,
    seed: int,
) -> Synthesis | None:
    """None for an engine that cannot, or not this."""
    if not isinstance(engine, TimedEngine):
        return None
    try:
        return engine.respeak(line, wanted, settings, weights, language, seed)
    except InputError:
        return None


def _played(free: Synthesis, wanted: Sequence[Phone]) -> Synthesis:
    """The free take along a time map; its silences between words give way first."""
    spoken, heard = [Fraction(0)], [Fraction(0)]
    own = iter([phone for phone in free.phones if phone.label not in (SILENCE, BREATH)])
    for phone in wanted:
        if phone.label in (SILENCE, BREATH):
            continue
        source = next(own)
        for at, to in ((source.start, phone.start), (source.end, phone.end)):
            if to > heard[-1] and at >= spoken[-1]:
                spoken.append(at)
                heard.append(to)
    end = wanted[-1].end
    if end > heard[-1]:
        spoken.append(Fraction(free.samples.size, free.rate_hz))
        heard.append(end)
    samples = render(free.samples, free.rate_hz, TimeMap(tuple(spoken), tuple(heard)))
    return Synthesis(samples, free.rate_hz, _words_of(free, wanted), tuple(_until(wanted, samples.size, free.rate_hz)))


def _words_of(free: Synthesis, wanted: Sequence[Phone]) -> tuple[Word, ...]:
    sounding = iter([phone for phone in wanted if phone.label not in (SILENCE, BREATH)])
    words = []
    for word in free.words:
        n = sum(p.label not in (SILENCE, BREATH) for p in _between(free.phones, word.start, word.end))
        own = [next(sounding) for _ in range(n)]
        words.append(Word(word.text, own[0].start, own[-1].end))
    return tuple(words)


def _until(phones: Sequence[Phone], n_samples: int, rate_hz: int) -> Iterator[Phone]:
    """The same, ending with the sound's last sample."""
    yield from phones[:-1]
    yield replace(phones[-1], end=Fraction(n_samples, rate_hz))


def _course_st(timed: Synthesis, performance: Performance) -> Floats:
    """Semitones over the voice's middle (n,) that are wanted of it; NaN where the performance tells nothing."""
    course = np.full(timed.samples.size, np.nan)
    for word, said in zip(timed.words, performance.words, strict=True):
        points = [
            (float(at - said.start) / float(said.end - said.start), st)
            for one in _within(performance, said)
            if one.course_st
            for at, st in zip(
                (one.phone.start, (one.phone.start + one.phone.end) / 2, one.phone.end), one.course_st, strict=True
            )
        ]
        if not points:
            continue
        first, end = round(word.start * timed.rate_hz), min(round(word.end * timed.rate_hz), course.size)
        shares, heights = zip(*points, strict=True)
        course[first:end] = np.interp(np.linspace(0, 1, end - first), shares, heights)
    return np.clip(course, -_MOST_ST, _MOST_ST)


def _gains_db(timed: Synthesis, performance: Performance) -> list[float]:
    """Of each word: by how much the loudest sound of the performance's lies further from its middle than here."""
    performed = [max((one.level_db for one in _within(performance, word)), default=0.0) for word in performance.words]
    own = []
    for word in timed.words:
        part = timed.samples[round(word.start * timed.rate_hz) : round(word.end * timed.rate_hz)]
        own.append(float(10 * np.log10(np.mean(np.square(part, dtype=np.float64)) + 1e-9)) if part.size else -90.0)
    wanted = np.array(performed) - np.median(performed)
    found = np.array(own) - np.median(own)
    return [float(gain) for gain in np.clip(wanted - found, -_MOST_DB, _MOST_DB)]
