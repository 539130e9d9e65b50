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

RETIME_LIMIT = 1.06
EASE_S = 0.48
MIN_PHRASE_S = 0.6
SLOPE_LIMITS = (0.6, 1.7)


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


def line_path(index: int, n_lines: int, n: int, rest: float, n_footage: int, rate: Fraction) -> tuple[Floats, str]:
    """Positions (n,) of line `index` (from 0) of a script, and how they were made: 'cut', 'retimed' or 'looped'."""
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
    return np.clip(eased(path, rate), 0, n_footage - 1), "looped" if turns else "cut"


def matched_path(
    n: int, rate: Fraction, spoken_s: Sequence[float], performed_s: Sequence[float], n_footage: int
) -> tuple[Floats, str]:
    """Positions (n,) such that what the actor says at performed_s is seen when the speech says it at spoken_s.

    Both are the starts of the same words, in seconds from the first frame. Words closer than MIN_PHRASE_S share a
    piece; a piece is never slowed or hurried beyond SLOPE_LIMITS.
    """
    knots_out, knots_in = [spoken_s[0]], [performed_s[0]]
    for out, performed in zip(spoken_s[1:], performed_s[1:], strict=True):
        if out - knots_out[-1] < MIN_PHRASE_S or performed <= knots_in[-1]:
            continue
        slope = np.clip((performed - knots_in[-1]) / (out - knots_out[-1]), *SLOPE_LIMITS)
        knots_in.append(knots_in[-1] + float(slope) * (out - knots_out[-1]))
        knots_out.append(out)
    times = np.arange(n) / float(rate)
    inside = np.interp(times, knots_out, knots_in)
    before = knots_in[0] + (times - knots_out[0])
    after = knots_in[-1] + (times - knots_out[-1])
    shown = np.where(times < knots_out[0], before, np.where(times > knots_out[-1], after, inside))
    return np.clip(shown * float(rate), 0, n_footage - 1), "retimed"


def anchors_of(positions: Floats, frame_times: Sequence[Fraction]) -> tuple[Anchor, ...]:
    """The path as exact anchors: only the frames where its speed changes, and both ends. Positions are kept to 1/1000
    frame."""
    exact = np.round(positions * 1000).astype(int)
    bends = np.flatnonzero(np.abs(np.diff(exact, 2)) > 1) + 1
    frames = sorted({0, len(exact) - 1, *bends.tolist()})
    return tuple(Anchor(frame, _time_at(int(exact[frame]), frame_times)) for frame in frames)


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


__all__ = ["anchors_of", "eased", "footage_times", "line_path", "matched_path", "play", "rest_frame", "there_and_back"]
