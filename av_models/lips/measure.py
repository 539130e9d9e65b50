"""The lips of a finished picture against its speech, as one record."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from av_models.domain.media import MediaRef
from av_models.domain.quality import LipSync

from .closures import CLOSED_GAP, chance_of_closure, count_open_vowels, find_closures, find_false_closures
from .sync import SpokenPhone, measure_drift, measure_offset

__all__ = ["measure_lips"]

Floats = NDArray[np.float64]


def measure_lips(
    gap: Floats,
    target: Floats,
    asked: Floats | None,
    phones: Sequence[SpokenPhone],
    rate: Fraction,
    sound_late_s: float | None,
    series: MediaRef,
) -> LipSync:
    """Offset, closures and opening of a lip gap per frame (n,), NaN without a face.

    target: opening expected from the phones (n,).  asked: opening of the mouth code that made the picture, if known.
    The offset is taken against the phones, which know nothing of the mouth code; against the code only where the lips
    follow the phones too loosely.  sound_late_s: the sound against the timeline.
    """
    by_phones = measure_offset(gap, target, rate)
    by_code = None if asked is None else measure_offset(gap, asked, rate)
    found = by_phones or by_code
    loose = by_phones is None and by_code is not None
    offset_ms = None if found is None or sound_late_s is None else found.late_ms - sound_late_s * 1000
    return LipSync(
        offset_ms=_rounded(offset_ms),
        offset_error_ms=_rounded(found.error_ms if found else None),
        picture_late_ms=_rounded(found.late_ms if found else None),
        sound_late_ms=_rounded(None if sound_late_s is None else sound_late_s * 1000),
        target="mouth code" if loose else "phones",
        correlation=_rounded(found.correlation if found else None, 3),
        code_late_ms=_rounded(by_code.late_ms if by_code else None),
        code_correlation=_rounded(by_code.correlation if by_code else None, 3),
        drift_ms_per_min=_rounded(measure_drift(gap, asked if loose and asked is not None else target, rate)),
        closed_gap=CLOSED_GAP,
        closures=find_closures(gap, phones, rate),
        chance=_rounded(chance_of_closure(gap, phones, rate), 3),
        false_closures=find_false_closures(gap, phones, rate),
        n_open_vowels=count_open_vowels(gap, phones, rate),
        series=series,
    )


def _rounded(value: float | None, digits: int = 2) -> float | None:
    return None if value is None else round(value, digits)
