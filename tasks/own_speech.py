"""What a person says in the person's own footage: aligned phones and their loudness, or nothing where unknown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from av_models.domain.errors import InputError
from av_models.domain.media import Footage
from av_models.domain.script import Line
from av_models.domain.speech import SILENCE, Phone, Word
from av_models.domain.time import sample_at
from tasks.workspace import store

if TYPE_CHECKING:
    from av_models.lips.effort import Loudness

__all__ = ["speech_of"]

SPEECH_HZ = 16000
MARGIN_S = Fraction(15, 100)
LANGUAGE = "en-us"


def speech_of(footage: Footage, words: str) -> tuple[tuple[Phone, ...], Loudness | None]:
    """Phones in the time of the footage, and its loudness; empty without sound or words, or if they do not match.

    Pauses between lines are phones of silence; a line that cannot be aligned leaves a hole, which teaches nothing.
    """
    from av_models.alignment.spoken import says
    from av_models.io.audio import read_audio
    from av_models.lips.effort import loudness
    from av_models.speech.script import read_script

    if footage.audio is None or not words.strip():
        return (), None
    lines = read_script(words).lines
    samples = read_audio(store().path(footage.media), SPEECH_HZ)
    match = says(samples, SPEECH_HZ, [word for line in lines for word in line.spoken])
    if not match.said:
        return (), None
    pieces = list(_aligned_lines(samples, lines, list(match.words or ())))
    return tuple(_with_pauses(pieces, Fraction(len(samples), SPEECH_HZ))), loudness(samples, SPEECH_HZ)


def _aligned_lines(samples: np.ndarray, lines: Sequence[Line], heard: list[Word]) -> Iterator[list[Phone]]:
    """The phones of every line in turn, [] for one that cannot be aligned."""
    from av_models.alignment.aligner import get_aligner

    before = Fraction(0)
    for line in lines:
        own, heard = heard[: len(line.spoken)], heard[len(line.spoken) :]
        after = heard[0].start if heard else Fraction(len(samples), SPEECH_HZ)
        start = max(own[0].start - MARGIN_S, before)
        piece = samples[sample_at(start, SPEECH_HZ) : sample_at(min(own[-1].end + MARGIN_S, after), SPEECH_HZ)]
        before = own[-1].end
        try:
            aligned = get_aligner("pocketsphinx").align(piece, SPEECH_HZ, line, LANGUAGE, ((), ()))
        except InputError:
            yield []
        else:
            yield [Phone(p.label, p.start + start, p.end + start, p.ipa, p.confidence) for p in aligned.phones]


def _with_pauses(pieces: Sequence[Sequence[Phone]], duration: Fraction) -> Iterator[Phone]:
    """All phones in order; silence where nobody speaks between two aligned lines, before the first, after the last."""
    end: Fraction | None = Fraction(0)
    for phones in pieces:
        if phones and end is not None and phones[0].start > end:
            yield Phone(SILENCE, end, phones[0].start)
        for phone in phones:
            start = phone.start if end is None else max(phone.start, end)
            if phone.end > start:
                yield Phone(phone.label, start, phone.end, phone.ipa, phone.confidence)
        end = phones[-1].end if phones else None
    if end is not None and duration > end:
        yield Phone(SILENCE, end, duration)
