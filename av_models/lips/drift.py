"""Does the offset change in the course of a programme? A robust line through the offsets of its stretches.

The mouth's way of speaking is learned once; then each stretch only has to say where its own peak lies, and one stretch
of a few seconds is enough for that. A stretch that shows no peak (another speaker, a hidden mouth) has no vote.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from av_models.domain.sync import Drift, OffsetAt

from .expected import Target
from .sync import REACH_MS, LipOffset, measure_offset

__all__ = ["Course", "line_through", "measure_course"]

Floats = NDArray[np.float64]

_PIECE_S = 60.0
_STRETCH_S, _SHORTEST_S, _LEAST_STRETCHES = 10.0, 3.0, 4
_LEAST_SPAN_S = 15.0
_STEP_MS, _NEAR_MS = 2.0, 120.0
_LEAST_SHARE = 0.45
_HUBER = 1.345
_ROUNDS = 20
# Standard normal over t quantiles at 97.5 %, so that two standard errors mean the same however few the stretches.
_T_BY_FREEDOM = {1: 12.71, 2: 4.30, 3: 3.18, 4: 2.78, 5: 2.57, 6: 2.45, 7: 2.36, 8: 2.31, 9: 2.26, 10: 2.23}


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """found: the offset of the whole, at the middle of the programme if it drifts.  drift: of the lips' lateness, None
    below four stretches with a peak, or 15 s between the first and the last.  stretches: late_ms as offset_ms."""

    found: LipOffset
    drift: Drift | None
    stretches: tuple[OffsetAt, ...]


def measure_course(gap: Floats, times_s: Floats, target: Target, reach_ms: float = REACH_MS) -> Course | None:
    """Offset and drift of a gap (n,) at times_s (n,); None if no minute of it shows a peak."""
    first = _first_found(gap, times_s, target, reach_ms)
    if first is None:
        return None
    found, piece = first
    points = _followed(gap, times_s, target, found, piece)
    line = line_through(points)
    if line is None:
        return Course(found, None, points)
    # Once more on the whole, with the line taken out: what is left says how late it is in the middle.
    away_min = (times_s - (times_s[0] + times_s[-1]) / 2) / 60
    level_ms = _level_ms(points, line, away_min[0], times_s[0])
    again = measure_offset(gap, times_s - (level_ms + away_min * line.ms_per_min) / 1000, target, reach_ms)
    if again is None:
        return Course(found, line, points)
    found = replace(again, late_ms=again.late_ms + level_ms)
    points = _followed(gap, times_s, target, found, _n_stretches(float(np.ptp(times_s))) // 2)
    return Course(found, line_through(points) or line, points)


def line_through(points: Sequence[OffsetAt]) -> Drift | None:
    """A robust line (Huber 1964) through offsets: its slope per minute and the standard error of that."""
    if len(points) < _LEAST_STRETCHES or points[-1].at_s - points[0].at_s < _LEAST_SPAN_S:
        return None
    at_min = np.array([point.at_s for point in points]) / 60
    offsets = np.array([point.offset_ms for point in points])
    slope, middle = _theil_sen(at_min, offsets), at_min.mean()
    level = float(np.median(offsets - slope * (at_min - middle)))
    weights = np.ones(len(points))
    for _ in range(_ROUNDS):
        rest = offsets - level - slope * (at_min - middle)
        scale = max(1.4826 * float(np.median(np.abs(rest))), 1e-3)
        weights = np.minimum(1.0, _HUBER * scale / np.maximum(np.abs(rest), 1e-9))
        middle = float(np.average(at_min, weights=weights))
        spread = float((weights * (at_min - middle) ** 2).sum())
        slope = float((weights * (at_min - middle) * offsets).sum() / spread)
        level = float(np.average(offsets, weights=weights))
    rest = offsets - level - slope * (at_min - middle)
    freedom = len(points) - 2
    noise = float(np.sqrt(((weights * rest) ** 2).sum() / freedom)) / float((weights == 1.0).mean())
    error = noise / np.sqrt(spread) * _T_BY_FREEDOM.get(freedom, 2.1) / 2
    return Drift(round(slope, 3), round(float(error), 3), round(float(np.ptp(at_min)) * 60, 2), len(points))


def _level_ms(points: Sequence[OffsetAt], line: Drift, first_min: float, first_s: float) -> float:
    """Of the line, in the middle of the programme, which is `first_min` minutes before zero at first_s."""
    at_min = np.array([one.at_s - first_s for one in points]) / 60 + first_min
    return float(np.median(np.array([one.offset_ms for one in points]) - at_min * line.ms_per_min))


def _theil_sen(x: Floats, y: Floats) -> float:
    """The median of all slopes between two points (of at most 400 points)."""
    step = max(1, len(x) // 400)
    x, y = x[::step], y[::step]
    left, right = np.triu_indices(len(x), 1)
    return float(np.median((y[right] - y[left]) / (x[right] - x[left])))


def _first_found(gap: Floats, times_s: Floats, target: Target, reach_ms: float) -> tuple[LipOffset, int] | None:
    """The offset of the first minute that shows one, and its stretch: a long programme may drift too far for one peak.

    A programme of up to a minute and a half is one piece.
    """
    span_s = float(np.ptp(times_s))
    n_pieces = 1 if span_s < 1.5 * _PIECE_S else round(span_s / _PIECE_S)
    edges = np.linspace(0, len(gap), n_pieces + 1).astype(int)
    for start, end in pairwise(edges):
        found = measure_offset(gap[start:end], times_s[start:end], target, reach_ms)
        if found is not None:
            middle_s = float(times_s[start:end].mean() - times_s[0])
            return found, int(middle_s / max(span_s, 1e-6) * _n_stretches(span_s))
    return None


def _n_stretches(span_s: float) -> int:
    """Of ten seconds; shorter ones, so that a short clip has four."""
    return max(1, min(round(span_s / _SHORTEST_S), max(round(span_s / _STRETCH_S), 2 * _LEAST_STRETCHES)))


def _followed(gap: Floats, times_s: Floats, target: Target, found: LipOffset, begin: int) -> tuple[OffsetAt, ...]:
    """The peak of every stretch, looked for near that of its neighbour, from stretch `begin` outwards."""
    curve = Target((found.weights @ target.rows)[None])
    edges = np.linspace(0, len(gap), _n_stretches(float(np.ptp(times_s))) + 1).astype(int)
    parts = [slice(start, end) for start, end in pairwise(edges)]
    points: dict[int, OffsetAt] = {}
    for order in (range(begin, len(parts)), range(begin - 1, -1, -1)):
        recent = [found.late_ms] if not points else [points[min(points)].offset_ms]
        for number in order:
            near_ms = float(np.median(recent[-3:]))
            late_ms = _peak_near(gap[parts[number]], times_s[parts[number]], curve, near_ms, found.correlation)
            if late_ms is not None:
                points[number] = OffsetAt(round(float(times_s[parts[number]].mean()), 3), round(late_ms, 3))
                recent.append(late_ms)
    return tuple(points[number] for number in sorted(points))


def _peak_near(gap: Floats, times_s: Floats, curve: Target, near_ms: float, whole: float) -> float | None:
    seen = np.isfinite(gap)
    if seen.sum() < 24 or np.std(gap[seen]) < 1e-6:
        return None
    shifts_ms = near_ms + np.arange(-_NEAR_MS, _NEAR_MS + 1, _STEP_MS)
    y = gap[seen] - gap[seen].mean()
    moved = np.stack([curve.at(times_s[seen] - shift / 1000)[0] for shift in shifts_ms])
    moved = moved - moved.mean(axis=1, keepdims=True)
    scores = moved @ y / np.maximum(np.linalg.norm(moved, axis=1) * np.linalg.norm(y), 1e-12)
    best = int(np.argmax(scores))
    if best in (0, len(scores) - 1) or scores[best] < _LEAST_SHARE * whole:
        return None
    left, middle, right = scores[best - 1 : best + 2]
    bend = left - 2 * middle + right
    part = 0.0 if abs(bend) < 1e-15 else float(np.clip(0.5 * (left - right) / bend, -0.5, 0.5))
    return float(shifts_ms[best] + part * _STEP_MS)
