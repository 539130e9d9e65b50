"""Speech brought to other times: said again by voices that can be told them, else stretched; and which of both."""

from __future__ import annotations

import shlex
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import external_made
import numpy as np
import piper_made
import pytest

from av_models.domain.edit import Conformed
from av_models.domain.speech import SILENCE, Alignment, Phone, Utterance, Voice
from av_models.io.audio import read_wav
from av_models.speech.script import read_script
from av_models.speech.time_map import TimeMap
from tasks.conforming import can_be_paced, conformed, respoken
from tasks.speech import synthesize
from tasks.workspace import store

LINE = read_script("One two, three. [pause 200ms] We met four people.").lines[0]
HALF_FRAME = Fraction(piper_made.HOP, 2 * piper_made.RATE_HZ)


def piper() -> Voice:
    weights = (
        store().put_bytes(piper_made.network(), ".onnx"),
        store().put_bytes(piper_made.description(), ".json"),
    )
    return Voice("made", "piper", "en-us", (), weights, "CC0", "made")


def external(*arguments: str, do: str = "phones") -> Voice:
    command = shlex.join([sys.executable, str(Path(external_made.__file__)), *arguments])
    return Voice("made", "external", "en-us", (("command", command), ("do", do)), (), "CC0", "made")


def aligned(voice: Voice) -> Alignment:
    speech = synthesize.fn(Utterance(LINE, voice, 3))
    return Alignment(speech, "engine", speech.words, speech.phones, None)


def mapped(alignment: Alignment) -> TimeMap:
    """Every phone slower or faster, a silence of 100 ms before the third word, whole samples in all."""
    chance = np.random.default_rng(5)
    third = alignment.words[2].start
    spoken, heard = [Fraction(0)], [Fraction(0)]
    for phone in alignment.phones:
        if phone.start == third and spoken[-1] == third:
            spoken.append(third)
            heard.append(heard[-1] + Fraction(1, 10))
        rate = Fraction(int(chance.integers(88, 118)), 100)
        spoken.append(phone.end)
        heard.append(heard[-1] + (phone.end - phone.start) / rate)
    rate_hz = alignment.speech.rate_hz
    heard[-1] = Fraction(round(heard[-1] * rate_hz), rate_hz)
    return TimeMap(tuple(spoken), tuple(heard))


def checked(alignment: Alignment, time_map: TimeMap) -> tuple[Alignment, Conformed, str]:
    """Conformed, and whole as everything behind it needs it."""
    after, choice = conformed(alignment, time_map)
    samples, rate_hz = read_wav(store().path(after.speech.audio))
    assert (len(samples), rate_hz) == (after.speech.n_samples, after.speech.rate_hz)
    assert after.speech.duration == time_map.heard_s[-1]
    assert after.phones[0].start == 0 and after.phones[-1].end == after.speech.duration
    assert all(left.end == right.start for left, right in pairwise(after.phones))
    assert [word.text for word in after.words] == [word.text for word in alignment.words]
    assert choice.reason.endswith(".")
    return after, choice.how, choice.reason


def latest(after: Alignment, before: Alignment, time_map: TimeMap) -> Fraction:
    """How far off the map the sounds begin, at the most."""
    wanted = [time_map.heard(p.start) for p in before.phones if p.label != SILENCE]
    starts = [p.start for p in after.phones if p.label != SILENCE]
    return max(abs(a - b) for a, b in zip(starts, wanted, strict=True))


def test_a_voice_that_can_be_told_says_the_line_again() -> None:
    before = aligned(piper())
    time_map = mapped(before)
    after, how, _ = checked(before, time_map)
    assert how is Conformed.SPOKEN
    assert latest(after, before, time_map) <= HALF_FRAME + Fraction(1, piper_made.RATE_HZ)
    assert after.speech.phones == after.phones
    gap = after.words[2].start - after.words[1].end
    assert gap >= Fraction(1, 10) - 2 * HALF_FRAME, "a silence that is put in is one"


def test_so_does_a_program_that_takes_durations() -> None:
    before = aligned(external("--durations", do="durations"))
    time_map = mapped(before)
    after, how, _ = checked(before, time_map)
    assert how is Conformed.SPOKEN
    assert latest(after, before, time_map) <= Fraction(1, external_made.RATE_HZ)


def test_the_sound_of_any_other_voice_is_stretched() -> None:
    espeak = Voice("espeak-default", "espeak", "en-us", (), (), "GPL", "espeak-default")
    for voice in (espeak, external()):
        before = aligned(voice)
        time_map = mapped(before)
        after, how, reason = checked(before, time_map)
        assert how is Conformed.STRETCHED and f"{voice.name} cannot be told" in reason
        assert latest(after, before, time_map) == 0


def test_a_voice_that_does_not_keep_its_times_is_stretched_and_that_is_told() -> None:
    before = aligned(external("--durations", do="late"))
    _, how, reason = checked(before, mapped(before))
    assert how is Conformed.STRETCHED and "did not keep to the durations" in reason


def test_times_found_by_an_aligner_are_moved_while_the_voice_keeps_its_own() -> None:
    spoken = aligned(piper())
    found = tuple(Phone(p.label, p.start, p.end, confidence=0.5) for p in spoken.phones)
    before = Alignment(spoken.speech, "pocketsphinx", spoken.words, found, -3.0)
    time_map = mapped(before)
    after, how, _ = checked(before, time_map)
    assert how is Conformed.SPOKEN and after.aligner == "pocketsphinx"
    assert latest(after, before, time_map) == 0 and after.phones[1].confidence == 0.5


def test_a_take_that_fits_is_left_alone() -> None:
    before = aligned(piper())
    times = (Fraction(0), before.speech.duration)
    after, how, _ = checked(before, TimeMap(times, times))
    assert how is Conformed.LEFT
    one, other = (read_wav(store().path(take.speech.audio))[0] for take in (before, after))
    assert np.array_equal(one, other)


@pytest.mark.parametrize("make", [piper, lambda: external("--durations", do="durations")])
def test_words_are_said_to_last_as_long_as_wanted(make: object) -> None:
    before = aligned(make())  # type: ignore[operator]
    own = [float(word.end - word.start) for word in before.words]
    wanted: list[float | None] = [1.3 * own[0], None, *(0.8 * one for one in own[2:])]
    after = respoken(before, wanted)
    lasts = [float(word.end - word.start) for word in after.words]
    frame_s = 2 * float(HALF_FRAME) if before.speech.utterance.voice.engine == "piper" else 0.001
    for is_s, want_s, own_s in zip(lasts, wanted, own, strict=True):
        assert is_s == pytest.approx(own_s if want_s is None else want_s, abs=frame_s + 0.001)


def test_a_program_without_durations_is_not_paced() -> None:
    before = aligned(external())
    assert not can_be_paced(before)
    assert respoken(before, [0.1] * len(before.words)) is before
    assert can_be_paced(aligned(external("--durations", do="durations")))
