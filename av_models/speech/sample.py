"""A few seconds of somebody's voice: is the sound good enough, is it long enough, and where can it be cut?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .corpus.sound_check import SoundFacts, measure_sound, sound_faults

__all__ = ["LEAST_SPEECH_S", "held_out_s", "sample_faults", "speech_s", "stretches"]

Samples = NDArray[np.float32]

LEAST_SPEECH_S = 3.0
"""Three seconds is where the likeness of two recordings of one speaker stops to hang on what is said (Jia et al. 2018:
error rates of 17 % at one second, 11 % at two and three, no better at ten)."""

_FRAME_S = 0.01
_UNDER_SPEECH_DB = 25.0
_LONGEST_S, _SHORTEST_S = 9.0, 3.0
_QUIET_S = 0.06
# For measuring: a fifth, but enough to tell a speaker by and no more than that needs.
_SHARE, _LEAST_S, _MOST_S, _FROM_S = 0.2, 3.0, 30.0, 9.0


def sample_faults(samples: Samples, rate_hz: int) -> tuple[str, ...]:
    """Reasons, as clauses, why no voice can be cloned from this sound; () for a good one. samples: mono (n,), as
    recorded."""
    facts = measure_sound(samples, rate_hz)
    faults = sound_faults(facts)
    if any(fault.startswith("too quiet") for fault in faults):
        return faults
    found_s = speech_s(samples, rate_hz, facts)
    return (*faults, *([f"too short ({found_s:.1f} s of speech)"] if found_s < LEAST_SPEECH_S else []))


def speech_s(samples: Samples, rate_hz: int, facts: SoundFacts | None = None) -> float:
    """Seconds in which something is said: frames within 25 dB of the loud ones."""
    facts = facts or measure_sound(samples, rate_hz)
    frame = round(_FRAME_S * rate_hz)
    n = samples.size // frame
    if not n:
        return 0.0
    power = np.square(samples[: n * frame], dtype=np.float64).reshape(n, frame).mean(axis=1)
    loud = 10 * np.log10(power + 1e-12) > facts.speech_db - _UNDER_SPEECH_DB
    # Closures of stops, 60 to 100 ms, belong to the speech around them.
    around = np.convolve(loud, np.ones(9), mode="same") > 0
    return float(around.sum() * _FRAME_S)


def held_out_s(seconds: float) -> float:
    """How much of so many seconds is kept for measuring; 0 of a short sample, which is needed whole."""
    return float(np.clip(_SHARE * seconds, _LEAST_S, _MOST_S)) if seconds >= _FROM_S else 0.0


def stretches(samples: Samples, rate_hz: int) -> Iterator[tuple[int, int]]:
    """[start, end) of stretches of 3 to 9 s, cut at the quietest moments."""
    start, longest, shortest = 0, round(_LONGEST_S * rate_hz), round(_SHORTEST_S * rate_hz)
    quiet = max(1, round(_QUIET_S * rate_hz))
    while samples.size - start > longest:
        searched = samples[start + shortest : start + longest]
        energy = np.convolve(np.square(searched, dtype=np.float64), np.ones(quiet), mode="valid")
        cut = start + shortest + int(np.argmin(energy)) + quiet // 2
        yield start, cut
        start = cut
    if samples.size > start:
        yield start, samples.size
