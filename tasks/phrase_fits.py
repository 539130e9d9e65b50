"""What is told about each phrase of a line: its frames, whether it fits, and what would help."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from av_models.domain.edit import Fit, Isochrony, PhraseFit
from tasks.planning import Planned

__all__ = ["advice_on", "phrase_fits"]


def phrase_fits(
    line: Planned, spans: Sequence[tuple[Fraction, Fraction]], n: int, rate: Fraction, note: str
) -> tuple[PhraseFit, ...]:
    """The phrases with the frames that they take, pauses shared between neighbours."""
    edges = [0]
    for (_, end), (start, _) in pairwise(spans):
        edges.append(min(max(round((end + start) / 2 * rate), edges[-1]), n))
    edges.append(n)
    fits = []
    for k, (part, choice) in enumerate(zip(line.parts, line.choices, strict=True)):
        reason = choice.reason if not note or part.fit is not Fit.DRIVE else f"{choice.reason} {note}"
        fits.append(PhraseFit(edges[k], edges[k + 1] - edges[k], part.fit, reason, _isochrony(line, k, spans[k])))
    return tuple(fits)


def _isochrony(line: Planned, k: int, span: tuple[Fraction, Fraction]) -> Isochrony | None:
    from av_models.lips.isochrony import isochrony
    from av_models.speech.syllables import word_syllables

    part = line.parts[k]
    if part.guide is None or part.fit is Fit.DRIVE:
        return None
    words = [word.text for word in line.alignment.words[part.phrase.first_word : part.phrase.end_word]]
    n_syllables = word_syllables(words, line.alignment.speech.utterance.voice.language)
    heard_s = span[1] - span[0]
    room_s = Fraction(part.guide.duration_s).limit_denominator(1_000_000) if part.is_conformed else heard_s
    return isochrony(line.natural_s[k], room_s, heard_s, n_syllables)


def advice_on(fits: Sequence[PhraseFit]) -> list[str]:
    told = []
    for k, fit in enumerate(fits, 1):
        if fit.fit is Fit.PICTURE and fit.isochrony is None:
            told.append(f"Phrase {k} is heard over lips that do not say it; shorten the script or use longer footage.")
        elif fit.fit is Fit.PICTURE and fit.isochrony and fit.isochrony.syllables_over:
            told.append(f"Phrase {k} {fit.isochrony.verdict}.")
    return told
