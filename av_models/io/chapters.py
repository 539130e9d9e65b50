"""Chapters of the programme: one for every paragraph of the script, where it has several."""

from __future__ import annotations

import re
from fractions import Fraction

from av_models.domain.edit import Timeline
from av_models.domain.time import frame_time

from .coded_sound import Chapter

__all__ = ["chapters_of"]

_TITLE_CHARS = 48


def chapters_of(timeline: Timeline) -> tuple[Chapter, ...]:
    """They cover the programme without gaps, each named by its first words; none where the script is one paragraph."""
    starts: list[tuple[Fraction, str]] = []
    paragraph = None
    for placement in timeline.placements:
        line = placement.alignment.speech.utterance.line
        if line.paragraph != paragraph:
            paragraph = line.paragraph
            starts.append((frame_time(placement.first_frame, timeline.rate), _title(line.written)))
    if len(starts) < 2:
        return ()
    ends = [start for start, _ in starts[1:]] + [timeline.duration]
    return tuple(Chapter(title, start, end) for (start, title), end in zip(starts, ends, strict=True))


def _title(written: str) -> str:
    """The first sentence, or as many of its words as fit."""
    sentence = re.split(r"(?<=[.!?…])\s", written, maxsplit=1)[0].rstrip(".,;: ")
    if len(sentence) <= _TITLE_CHARS:
        return sentence
    return sentence[: _TITLE_CHARS - 1].rsplit(" ", 1)[0].rstrip(".,;: ") + "…"
