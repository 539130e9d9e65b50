"""The picture retimed to a speech: which moment of the footage each frame shows, smooth in its speed.

A quadratic programme over all frames of a line: words, ends of phrases and shut lips are drawn to the frames in which
they are heard, the speed stays near the footage's own and changes slowly, never leaves its limits, and a blink keeps
its own speed. Solved by alternating directions (Boyd et al. 2011) with banded matrices: linear in the number of frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST_BEND", "PAUSE_LIMITS", "SPEED_LIMITS", "Pin", "Quiet", "retimed_path"]

Floats = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

SPEED_LIMITS = (0.6, 1.7)
PAUSE_LIMITS = (0.3, 2.5)
"""While nobody speaks there is little to see but a slow head."""

_WHOLE_WEIGHT = 30.0
_PIN_S = 0.008
"""A pin of weight 1 that is missed by this much costs 1."""

_SPEED_COST = 1.2
MOST_BEND = 8.0
"""Change of speed, in 1 a second: from standing still to the footage's own speed in an eighth of a second."""

_BEND_SHARE = 1.0
_BEND_COST = 1.0
"""Of a second at 0 or twice the speed, and of a change of speed by 1 a second that lasts a second."""

_QUIET_COST = 60.0
_ROUNDS = 400
_PASSES = 6


@dataclass(frozen=True, slots=True)
class Pin:
    """At `at_s` of the line the footage should be at `footage_s`."""

    at_s: float
    footage_s: float
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Quiet:
    """A stretch of the footage, in seconds, that keeps its own speed: a blink."""

    start_s: float
    end_s: float


def retimed_path(
    n: int,
    rate: Fraction,
    pins: Sequence[Pin],
    quiet: Sequence[Quiet] = (),
    own: Mask | None = None,
    pause: Mask | None = None,
) -> Floats:
    """Seconds of the footage (n,), rising. own, pause: (n - 1,) steps at which the picture must keep its own speed,
    and at which nobody speaks.

    Pins that cannot be met within the limits are met as nearly as their weights say.
    """
    if n < 3 or not pins:
        start = pins[0].footage_s - pins[0].at_s if pins else 0.0
        return start + np.arange(n) / float(rate)
    kept = np.zeros(n - 1, bool) if own is None else own
    free = np.zeros(n - 1, bool) if pause is None else pause
    calm = kept.copy()
    path = _solve(n, float(rate), pins, calm, free)
    for number in range(_PASSES):
        # The steps that show a blink depend on the path: towards the end they are only added to, so that it settles.
        now = kept | _within(path, quiet) | (calm & (number >= _PASSES // 2))
        if (now == calm).all():
            break
        calm = now
        path = _solve(n, float(rate), pins, calm, free)
    whole = _on_whole_frames(path, float(rate), calm)
    return _solve(n, float(rate), [*pins, *whole], calm, free) if whole else path


def _on_whole_frames(path: Floats, rate: float, calm: Mask) -> list[Pin]:
    """Pins that move stretches of the footage's own speed to its very frames: nothing need be interpolated there."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], calm, [False]]).astype(int))).reshape(-1, 2)
    pins = []
    for first, last in edges.tolist():
        shift = np.rint(path[first] * rate) / rate - path[first]
        pins += [Pin(k / rate, float(path[first] + shift + (k - first) / rate), _WHOLE_WEIGHT) for k in (first, last)]
    return pins


def _within(path: Floats, quiet: Sequence[Quiet]) -> Mask:
    """Steps of the path that show some of a quiet stretch."""
    inside = np.zeros(len(path) - 1, bool)
    for one in quiet:
        inside |= (path[1:] > one.start_s) & (path[:-1] < one.end_s)
    return inside


def _solve(n: int, rate: float, pins: Sequence[Pin], calm: Mask, free: Mask) -> Floats:
    """Unknown: the offset of each frame from a path at the footage's own speed, which keeps the numbers small."""
    from scipy.linalg import cho_solve_banded, cholesky_banded

    origin = pins[0].footage_s - pins[0].at_s
    usual = (np.where(free, PAUSE_LIMITS[side], SPEED_LIMITS[side]) for side in (0, 1))
    lowest, highest = (np.where(calm, 1.0, most) - 1 for most in usual)
    upper, right = _quadratic(n, rate, pins, origin, calm)
    rho = 3.0 * float(np.median(upper[2])) / rate**2
    rho_bend = rho * _BEND_SHARE / rate**2
    held = upper.copy()
    _add_steps(held, np.full(n - 1, rho * rate**2))
    _add_bends(held, rho_bend * rate**4)
    factor = cholesky_banded(held)
    speed, dual = np.zeros(n - 1), np.zeros(n - 1)
    bend, bend_dual = np.zeros(n - 2), np.zeros(n - 2)
    for _ in range(_ROUNDS):
        pull = rho * rate * (speed - dual)
        turn = rho_bend * rate**2 * (bend - bend_dual)
        steps_of_turn = np.diff(turn, prepend=0.0, append=0.0)
        offset = cho_solve_banded(
            (factor, False),
            right - np.diff(pull, prepend=0.0, append=0.0) + np.diff(steps_of_turn, prepend=0.0, append=0.0),
        )
        steps = np.diff(offset) * rate
        speed = np.clip(steps + dual, lowest, highest)
        dual += steps - speed
        bends = np.diff(steps) * rate
        bend = np.clip(bends + bend_dual, -MOST_BEND, MOST_BEND)
        bend_dual += bends - bend
    kept = np.clip(np.diff(offset) * rate, lowest, highest)
    inside = offset[0] + np.concatenate([[0.0], np.cumsum(kept) / rate])
    inside += np.mean(offset - inside)
    return np.asarray(origin + inside + np.arange(n) / rate)


def _quadratic(n: int, rate: float, pins: Sequence[Pin], origin: float, calm: Mask) -> tuple[Floats, Floats]:
    """The upper band (3,n) of the costs' matrix and its right side (n,)."""
    upper, right = np.zeros((3, n)), np.zeros(n)
    upper[2] += 1e-6
    _add_steps(upper, np.where(calm, _QUIET_COST, _SPEED_COST) * rate)
    _add_bends(upper, _BEND_COST * rate**3)
    for pin in pins:
        at = float(np.clip(pin.at_s * rate, 0, n - 1))
        first = min(int(at), n - 2)
        share = at - first
        price = pin.weight / _PIN_S**2
        wanted = pin.footage_s - origin - pin.at_s
        for index, part in ((first, 1 - share), (first + 1, share)):
            upper[2, index] += price * part * part
            right[index] += price * part * wanted
        upper[1, first + 1] += price * share * (1 - share)
    return upper, right


def _add_steps(upper: Floats, prices: Floats) -> None:
    """Add the sum of prices[k] * (x[k + 1] - x[k])**2 to the band."""
    upper[2, :-1] += prices
    upper[2, 1:] += prices
    upper[1, 1:] -= prices


def _add_bends(upper: Floats, price: float) -> None:
    """Add price times the sum of (x[k] - 2 x[k + 1] + x[k + 2])**2 to the band."""
    n = upper.shape[1]
    shape = (1.0, -2.0, 1.0)
    for i in range(3):
        for j in range(i, 3):
            upper[2 - (j - i), j : n - 2 + j] += price * shape[i] * shape[j]
