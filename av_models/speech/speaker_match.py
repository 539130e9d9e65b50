"""One voice or two? How like two recordings of one speaker are, how like those of two, and where the line is drawn.

Measured with the encoder of `speaker` on LibriSpeech (10 speakers with ten utterances, 251 with one): a reference of 5,
10 or 20 s against samples of 3, 5, 10 and 30 s of other utterances, some 200 pairs of one speaker and 600 to 5,500 of
two for each. The equal error rate lies between 0.0 and 0.4 %. False acceptance and false rejection at LEAST:

    sample of      3 s, 0.76          5 s, 0.78          10 s, 0.80         30 s, 0.80
    reference 5 s  0.13 %, 3.5 %      0.04 %, 2.0 %      0.02 %, 0.5 %      0 %, 0 %
    10 s           0.20 %, 0 %        0.09 %, 0 %        0.04 %, 0 %        0 %, 0 %
    20 s           0.34 %, 0 %        0.19 %, 0 %        0.11 %, 0 %        0 %, 0 %

The two recordings of a speaker came from one session; another room or microphone lowers their likeness, which was not
measured. The line is drawn so that strangers are kept out first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .speaker import DIMENSIONS

__all__ = [
    "ENCODER",
    "LEAST_REFERENCE_S",
    "SpeakerMatch",
    "least_likeness",
    "match",
    "read_voiceprint",
    "voiceprint",
]

Array = NDArray[np.float32]

ENCODER = "ge2e-resemblyzer-0.1.4"
"""Of the voiceprints: those of another encoder cannot be compared."""

LEAST_REFERENCE_S = 5.0
"""Of speech, in a recording that others are compared with."""

LEAST = ((3.0, 0.76), (5.0, 0.78), (10.0, 0.80))
"""(seconds of speech in a sample, least likeness to the reference), in straight lines between."""

_STRETCH, _LEAST_OF_STRETCH = 12, 0.74
"""A stretch of about 10 s within a sample, in windows: one speaker's had 0.80 or more, strangers' 0.5 to 1.8 %."""

_WINDOW_S, _STEP_S = 1.6, 0.77


@dataclass(frozen=True, slots=True)
class SpeakerMatch:
    """likeness: cosine of a sample to a reference, or of its least like stretch when that one is the trouble.

    least: what it must be at least.
    """

    likeness: float
    least: float

    @property
    def met(self) -> bool:
        return self.likeness >= self.least


def match(windows: Array, reference: Array) -> SpeakerMatch:
    """Compare a sample with a reference. windows: (n, 256), see `embed_windows`.  reference: (256,) of unit length.

    A long sample is also compared stretch by stretch, so that nobody else speaks in a part of it.
    """
    whole = SpeakerMatch(_likeness(windows, reference), least_likeness(_WINDOW_S + _STEP_S * (len(windows) - 1)))
    if not whole.met or len(windows) <= _STRETCH:
        return whole
    firsts = range(0, len(windows) - _STRETCH + 1, _STRETCH // 2)
    lowest = min(_likeness(windows[first : first + _STRETCH], reference) for first in firsts)
    return whole if lowest >= _LEAST_OF_STRETCH else SpeakerMatch(lowest, _LEAST_OF_STRETCH)


def least_likeness(speech_s: float) -> float:
    """What a sample with so many seconds of speech must have."""
    seconds, values = zip(*LEAST, strict=True)
    return float(np.interp(speech_s, seconds, values))


def voiceprint(embedding: Array) -> str:
    """(256,) of unit length, none below zero, as 512 hex digits: 8 bits a number, which moves no likeness by 0.001."""
    peak = max(float(embedding.max()), 1e-9)
    return np.rint(np.clip(embedding / peak, 0, 1) * 255).astype(np.uint8).tobytes().hex()


def read_voiceprint(text: str) -> Array:
    """Undo `voiceprint`: (256,) of unit length. ValueError for anything else."""
    numbers = np.frombuffer(bytes.fromhex(text), np.uint8).astype(np.float32)
    if numbers.shape != (DIMENSIONS,) or not numbers.any():
        raise ValueError(f"{len(text)} digits are no voiceprint")
    return np.asarray(numbers / np.linalg.norm(numbers), np.float32)


def _likeness(windows: Array, reference: Array) -> float:
    mean = windows.mean(axis=0)
    return float(mean @ reference / max(float(np.linalg.norm(mean)), 1e-9))
