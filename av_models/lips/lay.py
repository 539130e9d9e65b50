"""A line laid on its picture: when each phrase is heard, how its sound is mapped, and where the picture must be then.

Three clocks: the voice's own, the footage's, and the programme's, which this decides. While a phrase is fitted to the
picture the programme follows the footage, while the picture is fitted to the sound it follows the voice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..domain.edit import Fit
from ..domain.speech import BREATH, SILENCE, Alignment
from ..speech.time_map import TimeMap
from .guide import Guide
from .phrases import Phrase
from .picture_path import PAUSE_LIMITS, Pin
from .sound_map import RATE_LIMITS, Pull, Segment, exact, heard_lengths

__all__ = ["Laid", "Part", "lay_line", "pins_of"]

Floats = NDArray[np.floating[Any]]

_BETWEEN_PHRASES_S = 0.06
_SHORTEST_GAP_S = 0.02
_SHORTEST_HEAD_S = 0.005


@dataclass(frozen=True, slots=True)
class Part:
    """A phrase of the alignment, how it is fitted, and what it is fitted to; a guide of None follows the voice.

    limits: slowest and fastest rate at which this take of it may be played.
    """

    phrase: Phrase
    fit: Fit
    guide: Guide | None
    limits: tuple[float, float] = RATE_LIMITS

    @property
    def is_conformed(self) -> bool:
        return self.fit is Fit.PICTURE and self.guide is not None

    @property
    def length_s(self) -> float:
        """As long as the programme gives it."""
        return self.guide.duration_s if self.is_conformed and self.guide else float(self.phrase.duration)


@dataclass(frozen=True, slots=True)
class Laid:
    """speech_start: seconds from the line's first frame to its speech's first sample.  time_map: of the speech, None
    if it is left alone.  wanted_s: when each phrase should begin.  spans: when it is really heard, in the line."""

    speech_start: Fraction
    time_map: TimeMap | None
    wanted_s: tuple[float, ...]
    spans: tuple[tuple[Fraction, Fraction], ...]


def lay_line(alignment: Alignment, parts: Sequence[Part], first_s: float) -> Laid:
    """first_s: when the first phrase should begin, from the line's first frame; it never begins before that."""
    wanted = _begin(parts, first_s)
    head = alignment.words[0].start if alignment.words else Fraction(0)
    rate_hz = alignment.speech.rate_hz
    begin = Fraction(round(max(first_s, _SHORTEST_HEAD_S) * rate_hz), rate_hz)
    lead = min(head, begin)
    speech_start = begin - lead
    time_map = None
    if any(part.is_conformed for part in parts):
        time_map = _mapped(alignment, parts, wanted, float(speech_start), head - lead)
    elif lead < head:
        speech_start, wanted = Fraction(0), [start + float(head - lead) for start in wanted]

    def heard(moment: Fraction) -> Fraction:
        return speech_start + (time_map.heard(moment) if time_map else moment)

    spans = tuple((heard(part.phrase.start), heard(part.phrase.end)) for part in parts)
    return Laid(speech_start, time_map, tuple(wanted), spans)


def pins_of(parts: Sequence[Part], laid: Laid) -> list[Pin]:
    """Where the picture must be when: at the moments of phrases that the picture is fitted to, and at both ends of
    those that play at their own speed."""
    pins: list[Pin] = []
    for part, wanted_s in zip(parts, laid.wanted_s, strict=True):
        if part.guide is None:
            continue
        if part.is_conformed:
            pins.append(Pin(wanted_s, part.guide.start_s, 3.0))
            pins.append(Pin(wanted_s + part.guide.duration_s, part.guide.end_s, 3.0))
        elif part.fit is Fit.SOUND:
            for moment in part.guide.moments:
                at = Fraction(moment.spoken_s).limit_denominator(1_000_000)
                heard = laid.speech_start + (laid.time_map.heard(at) if laid.time_map else at)
                pins.append(Pin(float(heard), moment.footage_s, _PIN_WEIGHT * moment.weight))
    return pins


_PIN_WEIGHT = 0.4
"""A word may be a frame off for the sake of a steady speed."""


def _begin(parts: Sequence[Part], first_s: float) -> list[float]:
    """When each phrase should begin in the line."""
    wanted = [max(first_s, _SHORTEST_HEAD_S)]
    for before, part in pairwise(parts):
        spoken = float(part.phrase.start - before.phrase.end)
        pause = spoken
        if before.guide is not None and part.guide is not None:
            seen = max(part.guide.start_s - before.guide.end_s, 0.0)
            if before.is_conformed and part.is_conformed:
                pause = seen
            elif before.is_conformed or part.is_conformed:
                pause = min(max(spoken, seen / PAUSE_LIMITS[1]), max(seen / PAUSE_LIMITS[0], 0.1))
        wanted.append(wanted[-1] + before.length_s + pause)
    return wanted


def _mapped(
    alignment: Alignment, parts: Sequence[Part], wanted: Sequence[float], start_s: float, cut: Fraction
) -> TimeMap:
    """cut: seconds of the silence at the head that there is no room for."""
    segments, spoken = _segments(alignment, parts, cut)
    while True:
        lengths = heard_lengths(segments, _pulls(parts, wanted, spoken, start_s))
        short = [
            k
            for k, segment in enumerate(segments)
            if not segment.length_s and segment.is_pause and lengths[k] < _SHORTEST_GAP_S
        ]
        if not short:
            break
        # A silence too short to be one is a click: say it without.
        segments = [segment for k, segment in enumerate(segments) if k not in short]
        spoken = [time for k, time in enumerate(spoken) if k not in short]
    ends = np.cumsum([0, *exact(lengths)])
    rows = [Fraction(0), *spoken[1:]], [Fraction(end) for end in ends]
    rate_hz = alignment.speech.rate_hz
    rows[1][-1] = Fraction(round(rows[1][-1] * rate_hz), rate_hz)
    return _thinned(*rows)


def _segments(alignment: Alignment, parts: Sequence[Part], cut: Fraction) -> tuple[list[Segment], list[Fraction]]:
    """Phones and silences that may be put in, and where each begins in the speech, with the speech's end."""
    gaps = {
        alignment.words[k].start
        for part in parts
        if part.is_conformed and part.guide
        for k in part.guide.pauses
        if k < len(alignment.words)
    }
    segments: list[Segment] = []
    spoken: list[Fraction] = []
    last = len(alignment.phones) - 1
    for index, phone in enumerate(alignment.phones):
        if phone.end <= phone.start:
            continue
        before = segments[-1].label if segments else SILENCE
        if phone.start in gaps and before not in (SILENCE, BREATH) and phone.label != SILENCE:
            segments.append(Segment(SILENCE, 0.0))
            spoken.append(phone.start)
        length = float(phone.end - phone.start)
        if index in (0, last) and phone.label == SILENCE:
            edge = Segment(SILENCE, length - float(cut if index == 0 else 0), True)
            segments.append(edge)
        else:
            segments.append(Segment(phone.label, length, *_freedom(phone.start, phone.end, parts)))
        spoken.append(phone.start)
    return segments, [*spoken, alignment.phones[-1].end]


def _freedom(start: Fraction, end: Fraction, parts: Sequence[Part]) -> tuple[bool, float, tuple[float, float]]:
    """Whether a stretch of the speech must stay as it is, the least length if it is a pause, and its limits."""
    middle = (start + end) / 2
    for part in parts:
        if part.phrase.start <= middle < part.phrase.end:
            return not part.is_conformed, _SHORTEST_GAP_S, part.limits
    around = [part for part in parts if part.phrase.end <= middle][-1:]
    around += [part for part in parts if part.phrase.start > middle][:1]
    return not any(part.is_conformed for part in around), min(_BETWEEN_PHRASES_S, float(end - start)), RATE_LIMITS


def _pulls(parts: Sequence[Part], wanted: Sequence[float], spoken: Sequence[Fraction], start_s: float) -> list[Pull]:
    times = np.array([float(time) for time in spoken])

    def index_of(moment_s: float) -> int:
        near = np.flatnonzero(np.abs(times - moment_s) <= np.abs(times - moment_s).min() + 1e-9)
        return int(near[-1])  # after a silence put in, not before it

    pulls: list[Pull] = []
    for part, begins_s in zip(parts, wanted, strict=True):
        if part.is_conformed and part.guide:
            for moment in part.guide.moments:
                heard = begins_s + moment.footage_s - part.guide.start_s - start_s
                pulls.append(Pull(index_of(moment.spoken_s), heard, moment.weight))
        else:
            pulls.append(Pull(index_of(float(part.phrase.start)), begins_s - start_s, 1.0))
    return pulls


def _thinned(spoken: Sequence[Fraction], heard: Sequence[Fraction]) -> TimeMap:
    """The map without segments of no length and without anchors on a straight line."""
    kept = [(spoken[0], heard[0])]
    rows = list(zip(spoken, heard, strict=True))[1:]
    for index, (said, due) in enumerate(rows):
        if due <= kept[-1][1]:
            continue
        following = rows[index + 1] if index + 1 < len(rows) else None
        if following is not None:
            run, on = (said - kept[-1][0], due - kept[-1][1]), (following[0] - said, following[1] - due)
            if run[0] * on[1] == on[0] * run[1] and on[1] > 0:
                continue
        kept.append((said, due))
    return TimeMap(tuple(said for said, _ in kept), tuple(due for _, due in kept))
