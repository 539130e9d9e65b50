"""What every mouth obeys: lips shut on p, b and m, the lower lip at the teeth on f and v, and no movement faster than
this person moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..domain.speech import Phone
from .gestures import Gesture, gestures_of
from .mouth import CHIN, GAP, INNER_WIDTH, LOWER, OUTER_GAP, WIDTH
from .visemes import CLOSED, ON_TEETH, MouthRange

Floats = NDArray[np.floating[Any]]
Codes = NDArray[np.float64]

CLOSED_CORE = (0.12, 0.25)
"""Shares of a p, b or m at its start and its end that belong to moving: the lips part before the sound is over."""
TEETH_CORE = (0.2, 0.2)
TEETH_OPENING = (0.10, 0.30)
"""Least and most opening of f and v, as shares of the range: not shut, and no more than the teeth need."""
NEARLY_SHUT = 0.35
"""Of the range: an actor who comes so near on p, b or m meant to shut the lips; wider ones are left as they are."""
ROOM = 0.5
"""How far beyond the person's range a code may go: a decoder paints what it has seen, and smears what it has not."""
WIDTH_ROOM = 1.5
"""The same for the width of shut lips, from where they usually are: an m after a w is not a pursed w that is shut."""
PRESSED = 0.3
"""Beyond where shut lips usually are, in spreads: what is painted there on average is shut or all but shut, and of a p,
b or m nothing may stay open."""
_SHUT = [GAP, OUTER_GAP, LOWER]
"""A small gap with the lips of an open vowel is a mouth that nobody has."""
_GIVING_WAY = [GAP, OUTER_GAP, LOWER, CHIN]


def within(codes: Floats, mouth: MouthRange) -> Codes:
    """Beyond the person's range a code (n,8) gives in ever less, and goes no further than ROOM."""
    inside = np.clip(np.asarray(codes, np.float64), mouth.low, mouth.high)
    return np.asarray(inside + ROOM * np.tanh((codes - inside) / ROOM))


def close_lips(codes: Codes, gestures: Sequence[Gesture], times_s: Floats, mouth: MouthRange) -> Codes:
    """Codes (n,8) at times_s (n,) with lips near each other on f and v, and shut in every frame inside a p, b or m,
    or in the nearest one if none falls inside."""
    out = codes.copy()
    shut, span = mouth.closed[GAP], mouth.high[GAP] - mouth.closed[GAP]
    least, most = (shut + share * span for share in TEETH_OPENING)
    for gesture in gestures:
        if gesture.name in ON_TEETH:
            inside = _core(gesture, times_s, TEETH_CORE)
            out[inside, GAP] = np.clip(out[inside, GAP], least, most)
    for gesture in gestures:
        frames = closed_frames(gesture, times_s)
        for number in _SHUT:
            out[frames, number] = np.minimum(out[frames, number], mouth.closed[number] - PRESSED)
        _near_shut_width(out, frames, mouth)
    return slowed(out, times_s, mouth)


def hold_closures(codes: Floats, phones: Sequence[Phone], times_s: Floats, mouth: MouthRange) -> NDArray[np.float32]:
    """An actor's codes (n,8), shut where the actor is nearest to it in or next to a p, b or m, and all but shut."""
    measured, times = np.asarray(codes, np.float64), np.asarray(times_s, np.float64)
    near_s = float(np.median(np.diff(times))) if len(times) > 1 else 0.04
    most = mouth.closed[GAP] + NEARLY_SHUT * (mouth.high[GAP] - mouth.closed[GAP])
    frames = []
    for gesture in gestures_of(phones):
        first, last = np.searchsorted(times, [gesture.start_s - near_s, gesture.end_s + near_s])
        if gesture.name in CLOSED and last > first:
            frames.append(int(first + measured[first:last, GAP].argmin()))
    return shut_at([frame for frame in frames if measured[frame, GAP] <= most], measured, times, mouth)


def shut_at(frames: Sequence[int], codes: Floats, times_s: Floats, mouth: MouthRange) -> NDArray[np.float32]:
    """Codes (n,8) with lips shut in some frames. Those beside them give way; nothing else is touched."""
    shut = np.full(codes.shape, np.inf)
    for number in _SHUT:
        shut[list(frames), number] = mouth.closed[number] - PRESSED
    out = np.minimum(codes, _held(shut, _most(times_s, mouth)))
    _near_shut_width(out, frames, mouth)
    return out.astype(np.float32)


def _near_shut_width(codes: Codes, frames: Sequence[int], mouth: MouthRange) -> None:
    """Shut lips keep the width of their neighbours as far as shut lips can."""
    for number in (WIDTH, INNER_WIDTH):
        middle = mouth.closed[number]
        codes[list(frames), number] = np.clip(codes[list(frames), number], middle - WIDTH_ROOM, middle + WIDTH_ROOM)


def closed_frames(gesture: Gesture, times_s: Floats) -> list[int]:
    """The frames that show a p, b or m shut; none for other gestures."""
    return _core(gesture, times_s, CLOSED_CORE).tolist() if gesture.name in CLOSED else []


def _most(times_s: Floats, mouth: MouthRange) -> Floats:
    """The largest step from each frame to the next (n-1, 8)."""
    return np.diff(times_s)[:, None] * np.array(mouth.speed)


def slowed(codes: Codes, times_s: Floats, mouth: MouthRange) -> Codes:
    """No number changes faster than the person's own. Openings give way downwards, so that shut lips stay shut."""
    most = _most(times_s, mouth)
    below, above = _held(codes, most), -_held(-codes, most)
    out = (below + above) / 2
    out[:, _GIVING_WAY] = below[:, _GIVING_WAY]
    return out


def _held(codes: Codes, most: Floats) -> Codes:
    """The largest series below `codes` whose steps are no larger than `most` (n-1, 8)."""
    out = codes.copy()
    for k in range(1, len(out)):
        out[k] = np.minimum(out[k], out[k - 1] + most[k - 1])
    for k in range(len(out) - 2, -1, -1):
        out[k] = np.minimum(out[k], out[k + 1] + most[k])
    return out


def _core(gesture: Gesture, times: Floats, margins: tuple[float, float]) -> NDArray[np.int_]:
    """The frames inside a gesture without its margins; the nearest one if there is none, and it is within a frame."""
    length = gesture.end_s - gesture.start_s
    start, end = gesture.start_s + margins[0] * length, gesture.end_s - margins[1] * length
    first, last = np.searchsorted(times, [start, end])
    if last > first:
        return np.arange(first, last)
    away = abs(times - (start + end) / 2)
    step_s = float(np.median(np.diff(times))) if len(times) > 1 else 0.04
    nearest = int(away.argmin())
    return np.array([nearest] if away[nearest] <= step_s else [], int)


__all__ = ["close_lips", "closed_frames", "hold_closures", "shut_at", "slowed", "within"]
