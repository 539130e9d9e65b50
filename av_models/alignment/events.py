"""What is heard between words and is no word: breath, um, laughter, a door. Told apart by level and voice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from .cepstra import RATE_HZ

__all__ = ["Event", "EventKind", "Levels", "find_events", "measure_levels"]

Array = NDArray[np.float32]

_FRAME = 160
_WINDOW = 640
_LOWEST_HZ, _HIGHEST_HZ = 60, 400
_SHORTEST_S = 0.1
_ABOVE_FLOOR_DB = 9.0
# Of the speech's own level: what is weaker is not there at all, and a breath is weaker than that.
_LEAST_DB, _BREATH_DB = -45.0, -8.0
_VOICED = 0.5
_VOICED_SHARE = 0.5
_EDGE_S = 0.02


class EventKind(StrEnum):
    """filler: voiced, an um or a laugh.  noise: everything else that is not soft enough to be a breath."""

    BREATH = "breath"
    FILLER = "filler"
    NOISE = "noise"


@dataclass(frozen=True, slots=True)
class Event:
    kind: EventKind
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Levels:
    """db: (frames,) every 10 ms.  floor_db: of the quietest tenth.  speech_db: of the speech."""

    db: Array
    floor_db: float
    speech_db: float


def measure_levels(sound: Array) -> Levels:
    """Levels of a sound (n,) at 16 kHz."""
    n_frames = max(1, len(sound) // _FRAME)
    framed = np.pad(sound, (0, max(0, n_frames * _FRAME - len(sound))))[: n_frames * _FRAME].reshape(n_frames, _FRAME)
    db = 10 * np.log10(np.square(framed).mean(axis=1) + 1e-12)
    return Levels(db.astype(np.float32), float(np.percentile(db, 10)), float(np.percentile(db, 85)))


def find_events(sound: Array, levels: Levels, gaps_s: Sequence[tuple[float, float]]) -> tuple[Event, ...]:
    """Events of 100 ms and more inside gaps between words, in order."""
    limit_db = max(levels.floor_db + _ABOVE_FLOOR_DB, levels.speech_db + _LEAST_DB)
    found = []
    for start_s, end_s in gaps_s:
        first, last = round((start_s + _EDGE_S) * 100), round((end_s - _EDGE_S) * 100)
        for begin, end in _runs(levels.db[first : max(first, last)] > limit_db):
            if (end - begin) * 0.01 >= _SHORTEST_S:
                kind = _kind(sound, levels, first + begin, first + end)
                found.append(Event(kind, (first + begin) * 0.01, (first + end) * 0.01))
    return tuple(found)


def _runs(loud: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and end of every run of loud frames; dips of up to three frames are bridged."""
    runs: list[tuple[int, int]] = []
    for frame in np.flatnonzero(loud):
        if runs and frame - runs[-1][1] <= 3:
            runs[-1] = (runs[-1][0], int(frame) + 1)
        else:
            runs.append((int(frame), int(frame) + 1))
    return runs


def _kind(sound: Array, levels: Levels, first: int, end: int) -> EventKind:
    voiced = [_voicing(sound, frame * _FRAME) > _VOICED for frame in range(first, end, 2)]
    if sum(voiced) >= _VOICED_SHARE * len(voiced):
        return EventKind.FILLER
    soft = float(levels.db[first:end].mean()) < levels.speech_db + _BREATH_DB
    return EventKind.BREATH if soft else EventKind.NOISE


def _voicing(sound: Array, middle: int) -> float:
    """0..1: the best correlation of 40 ms with themselves one period of a voice later."""
    window = sound[max(0, middle - _WINDOW // 2) : middle + _WINDOW // 2].astype(np.float64)
    if len(window) < _WINDOW:
        return 0.0
    window = window - window.mean()
    spectrum = np.fft.rfft(window, 2 * _WINDOW)
    correlation = np.fft.irfft(np.square(np.abs(spectrum)))[:_WINDOW]
    energy = np.cumsum(np.square(window))
    lags = np.arange(RATE_HZ // _HIGHEST_HZ, RATE_HZ // _LOWEST_HZ)
    heads, tails = energy[_WINDOW - 1 - lags], energy[-1] - energy[lags - 1]
    return float(np.max(correlation[lags] / np.sqrt(heads * tails + 1e-12), initial=0.0))
