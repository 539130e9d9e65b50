"""The states that a text can pass through, in order: every word by its ways of being said, and what may stand between.

Between any two words there may be silence, a noise, a spoken noise (breath, um) or something that the text does not
have; a word may be left out. Each of these has its price, so that it is taken only where the sound asks for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .acoustics import NOISES, SILENT, AcousticModel

__all__ = ["ANYTHING", "IMPOSSIBLE", "Prices", "Trellis", "Unit", "build_trellis"]

Array = NDArray[np.float32]

ANYTHING = "*"
IMPOSSIBLE = np.float32(-1e30)
_START = -1  # stands for "before the first frame" among the entries of a state
# What of a junction carries over a word that is left out; a run of words is left out by going from one to the next.
_BRIDGES = (SILENT, ANYTHING)
# Ums that stand in the text; beside them a noise must not take their place.
_FILLER_WORDS = frozenset({("AH",), ("AH", "M"), ("ER",), ("ER", "M"), ("HH", "M"), ("M",), ("M", "M")})
_NOISE_BESIDE_FILLER = -60.0

Entry = tuple[int, float]


@dataclass(frozen=True, slots=True)
class Prices:
    """Log probabilities. silence, noise, anything: to begin one.  anything_frame: of each of its frames, where 0 is the
    best phone of all.  skip: to leave a word out.  forced: neither anything nor skips are allowed."""

    silence: float = -1.0
    noise: float = -10.0
    anything: float = -80.0
    anything_frame: float = -2.5
    skip: float = -80.0
    forced: bool = False


@dataclass(frozen=True, slots=True)
class Unit:
    """A phone at its place. word: index, -1 for what stands before word `junction`.  way: which pronunciation."""

    phone: str
    word: int
    way: int
    junction: int
    first_state: int
    n_states: int


@dataclass(frozen=True, slots=True)
class Trellis:
    """senones: (states,), -1 for anything.  unit_of: (states,).  before: (states, k) states that may lead here.

    price: (states, k) what that costs.  start, end: (states,) what it costs to begin or to end here.
    """

    units: tuple[Unit, ...]
    senones: NDArray[np.int64]
    unit_of: NDArray[np.int64]
    before: NDArray[np.int64]
    price: Array
    start: Array
    end: Array


@dataclass(slots=True)
class _Growing:
    model: AcousticModel
    units: list[Unit] = field(default_factory=list)
    senones: list[int] = field(default_factory=list)
    unit_of: list[int] = field(default_factory=list)
    before: list[list[Entry]] = field(default_factory=list)

    def add(self, unit: Unit, states: Sequence[int], matrix: int, entries: Sequence[Entry]) -> Entry:
        """A phone whose first state is entered from `entries`; returns its last state and the price of leaving it."""
        self.units.append(unit)
        go = 0.0
        for place, senone in enumerate(states):
            here = len(self.senones)
            into = list(entries) if place == 0 else [(here - 1, go)]
            stay, go = (float(x) for x in self.model.moves[matrix][place]) if senone >= 0 else (0.0, 0.0)
            self.senones.append(senone)
            self.unit_of.append(len(self.units) - 1)
            self.before.append([(here, stay), *into])
        return len(self.senones) - 1, go


def build_trellis(
    ways: Sequence[Sequence[Sequence[str]]], model: AcousticModel, prices: Prices, free_end: bool = False
) -> Trellis:
    """ways: for each word its pronunciations in bare ARPAbet.  free_end: the path may end after any word."""
    grown = _Growing(model)
    said: list[Entry] = [(_START, 0.0)]  # ends of the word before this junction
    passed: list[Entry] = []  # states from which that word was left out
    ends: list[Entry] = []
    for word in range(len(ways) + 1):
        noise = _NOISE_BESIDE_FILLER if _beside_filler(ways, word) else prices.noise
        between, bridges = _between(grown, word, [*said, *passed], replace(prices, noise=noise))
        leaving = [*said, *between]
        if word == len(ways) or free_end:
            ends += [entry for entry in [*leaving, *passed] if entry[0] != _START]
        if word < len(ways):
            entries = [*leaving, *passed]
            passed = [] if prices.forced else [(s, cost + prices.skip) for s, cost in [*said, *bridges]]
            said = _word(grown, word, ways, entries)
    return _finished(grown, ends)


def _beside_filler(ways: Sequence[Sequence[Sequence[str]]], junction: int) -> bool:
    beside = ways[max(0, junction - 1) : junction + 1]
    return any(all(tuple(way) in _FILLER_WORDS for way in several) for several in beside)


def _between(
    grown: _Growing, junction: int, entries: Sequence[Entry], prices: Prices
) -> tuple[list[Entry], list[Entry]]:
    """Silence, noises and anything before word `junction`; one may follow another. Their ends, and the bridges'."""
    names = (SILENT, *NOISES) if prices.forced else (SILENT, *NOISES, ANYTHING)
    costs = {SILENT: prices.silence, ANYTHING: prices.anything}
    ends: list[Entry] = []
    firsts: list[int] = []
    for name in names:
        cost = costs.get(name, prices.noise)
        into = [(state, price + cost) for state, price in entries]
        states, matrix = ((-1,), 0) if name == ANYTHING else grown.model.states(name, SILENT, SILENT, True, True)
        firsts.append(len(grown.senones))
        unit = Unit(name, -1, 0, junction, firsts[-1], len(states))
        ends.append(grown.add(unit, states, matrix, into))
    for number, name in enumerate(names):
        cost = costs.get(name, prices.noise)
        others = [(state, price + cost) for other, (state, price) in enumerate(ends) if other != number]
        grown.before[firsts[number]] += others
    return ends, [end for end, name in zip(ends, names, strict=True) if name in _BRIDGES]


def _word(grown: _Growing, word: int, ways: Sequence[Sequence[Sequence[str]]], entries: Sequence[Entry]) -> list[Entry]:
    """Every pronunciation, side by side. A neighbouring word is known by its first pronunciation."""
    before = ways[word - 1][0][-1] if word else SILENT
    after = ways[word + 1][0][0] if word + 1 < len(ways) else SILENT
    ends = []
    for number, way in enumerate(ways[word]):
        into = list(entries)
        for place, phone in enumerate(way):
            left = way[place - 1] if place else before
            right = way[place + 1] if place + 1 < len(way) else after
            states, matrix = grown.model.states(phone, left, right, place == 0, place + 1 == len(way))
            into = [grown.add(Unit(phone, word, number, word, len(grown.senones), len(states)), states, matrix, into)]
        ends.append(into[0])
    return ends


def _finished(grown: _Growing, ends: Sequence[Entry]) -> Trellis:
    n = len(grown.senones)
    widest = max(len(entries) for entries in grown.before)
    before = np.tile(np.arange(n)[:, None], (1, widest))
    price = np.full((n, widest), IMPOSSIBLE, dtype=np.float32)
    start = np.full(n, IMPOSSIBLE, dtype=np.float32)
    end = np.full(n, IMPOSSIBLE, dtype=np.float32)
    for state, entries in enumerate(grown.before):
        for column, (source, cost) in enumerate(entries):
            if source == _START:
                start[state] = max(start[state], np.float32(cost))
            else:
                before[state, column], price[state, column] = source, cost
    for state, cost in ends:
        end[state] = max(end[state], np.float32(cost))
    return Trellis(
        tuple(grown.units), np.array(grown.senones), np.array(grown.unit_of), before, price, start, end
    )  # fmt: skip
