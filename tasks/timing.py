"""The edit as stages: where every line lies, which footage carries it, and what the mouth does in each frame."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from av_models.domain.edit import Lips, LipsChoice, Placement, Timeline
from av_models.domain.face import FaceTrack
from av_models.domain.media import Footage
from av_models.domain.speech import Alignment, Word
from av_models.domain.time import frames_covering
from tasks.caching import stage
from tasks.workspace import store

if TYPE_CHECKING:
    pass

LEAD_S = Fraction(12, 100)
FIRST_LEAD_S = Fraction(30, 100)
LINE_GAP_S = Fraction(30, 100)
PARAGRAPH_GAP_S = Fraction(45, 100)
LAST_TAIL_S = Fraction(60, 100)
SHARD_FRAMES = 96
SPEECH_HZ = 16000
MARGIN_S = Fraction(15, 100)
STANDARD_RATES = tuple(
    Fraction(n, d)
    for n, d in ((24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (50, 1), (60000, 1001), (60, 1))
)


@stage("1")
def fit_performance(alignments: tuple[Alignment, ...], actor: FaceTrack, lips: Lips) -> Timeline:
    """Lay the lines one after the other and find the actor's frames that carry each."""
    choice, performed = choose_lips(alignments, actor, lips)
    rate = programme_rate(actor.footage)
    if performed:
        return Timeline(rate, _matched(alignments, performed, actor, rate), choice)
    return Timeline(rate, _carried(alignments, actor, rate), choice)


def programme_rate(footage: Footage) -> Fraction:
    """The footage's own rate; for a varying rate the nearest standard one."""
    if not footage.variable_rate:
        return footage.rate
    return min(STANDARD_RATES, key=lambda rate: abs(rate - footage.rate))


def choose_lips(alignments: Sequence[Alignment], actor: FaceTrack, lips: Lips) -> tuple[LipsChoice, tuple[Word, ...]]:
    """Keep or drive, with the reason, and the words as the actor says them when those are the script's."""
    from av_models.alignment.spoken import says
    from av_models.io.audio import read_audio

    if lips is Lips.DRIVE:
        return LipsChoice(Lips.DRIVE, "The lips follow the speech, as asked."), ()
    words = [word for alignment in alignments for word in alignment.speech.utterance.line.spoken]
    performed: tuple[Word, ...] = ()
    if actor.footage.audio is None:
        heard = "The actor's footage has no sound to compare with the script."
    else:
        match = says(read_audio(store().path(actor.footage.media), SPEECH_HZ), SPEECH_HZ, words)
        heard, performed = match.reason, tuple(match.words or ()) if match.said else ()
    performed = performed if len(performed) == len(words) else ()
    if lips is Lips.KEEP:
        return LipsChoice(Lips.KEEP, f"The actor's own lips are kept, as asked. {heard}"), performed
    if performed:
        return LipsChoice(Lips.KEEP, "The actor says these words, so the actor's own lips are kept."), performed
    return LipsChoice(Lips.DRIVE, f"The actor does not say these words, so the speech drives the lips. {heard}"), ()


def _carried(alignments: Sequence[Alignment], actor: FaceTrack, rate: Fraction) -> tuple[Placement, ...]:
    """The footage plays at its own speed under speech that it does not say."""
    from av_models.lips.conform import anchors_of, line_path, rest_frame

    arrays = store().arrays(actor.data)
    grid = _grid(actor.footage, rate)
    rest = rest_frame(arrays["landmarks"], arrays["usable"])
    rest_position = float(np.abs(np.array([float(t) for t in grid]) - arrays["time_s"][rest]).argmin())
    placements: list[Placement] = []
    first_frame = 0
    for index, alignment in enumerate(alignments):
        lead = _lead(alignments, index)
        tail = LAST_TAIL_S if index == len(alignments) - 1 else Fraction(0)
        n = frames_covering(lead + alignment.speech.duration + tail, rate)
        path, how = line_path(index, len(alignments), n, rest_position, len(grid), rate)
        placements.append(Placement(alignment, first_frame, n, lead, anchors_of(path, grid), how))
        first_frame += n
    return tuple(placements)


def _matched(
    alignments: Sequence[Alignment], performed: Sequence[Word], actor: FaceTrack, rate: Fraction
) -> tuple[Placement, ...]:
    """The footage is retimed so that the actor says each word when the speech does; pauses between lines are the
    actor's."""
    from av_models.lips.conform import anchors_of, matched_path

    grid = _grid(actor.footage, rate)
    placements: list[Placement] = []
    first_frame = first_word = 0
    for index, alignment in enumerate(alignments):
        own = performed[first_word : first_word + len(alignment.words)]
        first_word += len(alignment.words)
        lead = FIRST_LEAD_S if index == 0 else LEAD_S
        tail = LAST_TAIL_S
        if first_word < len(performed):
            tail = min(max(performed[first_word].start - own[-1].end - LEAD_S, Fraction(1, 10)), Fraction(2))
        n = frames_covering(lead + alignment.speech.duration + tail, rate)
        spoken = [float(lead + word.start) for word in alignment.words]
        path, how = matched_path(n, rate, spoken, [float(word.start) for word in own], len(grid))
        placements.append(Placement(alignment, first_frame, n, lead, anchors_of(path, grid), how))
        first_frame += n
    return tuple(placements)


def _lead(alignments: Sequence[Alignment], index: int) -> Fraction:
    """Silence before a line. It belongs to the line's own shot, so that a line's length concerns nobody else."""
    if index == 0:
        return FIRST_LEAD_S
    line, before = (alignments[i].speech.utterance.line for i in (index, index - 1))
    return PARAGRAPH_GAP_S if line.paragraph != before.paragraph else LINE_GAP_S


def _grid(footage: Footage, rate: Fraction) -> tuple[Fraction, ...]:
    """The moments of the footage that can be shown: its own frames, or an even grid if its rate varies."""
    from av_models.io.video import frame_times

    if footage.variable_rate:
        return tuple(k / rate for k in range(max(2, int(footage.duration * rate))))
    return frame_times(store().path(footage.media))


__all__ = ["choose_lips", "fit_performance", "programme_rate"]
