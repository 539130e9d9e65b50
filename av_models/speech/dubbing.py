"""An original and its translation side by side: which sentence answers to which, and whether it lasts as long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from av_models.domain.dubbing import DubbedSentence
from av_models.domain.script import Line, Token

from .syllables import count_syllables

__all__ = ["FASTEST", "SLOWEST", "TimedSentence", "compare", "pair_by_length", "sentences_of"]

SLOWEST, FASTEST = Fraction(85, 100), Fraction(120, 100)
"""How much slower and faster than of its own accord speech may be played before it is better rewritten."""

_ENDS = (".", "?", "!")
# Cost of a pairing that is not one to one, as a share of the whole text's syllables for each sentence more.
_UNEVEN = 0.12
_STEPS = ((1, 1), (1, 2), (2, 1), (1, 0), (0, 1), (2, 2))


@dataclass(frozen=True, slots=True)
class TimedSentence:
    """start, end: seconds, of the original in the footage, of the dubbed one in its own speech; None if unknown."""

    line: Line
    start: Fraction | None = None
    end: Fraction | None = None


def sentences_of(line: Line) -> tuple[Line, ...]:
    """A line cut at its sentence ends. Pauses and breaths belong to the sentence before them."""
    parts: list[list[Token]] = [[]]
    ended = False
    for token in line.tokens:
        if ended and token.spoken:
            parts.append([])
        ended = token.break_after in _ENDS if token.spoken else ended
        parts[-1].append(token)
    return tuple(replace(line, tokens=tuple(tokens)) for tokens in parts)


def compare(
    originals: Sequence[TimedSentence], dubbed: Sequence[TimedSentence], original_language: str, language: str
) -> tuple[DubbedSentence, ...]:
    """Every sentence of both once, in order."""
    long = [count_syllables(one.line, original_language) for one in originals]
    short = [count_syllables(one.line, language) for one in dubbed]
    return tuple(
        _compared(originals[a:b], dubbed[c:d], sum(long[a:b]), sum(short[c:d]))
        for a, b, c, d in pair_by_length(long, short)
    )


def pair_by_length(originals: Sequence[int], dubbed: Sequence[int]) -> tuple[tuple[int, int, int, int], ...]:
    """(first, end of the originals, first, end of the dubbed) of every pairing. Numbers: syllables of each sentence.

    Translations keep their order and, nearly, their share of the text's length (Gale and Church 1993): the cheapest way
    through both, where one to one costs nothing but the difference in share.
    """
    if len(originals) == len(dubbed):
        return tuple((k, k + 1, k, k + 1) for k in range(len(originals)))
    shares = [[n / max(sum(side), 1) for n in side] for side in (originals, dubbed)]
    best: dict[tuple[int, int], tuple[float, tuple[int, int]]] = {(0, 0): (0.0, (0, 0))}
    for i in range(len(originals) + 1):
        for j in range(len(dubbed) + 1):
            ways = [(best[i - a, j - b][0] + _cost(shares, i, j, a, b), (a, b)) for a, b in _STEPS if a <= i and b <= j]
            if ways:
                best[i, j] = min(ways)
    return tuple(reversed(list(_walk_back(best, len(originals), len(dubbed)))))


def _cost(shares: Sequence[Sequence[float]], i: int, j: int, a: int, b: int) -> float:
    return abs(sum(shares[0][i - a : i]) - sum(shares[1][j - b : j])) + _UNEVEN * (abs(a - b) + (a > 1 and b > 1))


def _walk_back(
    best: dict[tuple[int, int], tuple[float, tuple[int, int]]], i: int, j: int
) -> Iterator[tuple[int, int, int, int]]:
    while i or j:
        a, b = best[i, j][1]
        yield i - a, i, j - b, j
        i, j = i - a, j - b


def _compared(
    originals: Sequence[TimedSentence], dubbed: Sequence[TimedSentence], n_original: int, n_dubbed: int
) -> DubbedSentence:
    from ..lips.isochrony import isochrony

    room_s, spoken_s = _lasts(originals), _lasts(dubbed)
    judged = None
    if room_s and spoken_s:
        heard_s = min(max(room_s, spoken_s / FASTEST), spoken_s / SLOWEST)
        judged = isochrony(spoken_s, room_s, heard_s, n_dubbed)
    return DubbedSentence(_written(originals), _written(dubbed), n_original, n_dubbed, judged)


def _lasts(sentences: Sequence[TimedSentence]) -> Fraction | None:
    """From the first start to the last end, in seconds."""
    if not sentences or sentences[0].start is None or sentences[-1].end is None:
        return None
    return sentences[-1].end - sentences[0].start


def _written(sentences: Sequence[TimedSentence]) -> str:
    return " ".join(one.line.written for one in sentences)
