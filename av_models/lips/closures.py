"""Do the lips close on p, b and m, and stay open on open vowels? Counted on a finished picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from av_models.domain.sync import Closure, FalseClosure

from .expected import SpokenPhone

__all__ = ["CLOSED_GAP", "chance_of_closure", "count_open_vowels", "find_closures", "find_false_closures"]

Floats = NDArray[np.float64]

# Inner-lip gap over mouth width as `face.witness` reads it: no more than this on 56 of the 57 p, b, m of four CG clips
# whose lips are known exactly (two people, a third head, two lights), and on 2 of their 70 open vowels.
CLOSED_GAP = 0.05

BILABIALS = frozenset({"P", "B", "M"})
OPEN_VOWELS = frozenset({"AA", "AE", "AW", "AY", "AO", "EH"})

_FAR_S = 0.8
_MOST_SHIFTS = 120


def find_closures(gap: Floats, times_s: Floats, phones: Sequence[SpokenPhone]) -> tuple[Closure, ...]:
    """Every p, b, m: closed in a frame of it, or within one frame of it?

    gap: (n,) per frame, NaN without a face.  times_s: (n,) of the frames' middles, at any rate.
    """
    found = []
    edges_s = _edges(times_s)
    for phone in phones:
        if phone.label in BILABIALS and _on_screen(phone, edges_s):
            first, last = _frames(phone, edges_s, margin=1)
            frame = _narrowest(gap, first, last)
            value = float(gap[frame]) if np.isfinite(gap[frame]) else None
            hit = value is not None and value <= CLOSED_GAP
            shown = None if value is None else round(value, 4)
            times = round(phone.start_s, 4), round(phone.end_s, 4)
            found.append(Closure(phone.label, phone.word, *times, frame, shown, hit))
    return tuple(found)


def find_false_closures(gap: Floats, times_s: Floats, phones: Sequence[SpokenPhone]) -> tuple[FalseClosure, ...]:
    """Open vowels with closed lips in a frame whose middle lies inside and that no p, b, m may claim."""
    found = []
    for phone, frames in _open_vowels(gap, times_s, phones):
        frame = min(frames, key=lambda i: gap[i])
        if gap[frame] <= CLOSED_GAP:
            start_s = round(phone.start_s, 4)
            found.append(FalseClosure(phone.label, phone.word, start_s, frame, round(float(gap[frame]), 4)))
    return tuple(found)


def count_open_vowels(gap: Floats, times_s: Floats, phones: Sequence[SpokenPhone]) -> int:
    """How many open vowels could be judged at all."""
    return len(_open_vowels(gap, times_s, phones))


def chance_of_closure(gap: Floats, times_s: Floats, phones: Sequence[SpokenPhone]) -> float | None:
    """The share of hits if the same phones fell anywhere: what a mouth that flaps at random would score."""
    edges_s = _edges(times_s)
    spans = [_frames(one, edges_s, 1) for one in phones if one.label in BILABIALS and _on_screen(one, edges_s)]
    step_s = float(np.median(np.diff(times_s))) if len(times_s) > 1 else 1.0
    far = max(1, round(_FAR_S / step_s))
    shifts = np.unique(np.linspace(far, len(gap) - far, _MOST_SHIFTS).astype(int)) if len(gap) > 2 * far else ()
    if not spans or not len(shifts):
        return None
    closed = np.nan_to_num(gap, nan=1.0) <= CLOSED_GAP
    # Closed frames up to each one, so that a span holds one if the counts at its ends differ.
    shares = []
    for shift in shifts:
        counts = np.concatenate([[0], np.cumsum(np.roll(closed, shift))])
        shares.append(np.mean([counts[last + 1] > counts[first] for first, last in spans]))
    return float(np.mean(shares))


def _edges(times_s: Floats) -> Floats:
    """When each frame appears, and when the last one goes: (n+1,)."""
    if len(times_s) < 2:
        return np.array([0.0, 2 * float(times_s[0])]) if len(times_s) else np.zeros(1)
    between = (times_s[1:] + times_s[:-1]) / 2
    return np.concatenate([[2 * times_s[0] - between[0]], between, [2 * times_s[-1] - between[-1]]])


def _on_screen(phone: SpokenPhone, edges_s: Floats) -> bool:
    return bool(phone.end_s > edges_s[0] and phone.start_s < edges_s[-1])


def _frames(phone: SpokenPhone, edges_s: Floats, margin: int) -> tuple[int, int]:
    """First and last frame on screen during the phone, widened by `margin`."""
    n_frames = len(edges_s) - 1
    # A microsecond: a phone that begins with a frame does not touch the one before.
    first = int(np.searchsorted(edges_s, phone.start_s + 1e-6, side="right")) - 1 - margin
    last = int(np.searchsorted(edges_s, phone.end_s - 1e-6, side="left")) - 1 + margin
    return max(0, min(first, n_frames - 1)), max(0, min(last, n_frames - 1))


def _narrowest(gap: Floats, first: int, last: int) -> int:
    window = gap[first : last + 1]
    return first + (int(np.nanargmin(window)) if np.isfinite(window).any() else len(window) // 2)


def _open_vowels(
    gap: Floats, times_s: Floats, phones: Sequence[SpokenPhone]
) -> list[tuple[SpokenPhone, tuple[int, ...]]]:
    """Open vowels with the frames in which closed lips would be wrong."""
    edges_s = _edges(times_s)
    claimed: set[int] = set()
    for phone in phones:
        if phone.label in BILABIALS and _on_screen(phone, edges_s):
            first, last = _frames(phone, edges_s, 1)
            claimed.update(range(first, last + 1))
    vowels = []
    for phone in phones:
        if phone.label in OPEN_VOWELS:
            inside = range(*np.searchsorted(times_s, [phone.start_s, phone.end_s]).tolist())
            frames = tuple(i for i in inside if i not in claimed and np.isfinite(gap[i]))
            if frames:
                vowels.append((phone, frames))
    return vowels
