"""The lips of a finished picture against its speech, as one record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from av_models.domain.media import MediaRef
from av_models.domain.speech import BREATH, SILENCE
from av_models.domain.sync import Drift, LipSync, OffsetAt, PhoneTimes

from .closures import CLOSED_GAP, chance_of_closure, count_open_vowels, find_closures, find_false_closures
from .drift import Course, line_through, measure_course
from .expected import SpokenPhone, target_of_phones, target_of_series
from .stillness import measure_stillness
from .sync import REACH_MS

__all__ = ["TIMES_ERROR_MS", "Heard", "Lips", "measure_lips"]

Floats = NDArray[np.float64]

_SELDOM = 0.25
_LOOSE = (
    "The lips do not follow the sound: another speaker, music, a mouth that is hidden or too small, only a few seconds "
    "of speech, or sound that is further away than was looked for."
)

# What the jackknife cannot see, because it is the same throughout a clip: how early or late the phones' times are as a
# whole. Standard errors: aligned starts of four synthetic voices are 1.1 to 1.6 ms early on average, and offsets by
# phones that were only heard are 1 to 8 ms away from those by exact times on the CG clips.
TIMES_ERROR_MS = {PhoneTimes.KNOWN: 2.0, PhoneTimes.ALIGNED: 3.0, PhoneTimes.HEARD: 6.0}


@dataclass(frozen=True, slots=True, eq=False)
class Lips:
    """What was seen. gap: (n,) over mouth width, NaN without a face.  times_s: (n,) of the frames' middles.

    asked: (n,) opening of the mouth code that made the picture, None if unknown.
    """

    gap: Floats
    times_s: Floats
    asked: Floats | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """What was spoken. times: where the phones' times come from.  late: of the sound against the edit, an entry an
    utterance; empty where no edit is known: then the phones' times are those of the sound itself.  reason: what to
    know about them, a sentence."""

    phones: tuple[SpokenPhone, ...]
    times: PhoneTimes
    late: tuple[OffsetAt, ...] = ()
    has_edit: bool = False
    reason: str = ""


def measure_lips(lips: Lips, heard: Heard, series: MediaRef, reach_ms: float = REACH_MS) -> LipSync:
    """Offset, drift, closures, stillness and opening.

    The offset is taken against the phones, which know nothing of the mouth code; against the code only where the lips
    follow the phones too loosely. The drift is taken against whichever is followed more closely: both keep the time of
    the edit. series: kept with the record.
    """
    gap, times_s, phones = lips.gap, lips.times_s, heard.phones
    by_phones = measure_course(gap, times_s, target_of_phones(phones, float(times_s[-1]) + 1), reach_ms)
    by_code = None if lips.asked is None else measure_course(gap, times_s, target_of_series(lips.asked, times_s))
    best = by_phones or by_code
    sound_ms = _median(heard.late) if heard.has_edit else None
    known = best is not None and (sound_ms is not None or not heard.has_edit)
    drift, stretches = _drift(by_phones, by_code, heard)
    return LipSync(
        offset_ms=_rounded(best.found.late_ms - (sound_ms or 0.0) if best and known else None),
        offset_error_ms=_rounded(_error_ms(best, heard.times) if best else None),
        picture_late_ms=_rounded(best.found.late_ms if best else None),
        sound_late_ms=_rounded(sound_ms),
        times=heard.times,
        target="mouth code" if by_phones is None and by_code is not None else "phones",
        correlation=_rounded(best.found.correlation if best else None, 3),
        code_late_ms=_rounded(by_code.found.late_ms if by_code else None),
        code_error_ms=_rounded(by_code.found.error_ms if by_code else None),
        code_correlation=_rounded(by_code.found.correlation if by_code else None, 3),
        drift=drift,
        stretches=stretches,
        closed_gap=CLOSED_GAP,
        closures=find_closures(gap, times_s, phones),
        chance=_rounded(chance_of_closure(gap, times_s, phones), 3),
        false_closures=find_false_closures(gap, times_s, phones),
        n_open_vowels=count_open_vowels(gap, times_s, phones),
        stillness=measure_stillness(gap, times_s, phones),
        n_seen=int(np.isfinite(gap).sum()),
        n_frames=len(gap),
        series=series,
        reason=" ".join(part for part in (heard.reason, _why(lips, best, heard)) if part),
    )


def _why(lips: Lips, best: Course | None, heard: Heard) -> str:
    """Why there is no offset; '' when there is one."""
    if best is not None:
        lost = heard.has_edit and not heard.late
        return "No line of the script is found again in the sound." if lost else ""
    if not any(phone.label not in (SILENCE, BREATH) for phone in heard.phones):
        return "There is no speech to compare the lips with."
    share = float(np.isfinite(lips.gap).mean())
    if share < _SELDOM:
        return f"The face is seen in {share:.0%} of the frames only: turned away, hidden or too small."
    return _LOOSE


def _drift(by_phones: Course | None, by_code: Course | None, heard: Heard) -> tuple[Drift | None, tuple[OffsetAt, ...]]:
    """Of the lips, less that of the sound against the edit where there are enough utterances to know it."""
    courses = [course for course in (by_phones, by_code) if course is not None]
    if not courses:
        return None, ()
    closest = max(courses, key=lambda course: (course.drift is not None, course.found.correlation))
    sound = line_through(heard.late)
    if closest.drift is None or sound is None:
        return closest.drift, closest.stretches
    error = float(np.hypot(closest.drift.error_ms_per_min, sound.error_ms_per_min))
    slope = closest.drift.ms_per_min - sound.ms_per_min
    return replace(closest.drift, ms_per_min=round(slope, 3), error_ms_per_min=round(error, 3)), closest.stretches


def _error_ms(course: Course, times: PhoneTimes) -> float:
    return float(np.hypot(course.found.error_ms, TIMES_ERROR_MS[times]))


def _median(late: Sequence[OffsetAt]) -> float | None:
    return float(np.median([one.offset_ms for one in late])) if late else None


def _rounded(value: float | None, digits: int = 2) -> float | None:
    return None if value is None else round(value, digits)
