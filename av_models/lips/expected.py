"""What lips should do over time: from the phones that are spoken, or from a mouth that was asked for.

The opening expected of a phone comes from phonetics alone. It shares no model with what drives a mouth, so an error
there cannot hide here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from av_models.domain.edit import Timeline
from av_models.domain.speech import BREATH, SILENCE, Phone, Word

__all__ = ["STEP_S", "SpokenPhone", "Target", "spoken_in", "spoken_phones", "target_of_phones", "target_of_series"]

Floats = NDArray[np.float64]

STEP_S = 0.005

# How far the jaw and lips part, 0..1, in the order of the vowel quadrilateral of the IPA chart; consonants by manner.
_OPENING = {
    "AA": 1.0, "AE": 0.95, "AW": 0.9, "AY": 0.9, "AO": 0.8, "EH": 0.75, "AH": 0.6, "OW": 0.55, "OY": 0.6, "EY": 0.6,
    "ER": 0.45, "IH": 0.45, "IY": 0.4, "UH": 0.35, "UW": 0.25, "HH": 0.5, "L": 0.45, "Y": 0.35, "R": 0.3, "W": 0.15,
    "P": 0.0, "B": 0.0, "M": 0.0, "F": 0.1, "V": 0.1, SILENCE: 0.1, BREATH: 0.3,
}  # fmt: skip
_OTHER_CONSONANT = 0.3
# One mouth differs from another by classes that look alike on the lips (ISO/IEC 14496-2 groups them much the same).
_CLASSES: tuple[frozenset[str], ...] = tuple(
    frozenset(labels.split())
    for labels in (
        *("P B M", "F V", "W UW UH", "OW OY AO", "R ER SH ZH CH JH", "T D N L S Z TH DH", "K G NG HH Y"),
        *("AA AE AW AY", "EH AH EY", "IH IY", f"{SILENCE} {BREATH}"),
    )
)
# Lips and jaw are slow: a step in the phones becomes a ramp of about 100 ms (two standard deviations each way).
_SMOOTHING_S = 0.035


@dataclass(frozen=True, slots=True)
class SpokenPhone:
    """A phone in programme time. label: ARPAbet without stress, 'sil' or 'breath'. word: '' in silence."""

    label: str
    word: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """rows: (F, m), one value every STEP_S from 0. The first is the opening expected of anybody, 0..1 for phones; the
    others are the ways in which one mouth may differ from that."""

    rows: Floats

    def at(self, times_s: Floats) -> Floats:
        """(F, n) at n times, linear between the steps; the ends go on."""
        place = np.clip(times_s / STEP_S, 0, self.rows.shape[1] - 1.001)
        left = place.astype(np.int64)
        part = place - left
        return np.asarray(self.rows[:, left] * (1 - part) + self.rows[:, left + 1] * part)

    def opening(self, times_s: Floats) -> Floats:
        """The first row at n times: (n,)."""
        return Target(self.rows[:1]).at(times_s)[0]

    def backwards(self, seconds: float) -> Target:
        """The same from its end to its beginning, moved round by so much: what other speech of this kind asks for."""
        return Target(np.roll(self.rows[:, ::-1], round(seconds / STEP_S), axis=1))


def spoken_phones(timeline: Timeline) -> tuple[SpokenPhone, ...]:
    """All phones of the programme in order, with the word that each belongs to."""
    spoken: list[SpokenPhone] = []
    for placement in timeline.placements:
        zero_s = float(placement.first_frame / timeline.rate + placement.speech_start)
        spoken += spoken_in(placement.alignment.phones, placement.alignment.words, zero_s)
    return tuple(spoken)


def spoken_in(phones: Sequence[Phone], words: Sequence[Word], zero_s: float = 0.0) -> tuple[SpokenPhone, ...]:
    """Phones of one utterance that begins at zero_s, with the word that holds the middle of each."""
    starts = np.array([float(word.start) for word in words])
    found = []
    for phone in phones:
        middle = float(phone.start + phone.end) / 2
        before = int(np.searchsorted(starts, middle, side="right")) - 1
        inside = before >= 0 and middle < float(words[before].end)
        word = words[before].text if inside else ""
        found.append(
            SpokenPhone(phone.label.rstrip("012"), word, zero_s + float(phone.start), zero_s + float(phone.end))
        )
    return tuple(found)


def target_of_phones(phones: Sequence[SpokenPhone], duration_s: float) -> Target:
    """The expected opening, and how much of each class of phones there is: (1 + 11, m). Silence between phones."""
    rows = np.zeros((1 + len(_CLASSES), max(int(duration_s / STEP_S) + 2, 2)))
    rows[0], rows[-1] = _OPENING[SILENCE], 1.0
    for phone in phones:
        part = slice(max(round(phone.start_s / STEP_S), 0), max(round(phone.end_s / STEP_S), 0))
        rows[0, part] = _OPENING.get(phone.label, _OTHER_CONSONANT)
        for row, labels in enumerate(_CLASSES, start=1):
            rows[row, part] = phone.label in labels
    return Target(np.stack([_smoothed(row) for row in rows]))


def target_of_series(values: Floats, times_s: Floats) -> Target:
    """One value a frame, seen in the middle of each frame (n,), carried over to the steps without loss of speed."""
    from scipy.interpolate import make_interp_spline

    steps_s = np.arange(int(times_s[-1] / STEP_S) + 2) * STEP_S
    if len(values) < 6:
        return Target(np.interp(steps_s, times_s, values)[None])
    # Of fifth order: a straight line between frames would damp the fast part of speech at half frames only, and so
    # draw every offset towards whole frames.
    spline = make_interp_spline(times_s, values, k=5)
    return Target(np.asarray(spline(np.clip(steps_s, times_s[0], times_s[-1])))[None])


def _smoothed(row: Floats) -> Floats:
    reach = int(4 * _SMOOTHING_S / STEP_S)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * STEP_S / _SMOOTHING_S) ** 2)
    return np.convolve(np.pad(row, reach, mode="edge"), kernel / kernel.sum(), mode="valid")
