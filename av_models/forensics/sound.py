"""Where the sound of a finished file lies against the sound that went in."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from av_models.domain.sync import OffsetAt

__all__ = ["delays", "measure_delay"]

Samples = NDArray[np.float32]

# A peak of normalised correlation below this belongs to other sound, or to none.
LEAST_CORRELATION = 0.4

_LONGEST_S = 20.0


def measure_delay(heard: Samples, expected: Samples, start: int, rate_hz: int, reach_s: float = 0.5) -> float | None:
    """Seconds by which `expected` is heard after sample `start` of `heard`; negative when early, None when not found.

    Normalised cross-correlation by FFT, refined by a parabola: better than one sample.
    """
    reach = round(reach_s * rate_hz)
    first = start - reach
    window = _window(heard, first, len(expected) + 2 * reach)
    size = 1 << (len(window) + len(expected) - 1).bit_length()
    product = np.fft.rfft(window, size) * np.conj(np.fft.rfft(expected, size))
    raw = np.fft.irfft(product, size)[: 2 * reach + 1]
    energy = np.concatenate([[0.0], np.cumsum(window.astype(np.float64) ** 2)])
    local = np.sqrt(np.maximum(energy[len(expected) :][: len(raw)] - energy[: len(raw)], 1e-12))
    scores = raw / (local * max(float(np.linalg.norm(expected)), 1e-9))
    best = int(np.argmax(np.abs(scores)))
    if abs(scores[best]) < LEAST_CORRELATION:
        return None
    return (best + _vertex(np.abs(scores), best) - reach) / rate_hz


def delays(heard: Samples, spoken: Iterable[tuple[Samples, int]], rate_hz: int) -> tuple[OffsetAt, ...]:
    """How late each utterance (samples, first sample in the programme) is, where it is found again.

    Only the loudest stretch of 20 s of a long one is looked for: that is enough, and takes little memory.
    """
    found = []
    for samples, start in spoken:
        first, last = _loudest(samples, round(_LONGEST_S * rate_hz))
        late_s = measure_delay(heard, samples[first:last], start + first, rate_hz)
        if late_s is not None:
            found.append(OffsetAt(round((start + (first + last) / 2) / rate_hz, 3), round(late_s * 1000, 4)))
    return tuple(found)


def _loudest(samples: Samples, length: int) -> tuple[int, int]:
    if len(samples) <= length:
        return 0, len(samples)
    step = max(1, length // 4)
    starts = range(0, len(samples) - length + 1, step)
    first = max(starts, key=lambda at: float(np.square(samples[at : at + length], dtype=np.float64).sum()))
    return first, first + length


def _window(samples: Samples, first: int, length: int) -> Samples:
    """A stretch of `samples` from `first`, silent where it reaches beyond them."""
    window = np.zeros(length, np.float32)
    begin, end = max(first, 0), min(first + length, len(samples))
    if end > begin:
        window[begin - first : end - first] = samples[begin:end]
    return window


def _vertex(scores: NDArray[np.floating], best: int) -> float:
    if not 0 < best < len(scores) - 1:
        return 0.0
    left, middle, right = scores[best - 1 : best + 2]
    bend = left - 2 * middle + right
    return 0.0 if bend == 0 else float(np.clip(0.5 * (left - right) / bend, -0.5, 0.5))
