"""The edit as a CMX 3600 list, which every editing program since 1970 can read: events in whole frames, with M2 lines
where the picture runs at another speed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from av_models.domain.edit import Timeline
from av_models.domain.time import timecode

from .timeline import speech_name, stretches

__all__ = ["edl_text"]

_REEL_CHARS = 8


@dataclass(frozen=True, slots=True)
class _Event:
    """channel: 'V' or 'A'.  source, record: first frame and end, at the programme's rate.  speed: None for sound."""

    reel: str
    channel: str
    source: tuple[int, int]
    record: tuple[int, int]
    name: str
    speed: Fraction | None
    remarks: tuple[str, ...]


def edl_text(timeline: Timeline, title: str, actor_name: str) -> str:
    """One picture event for every stretch of even speed of the actor's footage, one sound event for every line.

    Timecode counts every frame, non-drop, from 00:00:00:00, as in the master. An EDL knows whole frames only: sources
    are rounded to the nearest, and the exact sample of each line stands in a remark. Reels are named by at most eight
    letters and digits. Pictures come as they lie in the programme, the sound after them.
    """
    lines = [f"TITLE: {_plain(title)[:70]}", "FCM: NON-DROP FRAME", ""]
    events = [*_pictures(timeline, actor_name), *_sounds(timeline)]
    for number, event in enumerate(events, 1):
        lines += [*_written(event, number, timeline.rate), ""]
    return "\n".join(lines)


def _pictures(timeline: Timeline, actor_name: str) -> Iterator[_Event]:
    rate, reel = timeline.rate, _reel(actor_name)
    for placement in timeline.placements:
        for one in stretches(placement, rate):
            record = placement.first_frame + one.first, placement.first_frame + one.end
            first = round(one.source_s * rate)
            last = round((one.source_s + one.speed * (one.end - one.first) / rate) * rate)
            source = min(first, last), max(first, last, min(first, last) + 1)
            remarks = (f"{placement.how.upper()}, SPEED {one.speed}",) if one.speed != 1 else ()
            if one.speed == 1:
                source = first, first + one.end - one.first
            yield _Event(reel, "V", source, record, actor_name, one.speed, remarks)


def _sounds(timeline: Timeline) -> Iterator[_Event]:
    rate, reached = timeline.rate, 0
    for number, placement in enumerate(timeline.placements, 1):
        speech = placement.alignment.speech
        start_s = placement.first_frame / rate + placement.speech_start
        first = max(reached, round(start_s * rate))
        reached = max(first + 1, round((start_s + speech.duration) * rate))
        role = speech.utterance.line.role
        remarks = (
            f"STARTS AT {float(start_s):.6f} S, {speech.n_samples} SAMPLES AT {speech.rate_hz} HZ",
            *([f"ROLE {_plain(role).upper()}"] if role else []),
        )
        name = speech_name(placement, number)
        yield _Event(
            f"SPCH{number:04d}"[:_REEL_CHARS], "A", (0, reached - first), (first, reached), name, None, remarks
        )


def _written(event: _Event, number: int, rate: Fraction) -> Iterator[str]:
    codes = " ".join(timecode(frame, rate) for frame in (*event.source, *event.record))
    yield f"{number:03d}  {event.reel:<8} {event.channel:<5} C        {codes}"
    if event.speed is not None and event.speed != 1:
        shown_first = event.source[0] if event.speed >= 0 else event.source[1] - 1
        yield f"M2   {event.reel:<8} {_speed(event.speed * rate)}                {timecode(shown_first, rate)}"
    yield f"* FROM CLIP NAME:  {_plain(event.name)}"
    if event.speed == 0:
        yield "* * FREEZE FRAME"
    yield from (f"* {remark}" for remark in event.remarks)


def _speed(frames_per_s: Fraction) -> str:
    """As M2 lines give it: frames a second, with a tenth; here with three digits, as programs read them too."""
    return f"{float(frames_per_s):07.3f}"


def _reel(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", name.rsplit(".", 1)[0].upper())[:_REEL_CHARS] or "ACTOR"


def _plain(text: str) -> str:
    """Lists are ASCII, one line an entry."""
    return " ".join(text.split()).encode("ascii", "replace").decode()
