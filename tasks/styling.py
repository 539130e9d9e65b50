"""A performance as a style: brought in, measured, and laid under the lines of whoever shall speak like that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import log2
from statistics import median

import numpy as np
from numpy.typing import NDArray

from av_models.alignment.aligner import Aligned
from av_models.domain.consent import Cast, Clearance, VoiceCast
from av_models.domain.errors import InputError
from av_models.domain.script import Line, Script
from av_models.domain.speech import Performance, Voice
from av_models.domain.style import Reference, Style, StyleReading
from tasks.caching import stage
from tasks.workspace import store

__all__ = ["Styled", "follow_styles", "read_style", "voice_habits"]

_SOUND_HZ = 24_000
_LONGEST_S = 300
_PROBES = {
    "en": "When the boats came home, everybody ran down to the harbour. Did you see them, or were you asleep? "
    "It was a warm evening, and nobody wanted to go back.",
    "de": "Als die Boote heimkamen, liefen alle hinunter zum Hafen. Hast du sie gesehen, oder hast du geschlafen? "
    "Es war ein warmer Abend, und niemand wollte nach Hause.",
}
"""What a voice reads so that its own pace and melody are known, where nobody knows what is said in the reference."""


@dataclass(frozen=True, slots=True)
class Styled:
    """The script with every style in its lines and a note about each, and the performances of those lines that a
    reference says word for word."""

    script: Script
    performances: tuple[Performance | None, ...] = ()


def follow_styles(script: Script, cast: Cast | VoiceCast, clearance: Clearance, seed: int) -> Styled:
    """InputError for a style of a role or a line that the script does not have."""
    if not cast.styles:
        return Styled(script)
    _refuse_strangers(script, cast.styles)
    readings = {one.of: read_style(one, script.language) for one in cast.styles}
    levels_st = _levels_st(cast.styles, readings, clearance)
    follower = _Follower(cast, readings, levels_st, seed)
    lines, performances = zip(*follower.follow(script.lines), strict=True)
    notes = (*script.notes, *(note for reading in readings.values() for note in reading.notes), *follower.notes)
    return Styled(replace(script, lines=lines, notes=notes), performances)


class _Follower:
    """Goes through a script once. reached: words of each performance that earlier lines have used."""

    def __init__(
        self, cast: Cast | VoiceCast, readings: Mapping[str, StyleReading], levels_st: Mapping[str, float], seed: int
    ) -> None:
        self.cast, self.readings, self.levels_st, self.seed = cast, readings, levels_st, seed
        self.names = {one.of: one for one in cast.styles}
        self.reached = dict.fromkeys(readings, 0)
        self.notes: list[str] = []

    def follow(self, lines: Sequence[Line]) -> Iterator[tuple[Line, Performance | None]]:
        for number, line in enumerate(lines, start=1):
            of = next((key for key in (str(number), line.role, "") if key in self.readings), None)
            if of is None:
                yield line, None
            elif (performance := self._performed(of, line)) is not None:
                self.notes.append(f"Line {number} follows {self.names[of].name} phone by phone.")
                yield line, performance
            else:
                yield self._styled(of, line, number), None

    def _performed(self, of: str, line: Line) -> Performance | None:
        from av_models.speech.styled import excerpt

        whole = self.readings[of].performance
        found = excerpt(whole, line.spoken, self.reached[of]) if whole else None
        if found is None:
            return None
        self.reached[of] = found[1]
        return found[0]

    def _styled(self, of: str, line: Line, number: int) -> Line:
        from av_models.speech.styled import in_style

        reading, reference = self.readings[of], self.names[of]
        own = voice_habits(self.cast.voice_of(line.role), reference.text, reading.performance is None, self.seed)
        styled = in_style(line, reading.style, own, self.levels_st[of])
        asked = next(token.direction for token in styled.tokens if token.spoken)
        self.notes.append(
            f"Line {number} is spoken in the style of {reference.name}: rate {asked.rate:.2f}, "
            f"melody {asked.pitch_range:.2f} of the voice's own, {asked.pitch_st:+.1f} semitones."
        )
        return styled


@stage("1")
def read_style(reference: Reference, language: str) -> StyleReading:
    """Pace, pauses, melody and dynamics of a recording; phone by phone where its text is known.

    InputError for a recording that is too short, too long, or without a voice.
    """
    from av_models.alignment.unscripted import hear_phones
    from av_models.io.audio import read_audio
    from av_models.speech.style import measure_style, performance_of

    samples = read_audio(store().path(reference.media), _SOUND_HZ)
    if len(samples) > _LONGEST_S * _SOUND_HZ:
        raise InputError(f"{reference.name} is longer than {_LONGEST_S} s.", "Cut out the part that shows the style.")
    line = _whole_line(reference.text, language)
    found, doubt = _aligned(samples, line, language) if line else (None, "")
    if found is not None:
        style = measure_style(samples, _SOUND_HZ, found.words, found.phones, line)
        performed = performance_of(samples, _SOUND_HZ, found.words, found.phones)
        return StyleReading(style, performed)
    notes = (f"{reference.name} does not say the text beside it: {doubt} Only its style is used.",) if doubt else ()
    return StyleReading(measure_style(samples, _SOUND_HZ, (), hear_phones(samples, _SOUND_HZ), None), None, notes)


def _aligned(samples: NDArray[np.float32], line: Line, language: str) -> tuple[Aligned | None, str]:
    """The words of a recording in time, or why they cannot be its words."""
    from av_models.alignment.aligner import get_aligner

    try:
        found = get_aligner("pocketsphinx").align(samples, _SOUND_HZ, line, language, ((), ()))
    except InputError as error:
        return None, error.message
    if found.verdict is not None and not found.verdict.possible:
        return None, found.verdict.sentence
    return found, ""


@stage("1")
def voice_habits(voice: Voice, text: str, by_ear: bool, seed: int) -> Style:
    """How a voice speaks when nobody directs it. text: what it reads for that, '' for a text of ours.

    by_ear: measured without looking at the text, as the reference was, so that both err alike.
    """
    from av_models.alignment.unscripted import hear_phones
    from av_models.io.resampled import resampled
    from av_models.speech.registry import get_engine
    from av_models.speech.style import measure_style

    line = _whole_line(text if text and not by_ear else _probe(voice, text), voice.language)
    assert line is not None
    weights = [store().read_bytes(ref) for ref in voice.weights]
    said = get_engine(voice.engine).synthesize(line, dict(voice.settings), weights, voice.language, seed)
    n = round(len(said.samples) * _SOUND_HZ / said.rate_hz)
    samples = np.asarray(resampled(said.samples, said.rate_hz, _SOUND_HZ, n), np.float32)
    if by_ear or not said.phones:
        return measure_style(samples, _SOUND_HZ, (), hear_phones(samples, _SOUND_HZ), None)
    return measure_style(samples, _SOUND_HZ, said.words, said.phones, line)


def _probe(voice: Voice, text: str) -> str:
    probe = _PROBES.get(voice.language.lower().partition("-")[0], text)
    if not probe:
        raise InputError(
            f"The style of a recording cannot be compared with the voice {voice.name} in '{voice.language}'.",
            "Put what is said into a text file beside the recording: x.txt for x.wav.",
        )
    return probe


def _whole_line(text: str, language: str) -> Line | None:
    from av_models.speech.script import read_script

    if not text.strip():
        return None
    return Line("", tuple(token for line in read_script(text, language).lines for token in line.tokens))


def _levels_st(
    references: Sequence[Reference], readings: Mapping[str, StyleReading], clearance: Clearance
) -> dict[str, float]:
    """How high each performance lies over its speaker's middle, which is known from all that one consent covers."""
    middles: dict[str, list[float]] = {}
    for one in references:
        middles.setdefault(clearance.consent_id(one.part), []).append(readings[one.of].style.middle_hz)
    return {
        one.of: 12 * log2(readings[one.of].style.middle_hz / median(middles[clearance.consent_id(one.part)]))
        for one in references
    }


def _refuse_strangers(script: Script, references: Sequence[Reference]) -> None:
    numbers = {str(number) for number in range(1, len(script.lines) + 1)}
    for one in references:
        if one.of and one.of not in script.roles and one.of not in numbers:
            known = f"Its roles are {', '.join(script.roles)}" if script.roles else "It names no role"
            raise InputError(
                f"A style is given for {one.of}, whom the script does not have.",
                f"{known}, and its lines are 1 to {len(script.lines)}.",
            )
