"""Do the lips close on p, b and m, and stay open on open vowels? Counted on a finished picture."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from av_models.domain.quality import Closure, FalseClosure

from .sync import SpokenPhone

__all__ = ["CLOSED_GAP", "chance_of_closure", "count_open_vowels", "find_closures", "find_false_closures"]

Floats = NDArray[np.float64]

# Inner-lip gap over mouth width as `face.witness` reads it: no more than this on 56 of the 57 p, b, m of four CG clips
# whose lips are known exactly (two people, a third head, two lights), and on 2 of their 70 open vowels.
CLOSED_GAP = 0.05

BILABIALS = frozenset({"P", "B", "M"})
OPEN_VOWELS = frozenset({"AA", "AE", "AW", "AY", "AO", "EH"})


def find_closures(gap: Floats, phones: Sequence[SpokenPhone], rate: Fraction) -> tuple[Closure, ...]:
    """Every p, b, m: closed in a frame of it, or within one frame of it? gap: (n,) per frame, NaN without a face."""
    found = []
    for phone in phones:
        if phone.label in BILABIALS:
            first, last = _frames(phone, rate, len(gap), margin=1)
            frame = _narrowest(gap, first, last)
            value = float(gap[frame]) if np.isfinite(gap[frame]) else None
            hit = value is not None and value <= CLOSED_GAP
            shown = None if value is None else round(value, 4)
            times = round(phone.start_s, 4), round(phone.end_s, 4)
            found.append(Closure(phone.label, phone.word, *times, frame, shown, hit))
    return tuple(found)


def find_false_closures(gap: Floats, phones: Sequence[SpokenPhone], rate: Fraction) -> tuple[FalseClosure, ...]:
    """Open vowels with closed lips in a frame whose middle lies inside and that no p, b, m may claim."""
    found = []
    for phone, frames in _open_vowels(gap, phones, rate):
        frame = min(frames, key=lambda i: gap[i])
        if gap[frame] <= CLOSED_GAP:
            start_s = round(phone.start_s, 4)
            found.append(FalseClosure(phone.label, phone.word, start_s, frame, round(float(gap[frame]), 4)))
    return tuple(found)


def count_open_vowels(gap: Floats, phones: Sequence[SpokenPhone], rate: Fraction) -> int:
    """How many open vowels could be judged at all."""
    return len(_open_vowels(gap, phones, rate))


def chance_of_closure(gap: Floats, phones: Sequence[SpokenPhone], rate: Fraction) -> float | None:
    """The share of hits if the same phones fell anywhere: what a mouth that flaps at random would score."""
    step = max(1, round(rate / 5))
    shares = []
    for shift in range(4 * step, len(gap) - 4 * step, step):
        closures = find_closures(np.roll(gap, shift), phones, rate)
        shares.append(float(np.mean([closure.hit for closure in closures])) if closures else 0.0)
    return float(np.mean(shares)) if shares else None


def _frames(phone: SpokenPhone, rate: Fraction, n_frames: int, margin: int) -> tuple[int, int]:
    """First and last frame on screen during the phone, widened by `margin`."""
    first = int(np.floor(phone.start_s * float(rate))) - margin
    last = int(np.ceil(phone.end_s * float(rate))) - 1 + margin
    return max(0, min(first, n_frames - 1)), max(0, min(last, n_frames - 1))


def _narrowest(gap: Floats, first: int, last: int) -> int:
    window = gap[first : last + 1]
    return first + (int(np.nanargmin(window)) if np.isfinite(window).any() else len(window) // 2)


def _open_vowels(
    gap: Floats, phones: Sequence[SpokenPhone], rate: Fraction
) -> list[tuple[SpokenPhone, tuple[int, ...]]]:
    """Open vowels with the frames in which closed lips would be wrong."""
    claimed = {
        frame
        for phone in phones
        if phone.label in BILABIALS
        for frame in range(_frames(phone, rate, len(gap), 1)[0], _frames(phone, rate, len(gap), 1)[1] + 1)
    }
    vowels = []
    for phone in phones:
        if phone.label in OPEN_VOWELS:
            first = int(np.ceil(phone.start_s * float(rate) - 0.5))
            last = int(np.ceil(phone.end_s * float(rate) - 0.5))
            inside = range(max(first, 0), min(last, len(gap)))
            frames = tuple(i for i in inside if i not in claimed and np.isfinite(gap[i]))
            if frames:
                vowels.append((phone, frames))
    return vowels
