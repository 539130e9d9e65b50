"""How much effort a syllable gets: loud and stressed vowels open the mouth further, quiet ones less."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .gestures import Gesture

Floats = NDArray[np.floating[Any]]

STEP_S = 0.01
WINDOW_S = 0.03
FULL_EFFORT_DB = 8.0
QUIETEST_DB = -90.0
# An open vowel is louder at the same effort (Lehiste and Peterson 1959, some 4 dB from close to open), which is no
# reason to open it still further.
_OWN_LOUDNESS_DB = {"AA": 2.0, "AE": 1.5, "AO": 1.5, "IY": -2.0, "UW": -2.0, "IH": -1.0, "UH": -1.0}
_BY_STRESS = {"1": 0.2, "2": 0.0, "0": -0.2}


@dataclass(frozen=True, slots=True)
class Loudness:
    """level_db (n,): RMS in dB of full scale, one value every STEP_S from the sound's first sample."""

    level_db: NDArray[np.float32]

    def over(self, start_s: float, end_s: float) -> float | None:
        """The level that the loudest half of [start, end) reaches; None outside of the sound."""
        first, last = int(max(start_s, 0) / STEP_S), int(np.ceil(end_s / STEP_S))
        inside = self.level_db[first:last]
        return float(np.percentile(inside, 75)) if len(inside) and end_s > 0 else None


def loudness(samples: Floats, rate_hz: int) -> Loudness:
    """The contour of mono samples (n,) in -1..1."""
    hop, half = round(STEP_S * rate_hz), round(WINDOW_S * rate_hz / 2)
    power = np.concatenate([[0.0], np.cumsum(np.square(np.nan_to_num(np.asarray(samples, np.float64))))])
    middles = np.arange(0, max(len(samples), 1), hop) + hop // 2
    low, high = np.clip(middles - half, 0, len(samples)), np.clip(middles + half, 0, len(samples))
    mean = (power[high] - power[low]) / np.maximum(high - low, 1)
    return Loudness(np.maximum(10 * np.log10(np.maximum(mean, 1e-12)), QUIETEST_DB).astype(np.float32))


def efforts(gestures: Sequence[Gesture], heard: Loudness | None) -> NDArray[np.float64]:
    """-1..1 of every gesture, 0 for all but vowels: their loudness against the middle one of the utterance, and their
    stress. Without a sound to hear, stress alone."""
    effort = np.array([_BY_STRESS.get(gesture.stress, 0.0) if gesture.is_vowel else 0.0 for gesture in gestures])
    levels = {k: level for k, gesture in enumerate(gestures) if (level := _level_db(gesture, heard)) is not None}
    if len(levels) >= 3:
        middle_db = float(np.median(list(levels.values())))
        for k, level_db in levels.items():
            effort[k] += (level_db - middle_db) / FULL_EFFORT_DB
    return np.clip(effort, -1.0, 1.0)


def _level_db(gesture: Gesture, heard: Loudness | None) -> float | None:
    if heard is None or not gesture.is_vowel:
        return None
    level = heard.over(gesture.start_s, gesture.end_s)
    return None if level is None else level - _OWN_LOUDNESS_DB.get(gesture.name, 0.0)


__all__ = ["Loudness", "efforts", "loudness"]
