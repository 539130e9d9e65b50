"""Lips against speech, measured on a finished picture: offset and drift, to a millisecond.

Everything here takes numbers: a lip gap per frame (NaN where no face was found), a target opening per frame, the
frame rate. It knows nothing about how the picture was made.

Signs: an offset is positive when the lips move later than the target.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from av_models.domain.edit import Timeline

__all__ = ["LipOffset", "SpokenPhone", "lip_gaps", "measure_drift", "measure_offset", "opening_of", "spoken_phones"]

Floats = NDArray[np.float64]

# The highest peak of 102 unrelated pairs of lips and text (two CG talkers, 12 and 17 s) was 0.27, their median 0.11.
LEAST_CORRELATION = 0.35
REACH_MS = 400

# How far the jaw and lips part, 0..1, in the order of the vowel quadrilateral of the IPA chart; consonants by manner.
_OPENING = {
    "AA": 1.0, "AE": 0.95, "AW": 0.9, "AY": 0.9, "AO": 0.8, "EH": 0.75, "AH": 0.6, "OW": 0.55, "OY": 0.6, "EY": 0.6,
    "ER": 0.45, "IH": 0.45, "IY": 0.4, "UH": 0.35, "UW": 0.25, "HH": 0.5, "L": 0.45, "Y": 0.35, "R": 0.3, "W": 0.15,
    "P": 0.0, "B": 0.0, "M": 0.0, "F": 0.1, "V": 0.1, "sil": 0.1, "breath": 0.3,
}  # fmt: skip
_OTHER_CONSONANT = 0.3
# Lips and jaw are slow: a step in the phones becomes a ramp of about 100 ms (two standard deviations each way).
_SMOOTHING_S = 0.035


@dataclass(frozen=True, slots=True)
class SpokenPhone:
    """A phone in programme time. label: ARPAbet without stress, 'sil' or 'breath'. word: '' in silence."""

    label: str
    word: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class LipOffset:
    """late_ms: lips after the target. error_ms: its standard error, by jackknife. correlation: at the peak."""

    late_ms: float
    error_ms: float
    correlation: float


def spoken_phones(timeline: Timeline) -> tuple[SpokenPhone, ...]:
    """All phones of the programme in order, with the word that each belongs to."""
    spoken: list[SpokenPhone] = []
    for placement in timeline.placements:
        zero = placement.first_frame / timeline.rate + placement.speech_start
        for phone in placement.alignment.phones:
            middle = (phone.start + phone.end) / 2
            inside = (word.text for word in placement.alignment.words if word.start <= middle < word.end)
            label = phone.label.rstrip("012")
            spoken.append(SpokenPhone(label, next(inside, ""), float(zero + phone.start), float(zero + phone.end)))
    return tuple(spoken)


def lip_gaps(landmarks: NDArray[np.floating]) -> Floats:
    """Inner-lip gap over mouth width: (N,68,2) iBUG landmarks -> (N,), the mean of the three inner pairs."""
    width = np.linalg.norm(landmarks[:, 54] - landmarks[:, 48], axis=1)
    upper, lower = landmarks[:, 61:64], landmarks[:, [67, 66, 65]]
    return np.linalg.norm(upper - lower, axis=2).mean(axis=1) / width


def opening_of(phones: Sequence[SpokenPhone], n_frames: int, rate: Fraction) -> Floats:
    """How open a mouth is expected to be in the middle of each frame, 0..1, from phonetics alone: (n_frames,).

    It shares no model with what drives a mouth, so an error there cannot hide here.
    """
    step_s = 0.005
    fine = np.full(int(n_frames / rate / Fraction(1, 200)) + 1, _OPENING["sil"])
    for phone in phones:
        fine[round(phone.start_s / step_s) : round(phone.end_s / step_s)] = _OPENING.get(phone.label, _OTHER_CONSONANT)
    reach = int(4 * _SMOOTHING_S / step_s)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * step_s / _SMOOTHING_S) ** 2)
    smooth = np.convolve(np.pad(fine, reach, mode="edge"), kernel / kernel.sum(), mode="valid")
    middles = (np.arange(n_frames) + 0.5) / float(rate)
    return np.interp(middles, np.arange(len(smooth)) * step_s, smooth)


def measure_offset(gap: Floats, target: Floats, rate: Fraction, reach_ms: int = REACH_MS) -> LipOffset | None:
    """The shift that maximises the correlation of two series of one value a frame (n,); None if no peak stands out.

    Sub-frame shifts by band-limited interpolation of the target, then a parabola through the best three milliseconds.
    """
    if gap.shape != target.shape:
        raise ValueError(f"gap {gap.shape} and target {target.shape} need one value a frame each")
    seen = np.isfinite(gap) & np.isfinite(target)
    if seen.sum() < 2 * float(rate) or np.std(gap[seen]) < 1e-6 or np.std(target[seen]) < 1e-6:
        return None
    shifts_ms = np.arange(-reach_ms, reach_ms + 1)
    moved = _shifted(_filled(target), shifts_ms * float(rate) / 1000)
    scores = _correlations(gap, moved, seen)
    best = int(np.argmax(scores))
    if scores[best] < LEAST_CORRELATION or best in (0, len(scores) - 1):
        return None
    late_ms = float(shifts_ms[best] + _vertex(scores[best - 1 : best + 2]))
    return LipOffset(late_ms, _jackknife_ms(gap, moved, seen, shifts_ms), float(scores[best]))


def measure_drift(gap: Floats, target: Floats, rate: Fraction, window_s: int = 10) -> float | None:
    """Milliseconds by which the lips fall behind per minute; None below three windows that can be measured."""
    length = round(window_s * rate)
    times_min, late_ms = [], []
    for start in range(0, len(gap) - length + 1, length):
        found = measure_offset(gap[start : start + length], target[start : start + length], rate)
        if found is not None:
            times_min.append(float((start + length / 2) / rate / 60))
            late_ms.append(found.late_ms)
    if len(times_min) < 3:
        return None
    return float(np.polyfit(times_min, late_ms, 1)[0])


def _shifted(series: Floats, shifts: Floats) -> NDArray[np.float32]:
    """The series delayed by each shift (in frames): (n_shifts, n) float32, by a phase ramp on a mirrored copy."""
    n = len(series)
    spectrum = np.fft.rfft(np.concatenate([series, series[::-1]]))
    turn = -2j * np.pi * np.fft.rfftfreq(2 * n)
    moved = np.empty((len(shifts), n), np.float32)
    for row, shift in enumerate(shifts):
        moved[row] = np.fft.irfft(spectrum * np.exp(turn * shift), 2 * n)[:n]
    return moved


def _correlations(gap: Floats, moved: NDArray[np.float32], seen: NDArray[np.bool_]) -> Floats:
    """Pearson correlation of the gap with each row, over the frames that were seen."""
    x = gap[seen] - gap[seen].mean()
    y = moved[:, seen] - moved[:, seen].mean(axis=1, keepdims=True)
    return np.asarray(y @ x / np.maximum(np.linalg.norm(y, axis=1) * np.linalg.norm(x), 1e-12))


def _vertex(three: Floats) -> float:
    """Where the parabola through three neighbours has its top, in steps from the middle one."""
    bend = three[0] - 2 * three[1] + three[2]
    return 0.0 if abs(bend) < 1e-15 else float(np.clip(0.5 * (three[0] - three[2]) / bend, -0.5, 0.5))


def _jackknife_ms(
    gap: Floats, moved: NDArray[np.float32], seen: NDArray[np.bool_], shifts_ms: NDArray[np.int_]
) -> float:
    """Standard error of the peak, leaving out one of eight blocks at a time (Efron and Tibshirani 1993, chapter
    11)."""
    edges = np.linspace(0, len(gap), 9).astype(int)
    peaks = []
    for start, end in pairwise(edges):
        kept = seen.copy()
        kept[start:end] = False
        peaks.append(float(shifts_ms[int(np.argmax(_correlations(gap, moved, kept)))]))
    return float(np.sqrt((len(peaks) - 1) * np.var(peaks)))


def _filled(series: Floats) -> Floats:
    """NaN replaced by linear interpolation, so that the shift has something to shift."""
    good = np.isfinite(series)
    return np.interp(np.arange(len(series)), np.flatnonzero(good), series[good])
