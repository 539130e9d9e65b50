"""Does what is said last as long as the mouth that says it, and how many syllables too many or too few is that?"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

from ..domain.edit import Isochrony

__all__ = ["FITS_S", "isochrony"]

FITS_S = 0.12
"""Three frames of film: an end that is off by less is not seen as wrong."""


def isochrony(spoken_s: Fraction, room_s: Fraction, heard_s: Fraction, n_syllables: int) -> Isochrony:
    """spoken_s: of the voice's own accord.  room_s: how long the mouth moves.  heard_s: as it was fitted, which within
    the limits of the rate may still be too long or too short."""
    over_s = float(heard_s - room_s)
    rate = spoken_s / heard_s if heard_s else Fraction(1)
    a_syllable_s = float(heard_s) / max(n_syllables, 1)
    over, verdict = 0, "fits"
    if over_s > FITS_S:
        over = ceil(over_s / a_syllable_s)
        verdict = f"needs {_syllables(over)} fewer: {over_s:.2f} s too long at {float(rate):.2f} times its own speed"
    elif over_s < -FITS_S:
        over = -max(1, floor(-over_s / a_syllable_s))
        verdict = (
            f"has room for {_syllables(-over)} more: {-over_s:.2f} s too short at {float(rate):.2f} times its own speed"
        )
    return Isochrony(_ms(spoken_s), _ms(room_s), _ms(rate), over, verdict)


def _syllables(count: int) -> str:
    return "1 syllable" if count == 1 else f"{count} syllables"


def _ms(value: Fraction) -> Fraction:
    return Fraction(round(value * 1000), 1000)
