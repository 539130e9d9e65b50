"""Which moment of the actor's footage is shown when: the path of the picture through the footage.

A line's picture may be longer or shorter than what the actor performed. The path plays the footage at its own speed
and turns round where it must, slowing down before the turn, so that no frame jumps. In a script of several lines each
line leaves the same moment of rest and comes back to it, alternately to either side: what one line shows then depends
on nothing but its place in the script and its own length, and a changed line leaves the pictures of all the others as
they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..domain.edit import Anchor

Floats = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

RETIME_LIMIT = 1.06
EASE_S = 0.48
MOST_TRAVEL = 1.5
SHORT_GAP_FRAMES = 5
_MOST_SHIFT = 0.25
_STOPPED_S = 0.12


def rest_frame(landmarks: Floats, usable: NDArray[np.bool_]) -> int:
    """The frame, in the middle half of the footage, round which the face moves least. landmarks (N,68,2) px."""
    n = len(landmarks)
    points = np.nan_to_num(landmarks[:, 27:36].mean(1))
    size = np.nanmedian(np.linalg.norm(landmarks[:, 45] - landmarks[:, 36], axis=1))
    speed = np.linalg.norm(np.gradient(points, axis=0), axis=1) / size if n > 1 else np.zeros(n)
    mouth = np.linalg.norm(landmarks[:, 62] - landmarks[:, 66], axis=1) / size
    cost = np.nan_to_num(speed + 0.2 * mouth, nan=9.0) + 9.0 * ~usable
    width = max(3, min(9, n // 6))
    cost = np.convolve(np.pad(cost, width // 2, "edge"), np.ones(width) / width, "valid")[:n]
    first, last = n // 4, max(n // 4 + 1, n - n // 4)
    return first + int(cost[first:last].argmin())


def play(n: int, start: float, direction: int, n_footage: int) -> Floats:
    """Positions (n,) in frames of the footage: from `start` in `direction` (+1, -1), turning at either end."""
    top = max(n_footage - 1, 1)
    phase = start if direction > 0 else 2 * top - start
    swept = (phase + np.arange(n)) % (2 * top)
    return np.where(swept > top, 2 * top - swept, swept)


def there_and_back(n: int, rest: float, direction: int, n_footage: int) -> Floats:
    """Positions (n,) that leave `rest` in `direction` and come back to it moving the other way, after an odd number
    of turns."""
    room = {1: n_footage - 1 - rest, -1: rest}
    turns = 1
    while n / 2 > room[direction] * ((turns + 1) // 2) + room[-direction] * (turns // 2) and turns < 2 * n:
        turns += 2
    total = room[direction] * ((turns + 1) // 2) + room[-direction] * (turns // 2)
    share = min(1.0, n / 2 / max(total, 1e-6))
    knots, values, side = [0.0], [rest], direction
    for _ in range(turns):
        reach = room[side] * share
        knots += [knots[-1] + reach, knots[-1] + 2 * reach]
        values += [rest + side * reach, rest]
        side = -side
    scale = n / max(knots[-1], 1e-6)
    return np.interp(np.arange(n), np.array(knots) * scale, values)


def eased(positions: Floats, rate: Fraction) -> Floats:
    """The same path with every turn slowed down and sped up again; straight parts and both ends stay as they are."""
    n = len(positions)
    half = min(int(EASE_S * rate / 2), max((n - 1) // 4, 0))
    if half < 1:
        return positions
    ends = [2 * positions[0] - positions[half:0:-1], positions, 2 * positions[-1] - positions[-2 : -half - 2 : -1]]
    return np.convolve(np.concatenate(ends), np.ones(2 * half + 1) / (2 * half + 1), "valid")


def line_path(
    index: int, n_lines: int, n: int, rest: float, n_footage: int, rate: Fraction, blink: Mask | None = None
) -> tuple[Floats, str]:
    """Positions (n,) of line `index` (from 0) of a script, and how they were made: 'cut', 'retimed' or 'looped'.

    blink: (n_footage,) frames at which the path does not turn if a turn a little sooner or later can be had.
    """
    if n_lines == 1:
        if n_footage < n <= RETIME_LIMIT * n_footage:
            return np.linspace(0, n_footage - 1, n), "retimed"
        path = play(n, 0, 1, n_footage)
    elif index == 0:
        path = play(n, rest, -1, n_footage)[::-1]
    else:
        direction = 1 if index % 2 else -1
        last = index == n_lines - 1
        path = play(n, rest, direction, n_footage) if last else there_and_back(n, rest, direction, n_footage)
    turns = np.any(np.diff(np.sign(np.diff(path))) != 0)
    if turns and blink is not None:
        path = _turning_clear(path, blink, rate)
    return np.clip(eased(path, rate), 0, n_footage - 1), "looped" if turns else "cut"


def _turning_clear(path: Floats, blink: Mask, rate: Fraction) -> Floats:
    """The path with each turn that would stop in a blink moved to before or after it; the way there and back is played
    a little slower or faster."""
    margin = int(_STOPPED_S * rate) + 1
    near = np.convolve(blink, np.ones(2 * margin + 1), "same") > 0.5
    steps = np.sign(np.diff(path))
    knots = [0, *(np.flatnonzero(np.diff(steps) != 0) + 1).tolist(), len(path) - 1]
    values = path[knots].copy()
    for k in range(1, len(knots) - 1):
        at, away = values[k], max(abs(values[k] - values[k - 1]), abs(values[k] - values[k + 1]))
        shifts = sorted(range(-int(_MOST_SHIFT * away), int(_MOST_SHIFT * away) + 1), key=abs)
        places = (at + shift for shift in shifts if 0 <= at + shift <= len(near) - 1)
        values[k] = next((place for place in places if not near[round(float(place))]), at)
    return np.interp(np.arange(len(path)), knots, values)


def travel(n: int, start: float, end: float, first: float, last: float, rate: Fraction) -> Floats:
    """Positions (n,) within first..last that leave `start` forwards and come to `end` forwards.

    Time to spare is spent on a turn back and another forwards; ValueError if there is too little for the way.
    """
    spare = (n - 1) - (end - start)
    if n < 2 or end - start > MOST_TRAVEL * (n - 1):
        raise ValueError(f"no way from {start} to {end} in {n} frames")
    if spare < 0.25 * (n - 1):
        return np.linspace(start, end, n)
    swing = min(spare / 2, last - first)
    peak = min(max(start, end) + swing / 2, last)
    trough = max(peak - swing, first)
    peak = max(min(trough + swing, last), start)
    legs = np.cumsum([0.0, peak - start, peak - trough, abs(end - trough)])
    path = np.interp(np.linspace(0, legs[-1], n), legs, [start, peak, trough, end])
    return np.clip(eased(path, rate), first, last)


def best_stretch(good: Mask, cut: Mask, rate: Fraction) -> tuple[int, int]:
    """First and last frame of the longest stretch of one shot in which every frame is good, but for short gaps; all
    frames where none lasts a second. good, cut: (N,)."""
    n = len(good)
    usable = good.copy()
    for first, end in _runs(~good):
        if first > 0 and end < n and end - first <= SHORT_GAP_FRAMES:
            usable[first:end] = True
    best = (0, n - 1)
    longest = 0
    for first, end in _runs(usable):
        inner = np.flatnonzero(cut[first + 1 : end]) + first + 1
        for begin, stop in pairwise([first, *inner.tolist(), end]):
            if stop - begin > longest:
                longest, best = stop - begin, (begin, stop - 1)
    return best if longest >= rate else (0, n - 1)


def whole_at_cuts(positions: Floats, cut: Mask) -> Floats:
    """The same path, but never between the last frame of one shot and the first of the next."""
    before = np.floor(positions).astype(int)
    crossing = (positions > before) & cut[np.minimum(before + 1, len(cut) - 1)]
    return np.where(crossing, np.rint(positions), positions)


def straightened(positions: Floats, tolerance: float = 0.1) -> Floats:
    """The same path in few straight pieces, nowhere off by more than `tolerance` frames (Douglas & Peucker 1973)."""
    n = len(positions)
    kept = {0, n - 1}
    waiting = [(0, n - 1)]
    while waiting:
        first, last = waiting.pop()
        if last - first < 2:
            continue
        line = np.linspace(positions[first], positions[last], last - first + 1)
        off = np.abs(positions[first : last + 1] - line)
        worst = int(off.argmax())
        if off[worst] > tolerance:
            kept.add(first + worst)
            waiting += [(first, first + worst), (first + worst, last)]
    knots = sorted(kept)
    return np.interp(np.arange(n), knots, positions[knots])


def folded(positions: Floats, n_footage: int, rate: Fraction) -> tuple[Floats, bool]:
    """A path that runs past either end of the footage turns there, slowly, instead. Whether it had to."""
    top = max(n_footage - 1, 1)
    if positions.min() > -0.5 and positions.max() < top + 0.5:
        return np.clip(positions, 0, top), False
    swept = np.mod(positions, 2 * top)
    path = np.where(swept > top, 2 * top - swept, swept)
    return np.clip(eased(path, rate), 0, top), True


def anchors_of(positions: Floats, frame_times: Sequence[Fraction]) -> tuple[Anchor, ...]:
    """The path as exact anchors: only the frames where its speed changes, and both ends. Positions are kept to 1/1000
    frame."""
    exact = np.round(positions * 1000).astype(int)
    bends = np.flatnonzero(np.abs(np.diff(exact, 2)) > 1) + 1
    frames = sorted({0, len(exact) - 1, *bends.tolist()})
    return tuple(Anchor(frame, _time_at(int(exact[frame]), frame_times)) for frame in frames)


def _runs(mask: Mask) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(int)))
    return [(int(first), int(end)) for first, end in edges.reshape(-1, 2)]


def _time_at(thousandths: int, frame_times: Sequence[Fraction]) -> Fraction:
    whole, part = divmod(thousandths, 1000)
    if whole >= len(frame_times) - 1 or not part:
        return frame_times[min(whole, len(frame_times) - 1)]
    return frame_times[whole] + (frame_times[whole + 1] - frame_times[whole]) * Fraction(part, 1000)


def footage_times(anchors: Sequence[Anchor], n_frames: int) -> tuple[Fraction, ...]:
    """The footage time of each of n_frames, linear between anchors."""
    times: list[Fraction] = []
    for first, second in pairwise(anchors):
        step = (second.source_s - first.source_s) / (second.frame - first.frame)
        times += [first.source_s + step * k for k in range(second.frame - first.frame)]
    times.append(anchors[-1].source_s)
    return tuple(times[:n_frames])


__all__ = [
    "anchors_of",
    "best_stretch",
    "eased",
    "folded",
    "footage_times",
    "line_path",
    "play",
    "rest_frame",
    "straightened",
    "there_and_back",
    "travel",
    "whole_at_cuts",
]
