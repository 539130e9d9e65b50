"""Does the mouth rest when nobody speaks?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from av_models.domain.speech import SILENCE
from av_models.domain.sync import Stillness, Twitch

from .expected import SpokenPhone

__all__ = ["measure_stillness"]

Floats = NDArray[np.float64]

# Lips come to rest a moment after the last sound, and leave it before the next one.
_AFTER_S, _BEFORE_S = 0.15, 0.20
_LEAST_S = 0.2
_LEAST_SPEECH_FRAMES = 25
_TWITCH = 0.25


def measure_stillness(gap: Floats, times_s: Floats, phones: Sequence[SpokenPhone]) -> Stillness | None:
    """Movement of a gap (n,) at times_s (n,) in silence against that in speech; None without both."""
    rests = [
        np.flatnonzero((times_s >= start_s) & (times_s < end_s) & np.isfinite(gap))
        for start_s, end_s in _silences(phones, float(times_s[0]), float(times_s[-1]))
    ]
    rests = [frames for frames in rests if len(frames) >= 3]
    spoken = np.isfinite(gap) & _is_speech(times_s, phones)
    if not rests or spoken.sum() < _LEAST_SPEECH_FRAMES:
        return None
    low, high = np.percentile(gap[spoken], [5, 95])
    if high - low < 1e-6:
        return None
    pace = _steps(gap, times_s, np.flatnonzero(spoken))
    quiet = np.concatenate([_steps(gap, times_s, frames) for frames in rests])
    step_s = float(np.median(np.diff(times_s)))
    return Stillness(
        silent_s=round(sum(len(frames) for frames in rests) * step_s, 2),
        movement=round(float(quiet.mean() / max(pace.mean(), 1e-9)), 3) if len(quiet) else 0.0,
        twitches=tuple(one for frames in rests for one in _twitches(gap, times_s, frames, float(high - low))),
    )


def _silences(phones: Sequence[SpokenPhone], first_s: float, last_s: float) -> Iterator[tuple[float, float]]:
    """Stretches without speech, before the first and after the last phone included, without their edges."""
    spoken = sorted((phone.start_s, phone.end_s) for phone in phones if phone.label != SILENCE)
    ends = [(first_s - _AFTER_S, first_s - _AFTER_S), *spoken, (last_s + _BEFORE_S, last_s + _BEFORE_S)]
    for (_, before_s), (after_s, _) in pairwise(ends):
        if after_s - _BEFORE_S - (before_s + _AFTER_S) >= _LEAST_S:
            yield before_s + _AFTER_S, after_s - _BEFORE_S


def _is_speech(times_s: Floats, phones: Sequence[SpokenPhone]) -> NDArray[np.bool_]:
    inside = np.zeros(len(times_s), bool)
    for phone in phones:
        if phone.label != SILENCE:
            inside[np.searchsorted(times_s, phone.start_s) : np.searchsorted(times_s, phone.end_s)] = True
    return inside


def _steps(gap: Floats, times_s: Floats, frames: NDArray[np.intp]) -> Floats:
    """Speed of the gap between frames that follow each other."""
    near = frames[1:][np.diff(frames) == 1]
    return np.asarray(np.abs(gap[near] - gap[near - 1]) / (times_s[near] - times_s[near - 1]))


def _twitches(gap: Floats, times_s: Floats, frames: NDArray[np.intp], reach: float) -> Iterator[Twitch]:
    """The furthest frame of every stretch in which the gap leaves the middle of its rest."""
    away = np.abs(gap[frames] - np.median(gap[frames])) / reach
    out = np.flatnonzero(away > _TWITCH)
    for group in np.split(out, np.flatnonzero(np.diff(out) > 1) + 1):
        if len(group):
            worst = group[np.argmax(away[group])]
            frame = int(frames[worst])
            yield Twitch(round(float(times_s[frame]), 3), frame, round(float(away[worst]), 3))
