"""From phones to gestures: what the mouth is asked to do, one sound after the other.

A diphthong is two gestures, an affricate such as pf as well; a sound that English does not have is a mixture of
visemes. All silence, also that before and after the phones, is one gesture of rest at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..domain.speech import BREATH, SILENCE, Phone
from .ipa import Mix, mixes_of
from .visemes import VISEMES, VOWELS

DIPHTHONGS = {"AY": ("AA", "IH"), "AW": ("AA", "UH"), "OY": ("AO", "IH"), "OW": ("AO", "UW"), "EY": ("EH", "IY")}
FIRST_SHARE = 0.55
"""Of a diphthong's time; the glide begins late."""
ENDLESS_S = 1e6
LEAST_GAP_S = 0.01
"""Between phones that do not touch, such as those of two lines, the mouth rests."""


@dataclass(frozen=True, slots=True)
class Gesture:
    """mix: viseme classes with their shares, which add to 1.  stress: '0', '1', '2', or '' where there is none."""

    start_s: float
    end_s: float
    mix: Mix
    stress: str = ""

    @property
    def name(self) -> str:
        """The class that takes the largest share."""
        return max(self.mix, key=lambda part: part[1])[0]

    @property
    def is_vowel(self) -> bool:
        return self.name in VOWELS

    @property
    def middle_s(self) -> float:
        return (self.start_s + self.end_s) / 2


def gestures_of(phones: Sequence[Phone]) -> tuple[Gesture, ...]:
    """In order, from endless rest to endless rest. phones: ascending. Unknown labels count as silence."""
    spoken = [gesture for phone in phones for gesture in _of_phone(phone)]
    first, last = (spoken[0].start_s, spoken[-1].end_s) if spoken else (0.0, 0.0)
    rest: Mix = ((SILENCE, 1.0),)
    merged = [Gesture(-ENDLESS_S, first, rest)]
    for gesture in (*spoken, Gesture(last, ENDLESS_S, rest)):
        if gesture.start_s - merged[-1].end_s > LEAST_GAP_S and merged[-1].name != SILENCE:
            merged.append(Gesture(merged[-1].end_s, gesture.start_s, rest))
        if gesture.name == SILENCE and merged[-1].name == SILENCE:
            merged[-1] = Gesture(merged[-1].start_s, gesture.end_s, rest)
        else:
            merged.append(gesture)
    return tuple(merged)


def _of_phone(phone: Phone) -> Iterator[Gesture]:
    start, end = float(phone.start), float(phone.end)
    stress = phone.label[-1:] if phone.label[-1:] in "012" else ""
    mixes = _mixes(phone, phone.label.rstrip("012"))
    cuts = (0.0, FIRST_SHARE, 1.0) if len(mixes) == 2 else [k / len(mixes) for k in range(len(mixes) + 1)]
    for k, mix in enumerate(mixes):
        yield Gesture(start + cuts[k] * (end - start), start + cuts[k + 1] * (end - start), mix, stress)


def _mixes(phone: Phone, bare: str) -> Sequence[Mix]:
    """By the sound itself where the language is not English, else by the label."""
    if phone.label in (SILENCE, BREATH):
        return (((phone.label, 1.0),),)
    foreign = mixes_of(phone.ipa)
    if foreign:
        return foreign
    if bare in DIPHTHONGS:
        return tuple(((part, 1.0),) for part in DIPHTHONGS[bare])
    return (((bare if bare in VISEMES else SILENCE, 1.0),),)


__all__ = ["Gesture", "gestures_of"]
