"""What the picture asks of the speech: for a phrase the moments of the footage at which the mouth begins, ends and
shuts, and the words that it is seen to say."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import inf, log

from ..domain.speech import Alignment, Phone
from .activity import MouthPhrase
from .phrases import Phrase
from .said import Performed

__all__ = ["Guide", "Moment", "carried_over", "mouth_guides", "said_guide"]

_BILABIALS = frozenset({"P", "B", "M"})
_EDGE, _WORD, _SHUT, _INNER_EDGE, _SEEN_SHUT = 1.5, 1.0, 0.8, 0.3, 0.4
_SHUT_REACH_S = 0.12
"""A closing of the actor's lips that lies further from a p, b, m than this belongs to another sound."""

_MOST_JOINED = 12
_JOIN_COST = 0.05
_SKIP_COST = 0.6
"""Of joining two phrases into one, and of a second in which the mouth moves to no sound; beside 1 for a rate of e."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What the voice says at spoken_s of its utterance is seen at footage_s. weight: how much it matters."""

    spoken_s: float
    footage_s: float
    weight: float


@dataclass(frozen=True, slots=True)
class Guide:
    """start_s, end_s: of the footage.  moments: in order, the phrase's start and end among them.  said: the actor says
    these very words.  pauses: words (counted in the alignment) before which the actor makes a pause."""

    start_s: float
    end_s: float
    moments: tuple[Moment, ...]
    said: bool
    pauses: tuple[int, ...] = ()
    word_s: tuple[float, ...] = field(default=())

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


_PAUSE_S = 0.08


def said_guide(alignment: Alignment, phrase: Phrase, performed: Performed) -> Guide:
    """From the actor's own words. word_s: how long each of them lasts, up to the next where no pause follows."""
    spoken = alignment.words[phrase.first_word : phrase.end_word]
    own = performed.words
    moments = [
        Moment(float(phrase.start), float(own[0].start), _EDGE),
        Moment(float(phrase.end), float(own[-1].end), _EDGE),
    ]
    moments += [Moment(float(a.start), float(b.start), _WORD) for a, b in zip(spoken[1:], own[1:], strict=True)]
    for said, seen in zip(spoken, own, strict=True):
        ours = _bilabials(alignment.phones, float(said.start), float(said.end))
        theirs = _bilabials(performed.phones, float(seen.start), float(seen.end))
        if len(ours) == len(theirs):
            moments += [Moment(float(a.start), float(b.start), _SHUT) for a, b in zip(ours, theirs, strict=True)]
    gaps = [float(after.start - word.end) for word, after in pairwise(own)]
    lengths = [float(word.end - word.start) for word in own]
    word_s = [length + (gap if gap < _PAUSE_S else 0.0) for length, gap in zip(lengths, [*gaps, inf], strict=True)]
    pauses = tuple(phrase.first_word + k + 1 for k, gap in enumerate(gaps) if gap >= _PAUSE_S)
    ordered = _rising(moments)
    return Guide(float(own[0].start), float(own[-1].end), ordered, True, pauses, tuple(word_s))


def mouth_guides(
    lines: Sequence[tuple[Alignment, Sequence[Phrase]]], mouth: Sequence[MouthPhrase]
) -> list[list[Guide | None]]:
    """For each phrase of each line where the mouth moves for it, whatever it says; None where no mouth is left."""
    flat = [(alignment, phrase) for alignment, phrases in lines for phrase in phrases]
    starts, at_s = [], 0.0
    for alignment, phrases in lines:
        starts += [at_s + float(phrase.start) for phrase in phrases]
        at_s += float(alignment.speech.duration) + 0.3
    ends = [start + float(phrase.duration) for start, (_, phrase) in zip(starts, flat, strict=True)]
    found: list[Guide | None] = [None] * len(flat)
    for first, end, one, other in _pairs(starts, ends, mouth):
        group = slice(first, end)
        room = (mouth[one].start_s, mouth[other].end_s)
        shut = [moment for part in mouth[one : other + 1] for moment in part.shut_s]
        found[group] = _shared(flat[group], starts[group], ends[group], room, shut)
    split: list[list[Guide | None]] = []
    for _, phrases in lines:
        split.append(found[: len(phrases)])
        found = found[len(phrases) :]
    return split


def carried_over(guide: Guide, before: Alignment, after: Alignment) -> Guide:
    """The same guide counted in another take of the same line: between the same edges of words at the same share."""
    ours, theirs = (
        sorted({float(edge) for word in take.words for edge in (word.start, word.end)}) for take in (before, after)
    )
    if len(before.words) != len(after.words) or len(ours) != len(theirs):
        ours, theirs = ([float(word.start) for word in take.words] for take in (before, after))
    moments = [replace(one, spoken_s=_between(one.spoken_s, ours, theirs)) for one in guide.moments]
    return replace(guide, moments=_rising(moments))


def _between(value: float, row: Sequence[float], other: Sequence[float]) -> float:
    k = min(max(bisect_right(row, value + 1e-9) - 1, 0), len(row) - 2) if len(row) > 1 else 0
    if len(row) < 2 or row[k + 1] <= row[k]:
        return value
    return other[k] + (value - row[k]) * (other[k + 1] - other[k]) / (row[k + 1] - row[k])


def _pairs(
    starts: Sequence[float], ends: Sequence[float], mouth: Sequence[MouthPhrase]
) -> list[tuple[int, int, int, int]]:
    """(first phrase, end, first mouth phrase, last): the cheapest way to lay runs of phrases on runs of movement."""
    n, m = len(starts), len(mouth)
    best = [[inf] * (m + 1) for _ in range(n + 1)]
    came: list[list[tuple[int, int, bool] | None]] = [[None] * (m + 1) for _ in range(n + 1)]
    best[0][0] = 0.0
    for i in range(n + 1):
        for j in range(m + 1):
            if best[i][j] == inf or j == m:
                continue
            skipped = best[i][j] + _SKIP_COST * mouth[j].duration_s
            if skipped < best[i][j + 1]:
                best[i][j + 1], came[i][j + 1] = skipped, (i, j, False)
            for end in range(i + 1, min(i + _MOST_JOINED, n) + 1):
                for last in range(j, min(j + _MOST_JOINED, m)):
                    if end - i > 1 and last > j:
                        break
                    room = mouth[last].end_s - mouth[j].start_s
                    stretch = abs(log((ends[end - 1] - starts[i]) / room))
                    cost = best[i][j] + stretch + min(stretch, 1.0) ** 2 / 2 + _JOIN_COST * (end - i - 1 + last - j)
                    if cost < best[end][last + 1]:
                        best[end][last + 1], came[end][last + 1] = cost, (i, j, True)
    # Phrases that no movement is left for cost as much as saying them over a still mouth: they come last.
    left = [best[i][m] + 2.0 * sum(e - s for s, e in zip(starts[i:], ends[i:], strict=True)) for i in range(n + 1)]
    i, j = min(range(n + 1), key=left.__getitem__), m
    pairs = []
    while (step := came[i][j]) is not None:
        if step[2]:
            pairs.append((step[0], i, step[1], j - 1))
        i, j = step[:2]
    return pairs[::-1]


def _shared(
    group: Sequence[tuple[Alignment, Phrase]],
    starts: Sequence[float],
    ends: Sequence[float],
    room: tuple[float, float],
    shut: Sequence[float],
) -> list[Guide | None]:
    """One stretch of movement among the phrases that are said over it, each its share."""
    scale = (room[1] - room[0]) / (ends[-1] - starts[0])
    guides: list[Guide | None] = []
    for k, (alignment, phrase) in enumerate(group):
        own = [room[0] + scale * (edge - starts[0]) for edge in (starts[k], ends[k])]
        weights = (_EDGE if k == 0 else _INNER_EDGE, _EDGE if k == len(group) - 1 else _INNER_EDGE)
        moments = [
            Moment(float(edge), seen, weight)
            for edge, seen, weight in zip((phrase.start, phrase.end), own, weights, strict=True)
        ]
        for phone in _bilabials(alignment.phones, float(phrase.start), float(phrase.end)):
            middle = own[0] + scale * float((phone.start + phone.end) / 2 - phrase.start)
            near = min(shut, key=lambda seen: abs(seen - middle), default=inf)
            if abs(near - middle) <= _SHUT_REACH_S:
                half = float(phone.end - phone.start) / 2
                moments.append(Moment(float(phone.start), near - half, _SEEN_SHUT))
        guides.append(Guide(own[0], own[1], _rising(moments), False))
    return guides


def _bilabials(phones: Sequence[Phone], start_s: float, end_s: float) -> list[Phone]:
    return [p for p in phones if p.label in _BILABIALS and start_s - 0.005 <= float(p.start) < end_s]


def _rising(moments: Sequence[Moment]) -> tuple[Moment, ...]:
    """In order of speech; of two that run against each other the lighter one is dropped."""
    kept: list[Moment] = []
    for moment in sorted(moments, key=lambda one: (one.spoken_s, -one.weight)):
        while kept and kept[-1].footage_s >= moment.footage_s and kept[-1].weight < moment.weight:
            kept.pop()
        if not kept or (moment.footage_s > kept[-1].footage_s and moment.spoken_s > kept[-1].spoken_s):
            kept.append(moment)
    return tuple(kept)
