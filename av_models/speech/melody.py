"""Another pitch for a stretch of recorded or synthetic speech, at the same length and with the same voice colour.

Pitch-synchronous overlap-add (Moulines & Charpentier 1990, Speech Communication 9): the sound is taken apart into
windows of two periods and laid together again closer or wider. For engines that have no handle for pitch of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bend", "bend", "follow", "track_pitch"]

Samples = NDArray[np.float32]
Floats = NDArray[np.floating[Any]]

_SOFT_MS = 25
_SEARCH = 0.18  # of a period: how far the next window may lie from where the pitch says
_LEAST_ST = 0.02
_SHORTEST_PERIODS = 3
_UNBENT, _BACK = 1e-3, 0.75


@dataclass(frozen=True, slots=True)
class Bend:
    """Samples first <= i < end are to be higher by start_st semitones at first, end_st at end, in a straight line; and
    their melody's distance from middle_hz is multiplied by span (0 is monotone)."""

    first: int
    end: int
    start_st: float
    end_st: float
    span: float = 1.0


def bend(samples: Samples, rate_hz: int, bends: Sequence[Bend]) -> Samples:
    """Mono (n,) to (n,); what has no voice stays as it is to the sample, and so, a third of a second further on,
    does what no bend touches."""
    if all(abs(b.start_st) < _LEAST_ST and abs(b.end_st) < _LEAST_ST and b.span == 1 for b in bends):
        return samples
    track, step = track_pitch(samples, rate_hz)
    if not track.any():
        return samples
    above_st = _above_st(track, step, samples.size)
    shift = np.zeros(samples.size)
    for one in bends:
        line = np.linspace(one.start_st, one.end_st, max(1, one.end - one.first))[: samples.size - one.first]
        here = slice(one.first, one.first + line.size)
        shift[here] = line + (one.span - 1) * above_st[here]
    return _shifted(samples, rate_hz, track, step, shift)


def follow(samples: Samples, rate_hz: int, course_st: Floats) -> Samples:
    """Mono (n,) to (n,) with the melody course_st (n,), in semitones over the sound's own median; NaN leaves it."""
    track, step = track_pitch(samples, rate_hz)
    if not track.any():
        return samples
    shift = np.nan_to_num(course_st - _above_st(track, step, samples.size))
    return _shifted(samples, rate_hz, track, step, shift)


def _shifted(samples: Samples, rate_hz: int, track: Floats, step: float, shift_st: Floats) -> Samples:
    shift_st = _smooth(shift_st, rate_hz)
    out = samples.copy()
    for first, end in _voiced(track):
        begin, stop = round(first * step), min(round(end * step), samples.size)
        if np.abs(shift_st[begin:stop]).max(initial=0.0) >= _LEAST_ST:
            centres = (np.arange(first, end) + 0.5) * step
            pitch = np.exp(np.interp(np.arange(begin, stop), centres, np.log(track[first:end])))
            _sing(samples, out, begin, rate_hz / pitch, 2 ** (shift_st[begin:stop] / 12))
    return out


def track_pitch(samples: Samples, rate_hz: int) -> tuple[Floats, float]:
    """Pitch in Hz (t,), 0 where there is no voice, and how many samples apart its frames lie; the first is half of that
    after the beginning."""
    import soxr

    from .neural.mels import HOP, RATE_HZ
    from .neural.pitch import pitch_hz

    sound = samples if rate_hz == RATE_HZ else soxr.resample(samples, rate_hz, RATE_HZ)
    return pitch_hz(np.asarray(sound, np.float32)), HOP * rate_hz / RATE_HZ


def _above_st(track: Floats, step: float, n: int) -> Floats:
    """How far the melody lies over its median, in semitones (n,); in straight lines where there is no voice."""
    heard = track > 0
    logs = np.log2(track[heard])
    centres = (np.flatnonzero(heard) + 0.5) * step
    return 12 * (np.interp(np.arange(n), centres, logs) - np.median(logs))


def _smooth(shift_st: Floats, rate_hz: int) -> Floats:
    """With soft edges, so that no bend clicks."""
    width = max(1, round(_SOFT_MS * rate_hz / 1000))
    padded = np.pad(shift_st, (width // 2, width - 1 - width // 2), mode="edge")
    sums = np.concatenate([[0.0], np.cumsum(padded)])
    return np.asarray((sums[width:] - sums[:-width]) / width)


def _voiced(track: Floats) -> list[tuple[int, int]]:
    """[first, end) of every stretch of frames with voice."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (track > 0).astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _sing(samples: Samples, out: Samples, begin: int, periods: Floats, ratios: Floats) -> None:
    """Lay one voiced stretch again into `out`. periods, ratios: (m,) from sample `begin` on."""
    longest = int(np.ceil(periods.max())) + 1
    edge = 2 * longest
    source = np.pad(samples[max(0, begin - edge) : begin + periods.size + edge], edge)
    offset = min(begin, edge) + edge  # of sample `begin` in the source
    marks = _marks(source, offset, periods)
    if len(marks) < _SHORTEST_PERIODS:
        return
    first, last = int(marks[0]), int(marks[-1])
    laid, weight = np.zeros(source.size), np.zeros(source.size)
    at = float(first)
    while at <= last:
        index = int(np.argmin(np.abs(marks - at)))
        nearest = int(marks[index])
        half = round(float(periods[min(nearest - offset, periods.size - 1)]))
        window = np.hanning(2 * half + 1)
        to = round(at) - half
        laid[to : to + window.size] += source[nearest - half : nearest + half + 1] * window
        weight[to : to + window.size] += window
        if index + 1 == len(marks):
            break
        ratio, spacing = float(ratios[min(round(at) - offset, periods.size - 1)]), int(marks[index + 1]) - nearest
        at = _back_on(at - nearest, nearest + spacing) if abs(ratio - 1) < _UNBENT else at + spacing / ratio
    original = source[first:last]
    sung = laid[first:last] / np.maximum(weight[first:last], 0.5)
    # Windows laid closer than they were taken partly cancel each other: +3 semitones would cost a decibel.
    sung *= np.clip(_level(original, longest) / _level(sung, longest), 0.7, 1.4)
    ramp = max(1, min(round(float(periods.mean()) / 2), (last - first) // 2))
    mix = np.clip(np.minimum(np.arange(last - first), np.arange(last - first)[::-1]) / ramp, 0, 1)
    place = begin + first - offset
    within = out[place : place + last - first]
    within[:] = (mix * sung + (1 - mix) * original)[: within.size]


def _back_on(drift: float, following: int) -> float:
    """Where nothing is bent the windows come back to where they were taken, a part of the way with each."""
    return following + (_BACK * drift if abs(drift) > 1 else 0.0)


def _level(sound: Floats, longest: int) -> Floats:
    """Root mean square (n,) over four of the longest periods round each sample."""
    width = min(4 * longest, sound.size)
    power = np.convolve(np.square(sound, dtype=np.float64), np.ones(width) / width, mode="same")
    return np.asarray(np.sqrt(power + 1e-12))


def _marks(source: Samples, begin: int, periods: Floats) -> NDArray[np.int64]:
    """One sample in every period, at the same moment of each: from the strongest peak on, by likeness to the last."""
    start = begin + int(np.argmax(np.abs(source[begin : begin + periods.size])))
    right = _walk(source, start, begin, periods, 1)
    left = _walk(source, start, begin, periods, -1)
    return np.array([*left[::-1], start, *right], np.int64)


def _walk(source: Samples, start: int, begin: int, periods: Floats, way: int) -> list[int]:
    """Marks from `start` to one end of the voiced stretch. The source reaches further than any window."""
    found: list[int] = []
    at = start
    while True:
        period = float(periods[min(max(at - begin, 0), periods.size - 1)])
        half, search = round(period / 2), max(1, round(_SEARCH * period))
        centre = at + way * round(period)
        if not begin <= centre < begin + periods.size:
            return found
        like = np.correlate(source[centre - half - search : centre + half + search], source[at - half : at + half])
        at = centre - search + int(np.argmax(like))
        found.append(at)
