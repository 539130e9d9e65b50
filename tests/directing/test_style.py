"""A reading guides another voice: its pace, pauses and melody as a style, or the same words phone by phone."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from heard import heard, line_of, performance_from, say, semitones

from av_models.domain.errors import InputError
from av_models.domain.script import PLAIN, TokenKind
from av_models.speech.engine import Synthesis
from av_models.speech.melody import track_pitch
from av_models.speech.neural.engine import NeuralEngine
from av_models.speech.registry import get_engine
from av_models.speech.style import measure_style
from av_models.speech.styled import excerpt, in_style
from av_models.speech.transfer import as_performed

sys.path.append(str(Path(__file__).parents[1] / "neural"))

import voice_made

TEXT = "When the boats came home, everybody ran down to the harbour. Nobody saw them."
PLAIN_ESPEAK = {"rate_wpm": "150"}


@pytest.fixture(scope="module")
def reading() -> Synthesis:
    """Slower, livelier and with other pauses than the voice that is to follow."""
    return say(f"[rate 0.8][range 2.2] {TEXT.replace('home,', 'home, [pause 420ms]')}", "espeak-bright")


def style_of(take: Synthesis, text: str = TEXT):  # type: ignore[no-untyped-def]
    return measure_style(take.samples, take.rate_hz, take.words, take.phones, line_of(text))


def test_a_style_is_measured_and_taken_on(reading: Synthesis) -> None:
    wanted, own = style_of(reading), style_of(say(TEXT))
    assert wanted.syllables_per_s < 0.9 * own.syllables_per_s and wanted.spread_st > 1.2 * own.spread_st
    assert wanted.comma_ms == pytest.approx(420, abs=15)
    got = style_of(say(in_style(line_of(TEXT), wanted, own)))
    assert got.syllables_per_s == pytest.approx(wanted.syllables_per_s, rel=0.05)
    assert got.comma_ms == pytest.approx(wanted.comma_ms, abs=2)
    assert abs(got.spread_st - wanted.spread_st) < 0.5 * abs(own.spread_st - wanted.spread_st)
    assert abs(semitones(got.middle_hz, own.middle_hz)) < 0.6, "the voice keeps its own height"


def test_a_phrase_ends_as_in_the_reference(reading: Synthesis) -> None:
    own = style_of(say(TEXT))
    asked = replace(own, finals_st=((",", own.final_st(",")), (".", own.final_st(".") + 4)))
    got = style_of(say(in_style(line_of(TEXT), asked, own)))
    assert got.final_st(".") - own.final_st(".") > 1.5
    assert got.final_st(",") == pytest.approx(own.final_st(","), abs=1)


def test_what_the_script_directs_stands_over_the_style(reading: Synthesis) -> None:
    own = style_of(say(TEXT))
    line = line_of("[rate 0.9] When the boats came home, [pause 100ms] nobody saw them.")
    styled = in_style(line, replace(own, comma_ms=700, syllables_per_s=own.syllables_per_s / 2), own)
    assert [token.pause_ms for token in styled.tokens if token.kind is TokenKind.PAUSE] == [100]
    assert styled.tokens[0].direction.rate == pytest.approx(0.9 * 0.65, abs=1e-3)
    assert in_style(line_of(TEXT), replace(own, comma_ms=0, sentence_ms=0), own).tokens[0].direction == PLAIN


def test_silence_and_a_moment_are_no_style() -> None:
    take = say("Yes.")
    with pytest.raises(InputError, match="s of speech"):
        style_of(take, "Yes.")
    long = say(TEXT)
    with pytest.raises(InputError, match="hardly any voice"):
        measure_style(np.zeros_like(long.samples), long.rate_hz, long.words, long.phones, None)


def contour(take: Synthesis) -> tuple[np.ndarray, np.ndarray]:
    track, step = track_pitch(take.samples, take.rate_hz)
    at = (np.arange(track.size) + 0.5) * step / take.rate_hz - float(take.words[0].start)
    return at, np.where(track > 0, 12 * np.log2(np.maximum(track, 1) / np.median(track[track > 0])), np.nan)


def test_the_same_words_are_followed_in_time_and_melody(reading: Synthesis) -> None:
    performance = performance_from(reading)
    take = as_performed(get_engine("espeak"), line_of(TEXT), performance, PLAIN_ESPEAK, (), "en-us", 1)
    shift = take.words[0].start - reading.words[0].start
    late = [abs(float(got.start - want.start - shift)) for got, want in zip(take.words, reading.words, strict=True)]
    assert max(late) < 0.002
    at, got = contour(take)
    then, wanted = contour(reading)
    beside = wanted[np.clip(np.searchsorted(then, at), 0, wanted.size - 1)]
    both = ~np.isnan(got) & ~np.isnan(beside)
    assert np.corrcoef(got[both], beside[both])[0, 1] > 0.85
    free = get_engine("espeak").synthesize(line_of(TEXT), PLAIN_ESPEAK, (), "en-us", 1)
    assert abs(semitones(heard(take).pitch_hz, heard(free).pitch_hz)) < 1, "not the performer's own height"
    assert take.phones[-1].end == take.samples.size / take.rate_hz or float(take.phones[-1].end) == pytest.approx(
        take.samples.size / take.rate_hz
    )


def test_a_voice_that_can_is_told_the_times_of_phones(reading: Synthesis) -> None:
    performance = performance_from(reading)
    take = as_performed(NeuralEngine(), line_of(TEXT), performance, {}, (voice_made.weights(),), "en-us", 1)
    shift = take.words[0].start - reading.words[0].start
    late = [abs(float(got.start - want.start - shift)) for got, want in zip(take.words, reading.words, strict=True)]
    assert max(late) < 0.0115, "within a hop: half of one for the first word, half for each other"


def test_breaths_and_other_words() -> None:
    text = "When the boats came home, [breath] everybody ran."
    reading = say(text)
    take = as_performed(get_engine("espeak"), line_of(text), performance_from(reading), PLAIN_ESPEAK, (), "en-us", 1)
    assert [phone.label for phone in take.phones].count("breath") == 1
    with pytest.raises(InputError, match="other words"):
        as_performed(get_engine("espeak"), line_of("Good evening."), performance_from(reading), {}, (), "en-us", 1)


def test_a_line_finds_its_part_of_a_performance(reading: Synthesis) -> None:
    performance = performance_from(reading)
    found = excerpt(performance, ("nobody", "saw", "them"))
    assert found is not None
    part, reached = found
    assert [word.text for word in part.words] == ["nobody", "saw", "them"] and reached == len(performance.words)
    assert part.phones[0].phone.start == part.words[0].start
    assert excerpt(performance, ("nobody", "saw", "them"), reached) is None
    assert excerpt(performance, ("somebody",)) is None
