"""How long each phone of a speech must last so that its words fall where the actor's mouth says them.

A linear programme over the lengths of all phones and pauses: words, ends of phrases and shut lips are drawn to their
moments, pauses give way first, then vowels, consonants last, and no sound is ever hurried or dragged beyond the limits
that listeners take for natural (a just noticeable change of tempo is 5 %, Quené 2007; dubbing studios stay within 0.85
and 1.20). What cannot be reached within the limits stays off its moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..domain.speech import BREATH, SILENCE
from ..speech.arpabet import is_vowel

__all__ = ["RATE_LIMITS", "STEP_LIMIT", "Pull", "Segment", "heard_lengths"]

Floats = NDArray[np.floating[Any]]

RATE_LIMITS = (0.85, 1.20)
STEP_LIMIT = 0.15
"""Neighbouring sounds differ in rate by at most this share."""

_GUARD = 0.003
"""Lengths are rounded afterwards; the limits hold after that, too."""

_STOPS = frozenset({"P", "B", "T", "D", "K", "G", "CH", "JH"})
_COSTS = {"pause": 0.02, "vowel": 1.0, "consonant": 2.5, "stop": 4.0}
_TIERS = ((0.05, 1.0), (0.05, 2.0), (10.0, 4.0))
"""The first 5 % of a sound's length cost once, the next 5 % twice, the rest four times its price."""

_SHORTEST_PAUSE_S = 0.02
_GAP_COST = 0.1
_DEAD_BAND_S = 0.003


@dataclass(frozen=True, slots=True)
class Segment:
    """A phone, or a silence that may be put in. length_s: as spoken, 0 for the latter.  fixed: must stay as it is.

    floor_s: least length of a pause.  limits: slowest and fastest rate, 1 between them.
    """

    label: str
    length_s: float
    fixed: bool = False
    floor_s: float = _SHORTEST_PAUSE_S
    limits: tuple[float, float] = RATE_LIMITS

    @property
    def is_pause(self) -> bool:
        return self.label == SILENCE


@dataclass(frozen=True, slots=True)
class Pull:
    """The beginning of segment `index` (or the end of the last) is wanted at `heard_s`; weight: beside 1 for a word."""

    index: int
    heard_s: float
    weight: float = 1.0


def heard_lengths(segments: Sequence[Segment], pulls: Sequence[Pull]) -> Floats:
    """Lengths (n,) in seconds as heard. pulls: counted from the beginning of the first segment."""
    if not segments:
        return np.zeros(0)
    return _Programme(segments, pulls).solve()


class _Programme:
    """Variables: for each segment three tiers of growth and three of shrinking, for each pull early, late and free."""

    def __init__(self, segments: Sequence[Segment], pulls: Sequence[Pull]) -> None:
        self.segments = segments
        self.pulls = [pull for pull in pulls if 0 <= pull.index <= len(segments)]
        self.spoken = np.array([segment.length_s for segment in segments])

    def solve(self) -> Floats:
        from scipy.optimize import linprog

        cost, bounds = self._columns()
        equal, equal_to = self._pull_rows(len(cost))
        below, below_to = self._step_rows(len(cost))
        found = linprog(cost, A_ub=below, b_ub=below_to, A_eq=equal, b_eq=equal_to, bounds=bounds, method="highs-ds")
        if found.x is None:  # never seen: the lengths as spoken satisfy every limit
            return self.spoken.copy()
        change = found.x[: 6 * len(self.spoken)].reshape(-1, 6)
        return np.maximum(self.spoken + change[:, :3].sum(1) - change[:, 3:].sum(1), 0.0)

    def _columns(self) -> tuple[Floats, list[tuple[float, float | None]]]:
        cost: list[float] = []
        bounds: list[tuple[float, float | None]] = []
        for segment in self.segments:
            longest, shortest = _reach(segment)
            price = _price(segment)
            for most in (longest, -shortest):
                left = most
                for share, factor in _TIERS:
                    tier = left if segment.is_pause or left is None else min(share * segment.length_s, left)
                    cost.append(price * (1.0 if segment.is_pause else factor))
                    bounds.append((0.0, tier))
                    left = 0.0 if left is None else left - (tier or 0.0)
        for pull in self.pulls:
            cost += [12.0 * pull.weight, 12.0 * pull.weight, 0.0]
            bounds += [(0.0, None), (0.0, None), (-_DEAD_BAND_S, _DEAD_BAND_S)]
        return np.array(cost), bounds

    def _pull_rows(self, n_columns: int) -> tuple[Any, Floats | None]:
        from scipy.sparse import lil_matrix

        if not self.pulls:
            return None, None
        rows = lil_matrix((len(self.pulls), n_columns))
        wanted = np.zeros(len(self.pulls))
        for row, pull in enumerate(self.pulls):
            for index in range(pull.index):
                rows[row, 6 * index : 6 * index + 6] = (1, 1, 1, -1, -1, -1)
            first = 6 * len(self.segments) + 3 * row
            rows[row, first : first + 3] = (-1, 1, -1)
            wanted[row] = pull.heard_s - self.spoken[: pull.index].sum()
        return rows.tocsr(), wanted

    def _step_rows(self, n_columns: int) -> tuple[Any, Floats | None]:
        """x[b] / d[b] <= most * x[a] / d[a] and the other way round, for neighbouring sounds."""
        from scipy.sparse import lil_matrix

        most = 1 + STEP_LIMIT - _GUARD
        pairs = [
            pair
            for k in range(len(self.segments) - 1)
            if not (self.segments[k].is_pause or self.segments[k + 1].is_pause)
            for pair in ((k, k + 1), (k + 1, k))
        ]
        if not pairs:
            return None, None
        rows = lil_matrix((len(pairs), n_columns))
        for row, (one, other) in enumerate(pairs):
            rows[row, 6 * other : 6 * other + 6] = np.array([1, 1, 1, -1, -1, -1]) / self.spoken[other]
            rows[row, 6 * one : 6 * one + 6] = -most * np.array([1, 1, 1, -1, -1, -1]) / self.spoken[one]
        return rows.tocsr(), np.full(len(pairs), most - 1)


def _reach(segment: Segment) -> tuple[float | None, float]:
    """How far a segment may grow (None: without limit) and shrink (0 or below), in seconds."""
    if segment.fixed:
        return 0.0, 0.0
    if segment.is_pause:
        return None, min(0.0, segment.floor_s - segment.length_s)
    slowest, fastest = min(segment.limits[0] + _GUARD, 1.0), max(segment.limits[1] - _GUARD, 1.0)
    return segment.length_s * (1 / slowest - 1), segment.length_s * (1 / fastest - 1)


def _price(segment: Segment) -> float:
    if segment.is_pause:
        return _COSTS["pause"] if segment.length_s else _GAP_COST
    if segment.label == BREATH or is_vowel(segment.label):
        return _COSTS["vowel"]
    return _COSTS["stop" if segment.label in _STOPS else "consonant"]


def exact(lengths_s: Floats) -> tuple[Fraction, ...]:
    """Lengths in whole microseconds, rounded so that their sums stay true."""
    ends = np.rint(np.cumsum(lengths_s) * 1e6).astype(int)
    return tuple(Fraction(int(length), 1_000_000) for length in np.diff(ends, prepend=0))
