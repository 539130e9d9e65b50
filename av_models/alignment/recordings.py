"""A text of any length over a recording of any length: stretch by stretch, each begun where the last is certain.

A stretch is laid with more words than can be said in it and may end after any of them; what lies near its end is laid
again with the next one. So memory stays flat, time grows with the length, and an error does not run on: a stretch
begins at a word that was heard, best after a pause. Music or silence before the first word is stepped over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .acoustics import SILENT
from .boundaries import refine_boundaries
from .cepstra import RATE_HZ
from .forced import NO_WORD, Heard, Ways, force
from .trellis import Prices

__all__ = ["lay_text"]

Array = NDArray[np.float32]

STRETCH_S = 36.0
_UNSURE_S = 6.0
_MOST_WORDS_PER_S = 5.0
_PAUSE_S = 0.25
_STOPS = frozenset({"P", "B", "T", "D", "K", "G", "CH", "JH"})
_LONGEST_CLOSURE_S, _SHORTEST_PAUSE_S = 0.11, 0.06


def lay_text(
    sound: Array, ways: Ways, prices: Prices, on_progress: Callable[[float], None] | None = None
) -> tuple[Heard, ...]:
    """Phones in order, covering the sound (n,) at 16 kHz; () when no path exists.

    ways: for each word its pronunciations in bare ARPAbet.  on_progress: called with the seconds done.
    """
    laid: list[Heard] = []
    at, word = 0, 0
    while at < len(sound):
        last = len(sound) - at <= 1.3 * STRETCH_S * RATE_HZ
        stretch = sound[at:] if last else sound[at : at + round(STRETCH_S * RATE_HZ)]
        most = len(ways) if last else word + round(STRETCH_S * _MOST_WORDS_PER_S)
        heard = _refined(stretch, force(stretch, ways[word:most], prices, free_end=not last))
        if not heard:
            return ()
        kept, heard_words = (heard, len(ways)) if last else _certain(heard)
        begin_s = at / RATE_HZ
        laid += [_moved(phone, begin_s, word) for phone in kept]
        at = len(sound) if last else at + round(kept[-1].end_s * RATE_HZ)
        word += heard_words
        if on_progress:
            on_progress(at / RATE_HZ)
    return tuple(laid)


def _certain(heard: Sequence[Heard]) -> tuple[list[Heard], int]:
    """What may stand of a stretch, and how many words that is: up to a pause in its second half, else to a word's end.

    Without any word the stretch is kept as what it is, less its end.
    """
    limit_s = heard[-1].end_s - _UNSURE_S
    starts = [n for n in range(1, len(heard)) if _begins_word(heard[n - 1], heard[n]) and heard[n].start_s <= limit_s]
    if not starts:
        return _cut(heard, limit_s), 0
    pauses = [n for n in starts if _pause_s(heard, n) >= _PAUSE_S and heard[n].start_s > limit_s / 2]
    number = (pauses or starts)[-1]
    # The pause itself goes with the next stretch, so that its first word is not cut off.
    while number > 1 and heard[number - 1].word == NO_WORD:
        number -= 1
    if number <= 1:
        return _cut(heard, limit_s), 0
    return list(heard[:number]), max(phone.word for phone in heard[:number]) + 1


def _begins_word(before: Heard, phone: Heard) -> bool:
    return phone.word != NO_WORD and phone.word != before.word


def _pause_s(heard: Sequence[Heard], number: int) -> float:
    total_s = 0.0
    while number and heard[number - 1].word == NO_WORD:
        number -= 1
        total_s += heard[number].end_s - heard[number].start_s
    return total_s


def _cut(heard: Sequence[Heard], limit_s: float) -> list[Heard]:
    """Phones before the first word, or as far as `limit_s` when there is none."""
    kept = []
    for phone in heard:
        if phone.word != NO_WORD or phone.start_s >= limit_s:
            break
        kept.append(replace(phone, end_s=min(phone.end_s, limit_s)))
    return kept or [replace(heard[0], word=NO_WORD, end_s=min(heard[0].end_s, limit_s))]


def _moved(phone: Heard, by_s: float, words: int) -> Heard:
    return replace(
        phone,
        word=phone.word + words if phone.word != NO_WORD else NO_WORD,
        junction=phone.junction + words,
        start_s=phone.start_s + by_s,
        end_s=phone.end_s + by_s,
    )


def _without_slivers(phones: Sequence[Heard]) -> list[Heard]:
    """A silence too short for a pause belongs to the words: before a stop it is its closure, elsewhere it is halved."""
    kept: list[Heard] = []
    for number, phone in enumerate(phones):
        after = phones[number + 1] if number + 1 < len(phones) else None
        alone = kept and kept[-1].word != NO_WORD and after is not None and after.word != NO_WORD
        if phone.label == SILENT and alone and after is not None:
            length_s = phone.end_s - phone.start_s
            if after.label in _STOPS and length_s < _LONGEST_CLOSURE_S:
                continue
            if length_s < _SHORTEST_PAUSE_S:
                kept[-1] = replace(kept[-1], end_s=phone.start_s + length_s / 2)
                continue
        start_s = kept[-1].end_s if kept else phone.start_s
        kept.append(replace(phone, start_s=start_s))
    return kept


def _refined(sound: Array, heard: Sequence[Heard]) -> tuple[Heard, ...]:
    """Boundaries below the frame, after pauses that are none were given away."""
    phones = _without_slivers([phone for phone in heard if phone.end_s > phone.start_s])
    if len(phones) < 2:
        return tuple(phones)
    labels = [phone.label for phone in phones]
    times_s = refine_boundaries(sound, [phone.start_s for phone in phones[1:]], labels)
    edges = [phones[0].start_s, *(float(time) for time in times_s), phones[-1].end_s]
    return tuple(
        replace(phone, start_s=start, end_s=end) for phone, (start, end) in zip(phones, pairwise(edges), strict=True)
    )
