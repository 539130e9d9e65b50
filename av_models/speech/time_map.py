"""Speech played along a time map: longer here, shorter there, at its own pitch and to the exact sample.

Waveform-similarity overlap-add (Verhelst & Roelands 1993): windows of the speech are laid at a steady step, each taken
from where the map asks, moved by at most SEARCH_MS to where it goes on best from the window before.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["TimeMap", "render"]

Samples = NDArray[np.float32]
Floats = NDArray[np.floating[Any]]

WINDOW_MS = 30
SEARCH_MS = 9
_FADE_MS = 6
_PULL = 0.12
"""How much likeness a window may lose for lying exactly where the map asks instead of SEARCH_MS beside it."""

_QUIET = 1e-4
"""Windows of less level than this have nothing to be like; they are taken where the map asks."""


@dataclass(frozen=True, slots=True)
class TimeMap:
    """What is said at spoken_s[i] is heard at heard_s[i]; linear between, both in seconds and rising.

    heard_s rises everywhere. Where spoken_s stands still a silence is put in.  ValueError for any other map.
    """

    spoken_s: tuple[Fraction, ...]
    heard_s: tuple[Fraction, ...]

    def __post_init__(self) -> None:
        if len(self.spoken_s) != len(self.heard_s) or len(self.heard_s) < 2:
            raise ValueError(f"expected two rows of equal length, got {len(self.spoken_s)} and {len(self.heard_s)}")
        if any(b <= a for a, b in pairwise(self.heard_s)) or any(b < a for a, b in pairwise(self.spoken_s)):
            raise ValueError("a time map never runs backwards and never jumps")

    def heard(self, spoken_s: Fraction) -> Fraction:
        """When it is heard; beyond the ends of the map as far from them as before. At a silence put in: its end."""
        return _mapped(spoken_s, self.spoken_s, self.heard_s)

    def heard_end(self, spoken_s: Fraction) -> Fraction:
        """When what ends at spoken_s ends: at a silence put in, its beginning."""
        index = bisect_left(self.spoken_s, spoken_s)
        at_anchor = index < len(self.spoken_s) and self.spoken_s[index] == spoken_s
        return self.heard_s[index] if at_anchor else self.heard(spoken_s)

    @property
    def is_identity(self) -> bool:
        return self.spoken_s == self.heard_s

    def rates(self) -> tuple[Fraction, ...]:
        """How much faster than spoken each stretch is heard; 0 for a silence put in."""
        spoken = (b - a for a, b in pairwise(self.spoken_s))
        heard = (b - a for a, b in pairwise(self.heard_s))
        return tuple(one / other for one, other in zip(spoken, heard, strict=True))


def render(samples: Samples, rate_hz: int, time_map: TimeMap) -> Samples:
    """Mono samples (n,) along the map: exactly round(last heard_s * rate_hz) samples, the first heard at 0.

    The map must begin at 0 and end at the end of the samples.
    """
    n_out = round(time_map.heard_s[-1] * rate_hz)
    if samples.ndim != 1:
        raise ValueError(f"expected mono samples (n,), got {samples.shape}")
    if time_map.is_identity and n_out == samples.size:
        return samples
    spoken, heard = (np.array([float(t * rate_hz) for t in row]) for row in (time_map.spoken_s, time_map.heard_s))
    played = _overlap_add(np.asarray(samples, np.float32), spoken, heard, n_out, rate_hz)
    return np.asarray(played * _silences(spoken, heard, n_out, rate_hz), np.float32)


def _overlap_add(samples: Samples, spoken: Floats, heard: Floats, n_out: int, rate_hz: int) -> Floats:
    half = round(WINDOW_MS * rate_hz / 2000)
    search = round(SEARCH_MS * rate_hz / 1000)
    window = np.hanning(2 * half + 1)[:-1]
    margin = 2 * half + search
    source = np.pad(samples, (margin, margin + 2 * half))
    steps = np.arange(0, n_out + half, half)
    wanted = np.rint(np.interp(steps, heard, spoken)).astype(int)
    out = np.zeros(n_out + 4 * half)
    going_on = None
    for step, centre in zip(steps, wanted, strict=True):
        start = centre - half + margin
        if going_on is not None:
            start += _likest(source[start - search : start + search + 2 * half], going_on, search)
        out[step : step + 2 * half] += source[start : start + 2 * half] * window
        going_on = source[start + half : start + 3 * half]
    return out[half : half + n_out]


def _likest(near: Samples, going_on: Samples, search: int) -> int:
    """The shift -search..search at which `near` is most like what would have come next."""
    energy = float(going_on @ going_on)
    if energy < _QUIET**2 * going_on.size:
        return 0
    squares = np.concatenate([[0.0], np.cumsum(near.astype(np.float64) ** 2)])
    level = np.sqrt(np.maximum(squares[going_on.size :] - squares[: -going_on.size], 0.0) * energy)
    likeness = np.correlate(near, going_on, "valid") / np.maximum(level, _QUIET**2 * going_on.size)
    shifts = np.arange(-search, search + 1)
    return int(shifts[np.argmax(likeness - _PULL * (shifts / search) ** 2)])


def _silences(spoken: Floats, heard: Floats, n_out: int, rate_hz: int) -> Floats:
    """The level (n_out,): 0 in silences put in, with short fades on the speech's side of them."""
    still = np.flatnonzero(np.diff(spoken) == 0)
    level = np.ones(n_out)
    fade = _FADE_MS * rate_hz / 1000
    at = np.arange(n_out)
    for index in still:
        away = np.maximum(heard[index] - at, at - heard[index + 1])
        level = np.minimum(level, np.clip(away / fade, 0.0, 1.0))
    return level


def _mapped(time: Fraction, row: Sequence[Fraction], other: Sequence[Fraction]) -> Fraction:
    index = bisect_right(row, time) - 1
    if index < 0:
        return other[0] + (time - row[0])
    if index == len(row) - 1:
        return other[-1] + (time - row[-1])
    share = (time - row[index]) / (row[index + 1] - row[index])
    return other[index] + share * (other[index + 1] - other[index])
