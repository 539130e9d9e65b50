"""Which way each phrase of the script is fitted to the actor's performance, before anything is laid out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from av_models.domain.edit import Fit, Lips
from av_models.domain.script import Line
from av_models.domain.speech import Alignment
from tasks.conforming import can_be_paced, respoken

if TYPE_CHECKING:
    from av_models.lips.activity import MouthPhrase
    from av_models.lips.choice import Choice
    from av_models.lips.guide import Guide
    from av_models.lips.lay import Part
    from av_models.lips.phrases import Phrase
    from av_models.lips.said import Performed
    from tasks.performance import Performance

__all__ = ["Planned", "plan_lines"]

_SPARE = 0.03
"""Of the limits, left to the time map: a voice does not keep to a pace exactly."""

_OWN_PACE = 0.02
"""A phrase that lasts as long as the mouth but for this share is not spoken again."""


@dataclass(frozen=True)
class Planned:
    """One line. alignment: spoken again where a phrase is conformed.  natural_s: how long each phrase lasts of the
    voice's own accord."""

    alignment: Alignment
    parts: tuple[Part, ...]
    choices: tuple[Choice, ...]
    natural_s: tuple[Fraction, ...]

    @property
    def is_driven(self) -> bool:
        return all(part.fit is Fit.DRIVE for part in self.parts)


def plan_lines(
    alignments: Sequence[Alignment], performance: Performance, fit: Fit, lips: Lips
) -> tuple[tuple[Planned, ...], str]:
    """Every line with the fit of its phrases; and a sentence about what the actor says, '' where nobody asked."""
    from av_models.lips.choice import choose_fit
    from av_models.lips.phrases import split_phrases

    phrases = [split_phrases(alignment) for alignment in alignments]
    driven = fit is Fit.DRIVE or (fit is Fit.AUTO and lips is Lips.DRIVE)
    said: list[list[Performed | None]] = [[None] * len(own) for own in phrases]
    heard = ""
    if not driven:
        said, heard = _said(alignments, phrases, performance)
    seen: list[list[Guide | None]] = [[None] * len(own) for own in phrases]
    if not driven and not (fit is Fit.AUTO and lips is Lips.AUTO):
        seen = _seen(alignments, phrases, said, performance)
    planned = []
    for alignment, own, performed, mouth in zip(alignments, phrases, said, seen, strict=True):
        guides = _guides(alignment, own, performed, mouth)
        paced = not driven and can_be_paced(alignment)
        choices = tuple(
            choose_fit(alignment, phrase, guide, fit, lips, paced) for phrase, guide in zip(own, guides, strict=True)
        )
        planned.append(_spoken_to_fit(alignment, own, guides, choices, performed))
    return tuple(planned), heard


def _said(
    alignments: Sequence[Alignment], phrases: Sequence[Sequence[Phrase]], performance: Performance
) -> tuple[list[list[Performed | None]], str]:
    """Line by line where the actor says each phrase. A phrase whose words were not all found is not looked for."""
    from av_models.lips.phrases import line_of

    wanted: list[tuple[int, int, Line]] = []
    for row, (alignment, own) in enumerate(zip(alignments, phrases, strict=True)):
        line = alignment.speech.utterance.line
        for column, phrase in enumerate(own) if len(alignment.words) == len(line.spoken) else ():
            part = line_of(line, phrase.first_word, phrase.end_word)
            if part is not None and part.spoken:
                wanted.append((row, column, part))
    found: list[list[Performed | None]] = [[None] * len(own) for own in phrases]
    if not wanted:
        return found, "There are no words to compare with the actor's."
    language = alignments[0].speech.utterance.voice.language
    performed, heard = performance.said([line for *_, line in wanted], language)
    for (row, column, _), one in zip(wanted, performed, strict=True):
        found[row][column] = one
    return found, heard


def _seen(
    alignments: Sequence[Alignment],
    phrases: Sequence[Sequence[Phrase]],
    said: Sequence[Sequence[Performed | None]],
    performance: Performance,
) -> list[list[Guide | None]]:
    """For phrases that the actor does not say, the movement of the mouth that they can be laid on: what lies between
    the neighbours that are said."""
    from av_models.lips.guide import mouth_guides

    found: list[list[Guide | None]] = [[None] * len(own) for own in phrases]
    flat = [(row, column) for row, own in enumerate(phrases) for column in range(len(own))]
    at = 0
    while at < len(flat):
        end = at
        while end < len(flat) and said[flat[end][0]][flat[end][1]] is None:
            end += 1
        if end > at:
            before = said[flat[at - 1][0]][flat[at - 1][1]] if at else None
            after = said[flat[end][0]][flat[end][1]] if end < len(flat) else None
            first_s = float(before.words[-1].end) if before else float("-inf")
            last_s = float(after.words[0].start) if after else float("inf")
            mouth = _clipped(performance, first_s, last_s)
            rows = sorted({row for row, _ in flat[at:end]})
            lines = [(alignments[row], [phrases[row][c] for r, c in flat[at:end] if r == row]) for row in rows]
            guides = [guide for line in mouth_guides(lines, mouth) for guide in line]
            for (row, column), guide in zip(flat[at:end], guides, strict=True):
                found[row][column] = guide
        at = max(end, at + 1)
    return found


def _clipped(performance: Performance, first_s: float, last_s: float) -> list[MouthPhrase]:
    clipped = []
    for one in performance.mouth:
        start_s, end_s = max(one.start_s, first_s), min(one.end_s, last_s)
        if end_s - start_s > 0.2:
            shut = tuple(time for time in one.shut_s if start_s < time < end_s)
            clipped.append(replace(one, start_s=start_s, end_s=end_s, shut_s=shut))
    return clipped


def _guides(
    alignment: Alignment,
    phrases: Sequence[Phrase],
    performed: Sequence[Performed | None],
    mouth: Sequence[Guide | None],
) -> list[Guide | None]:
    from av_models.lips.guide import said_guide

    return [
        said_guide(alignment, phrase, own) if own is not None else seen
        for phrase, own, seen in zip(phrases, performed, mouth, strict=True)
    ]


def _spoken_to_fit(
    alignment: Alignment,
    phrases: Sequence[Phrase],
    guides: Sequence[Guide | None],
    choices: tuple[Choice, ...],
    performed: Sequence[Performed | None],
) -> Planned:
    """The line spoken again at the paces that its conformed phrases need, and their guides counted in that take."""
    from av_models.lips.guide import carried_over
    from av_models.lips.lay import Part
    from av_models.lips.phrases import phrase_of

    wanted: list[float | None] = [None] * len(alignment.words)
    for phrase, guide, choice in zip(phrases, guides, choices, strict=True):
        if choice.fit is Fit.PICTURE and guide is not None:
            wanted[phrase.first_word : phrase.end_word] = _word_lengths(alignment, phrase, guide)
    again = respoken(alignment, wanted) if any(one is not None for one in wanted) else alignment
    parts = []
    for phrase, guide, choice, own in zip(phrases, guides, choices, performed, strict=True):
        moved = phrase_of(again, phrase.first_word, phrase.end_word) if again is not alignment else phrase
        if again is not alignment and guide is not None:
            guide = _guides(again, [moved], [own], [carried_over(guide, alignment, again)])[0]
        parts.append(Part(moved, choice.fit, guide, _limits(phrase, moved, guide)))
    return Planned(again, tuple(parts), choices, tuple(phrase.duration for phrase in phrases))


def _limits(phrase: Phrase, moved: Phrase, guide: Guide | None) -> tuple[float, float]:
    """What is left of the limits for a take that is said faster or slower than of the voice's own accord.

    An actor's own words set the voice's pace as a director would, and only what is done to the take counts; mouths that
    say something else set none.
    """
    from av_models.lips.sound_map import RATE_LIMITS

    pace = float(phrase.duration / moved.duration) if moved.duration else 1.0
    if guide is None or guide.said:
        return RATE_LIMITS
    return min(RATE_LIMITS[0] / pace, 1.0), max(RATE_LIMITS[1] / pace, 1.0)


def _word_lengths(alignment: Alignment, phrase: Phrase, guide: Guide) -> list[float | None]:
    """Seconds that each word should last: the actor's own, or all at one pace within the limits."""
    from av_models.lips.sound_map import RATE_LIMITS

    if guide.word_s:
        return list(guide.word_s)
    pace = min(max(float(phrase.duration) / guide.duration_s, RATE_LIMITS[0] + _SPARE), RATE_LIMITS[1] - _SPARE)
    words = alignment.words[phrase.first_word : phrase.end_word]
    if abs(pace - 1) < _OWN_PACE:
        return [None] * len(words)
    return [float(word.end - word.start) / pace for word in words]
