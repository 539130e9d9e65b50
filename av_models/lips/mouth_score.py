"""How good a driven mouth is, before anything is painted: against the true opening where it is known, and against
what every listener expects of lips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..domain.speech import SILENCE, Phone
from .gestures import Gesture, gestures_of
from .mouth import GAP
from .visemes import CLOSED, MouthRange

Floats = NDArray[np.floating[Any]]

SHUT_SHARE = 0.10
"""Of the range of the opening: as good as shut."""
REACH_MS = 200
OPEN_VOWELS = frozenset({"AA", "AE", "AO", "EH"})
SETTLED_S = 0.25
"""After speech and before it: a pause is judged without so much at both ends."""


@dataclass(frozen=True, slots=True)
class MouthScore:
    """correlation, gain, late_ms: against the true opening, None where it is not known or nothing can be said.

    gain: how far the opening moves, over how far it truly does.  closures: p, b and m; shut: those with a shut frame
    inside or next to them.  open_vowels, false_closures: open vowels, and those with a shut frame inside that no p, b,
    m may claim. pause_movement: the largest step from frame to frame in the middle of pauses, in shares of the range;
    None without pauses.
    """

    correlation: float | None
    gain: float | None
    late_ms: float | None
    closures: int
    shut: int
    open_vowels: int
    false_closures: int
    pause_movement: float | None


def opening_share(codes: Floats, mouth: MouthRange) -> NDArray[np.float64]:
    """Normalised codes (n,8) -> how far the lips are apart, 0 shut, 1 widest (n,)."""
    shut, open_ = mouth.closed[GAP], mouth.high[GAP]
    return np.asarray((np.asarray(codes, np.float64)[:, GAP] - shut) / max(open_ - shut, 1e-6))


def score_mouth(
    opening: Floats, phones: Sequence[Phone], rate: Fraction, truth: Floats | None = None, first_s: float = 0.0
) -> MouthScore:
    """opening (n,): shares of the range, one a frame.  first_s: when the first frame begins, in the time of the
    phones.  truth (n,): the true opening in the same shares, or in any unit (then the gain means nothing)."""
    times = first_s + (np.arange(len(opening)) + 0.5) / float(rate)
    gestures = gestures_of(phones)
    closures = [gesture for gesture in gestures if gesture.name in CLOSED and _seen(gesture, times)]
    claimed = np.zeros(len(times), bool)
    hits = 0
    for gesture in closures:
        near = _near(gesture, times, 1 / float(rate))
        hits += bool((opening[near] <= SHUT_SHARE).any())
        claimed |= near
    vowels = [_inside(g, times) & ~claimed for g in gestures if g.name in OPEN_VOWELS]
    vowels = [frames for frames in vowels if frames.any()]
    false = sum(bool((opening[frames] <= SHUT_SHARE).any()) for frames in vowels)
    correlation, gain, late_ms = (None, None, None) if truth is None else _against(opening, truth, rate)
    moved = _pause_movement(opening, gestures, times)
    return MouthScore(correlation, gain, late_ms, len(closures), hits, len(vowels), false, moved)


def _against(opening: Floats, truth: Floats, rate: Fraction) -> tuple[float, float, float]:
    """Correlation and gain in place, and the shift that correlates best."""
    frames = np.arange(len(opening), dtype=np.float64)
    shifts = np.arange(-REACH_MS, REACH_MS + 1) * float(rate) / 1000
    inside = (frames >= -shifts[0]) & (frames <= frames[-1] + shifts[0])
    if inside.sum() < len(frames) // 2:
        inside[:] = True
    moved = [_correlation(np.interp(frames[inside] + shift, frames, opening), truth[inside]) for shift in shifts]
    late_ms = float(np.argmax(moved)) - REACH_MS
    return _correlation(opening, truth), float(opening.std() / max(float(truth.std()), 1e-9)), late_ms


def _correlation(a: Floats, b: Floats) -> float:
    return float(np.corrcoef(a, b)[0, 1]) if min(a.std(), b.std()) > 1e-9 else 0.0


def _pause_movement(opening: Floats, gestures: Sequence[Gesture], times: Floats) -> float | None:
    steps = [0.0]
    found = False
    for gesture in gestures:
        if gesture.name == SILENCE:
            inside = opening[(times >= gesture.start_s + SETTLED_S) & (times < gesture.end_s - SETTLED_S)]
            found |= len(inside) > 1
            steps.extend(abs(np.diff(inside)).tolist())
    return max(steps) if found else None


def _seen(gesture: Gesture, times: Floats) -> bool:
    return bool(times[0] <= gesture.middle_s <= times[-1])


def _inside(gesture: Gesture, times: Floats) -> NDArray[np.bool_]:
    return (times >= gesture.start_s) & (times < gesture.end_s)


def _near(gesture: Gesture, times: Floats, margin_s: float) -> NDArray[np.bool_]:
    return (times >= gesture.start_s - margin_s) & (times < gesture.end_s + margin_s)


__all__ = ["MouthScore", "opening_share", "score_mouth"]
