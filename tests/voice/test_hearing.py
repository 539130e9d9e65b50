"""The self-check: silent about right speech, and clear about what is wrong with damaged speech."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from corpus_made import SENTENCES, Samples, line_of, spoken

from av_models.domain.speech import FlawKind, Word
from av_models.speech.engine import Synthesis
from av_models.speech.hearing import find_flaws

TEXT = SENTENCES[6]  # My brother buys fresh bread and butter every morning.


def word(take: Synthesis, text: str) -> Word:
    return next(word for word in take.words if word.text == text)


def span(take: Synthesis, text: str) -> slice:
    found = word(take, text)
    return slice(*(round(float(at) * take.rate_hz) for at in (found.start, found.end)))


def heard(take: Synthesis, sound: Samples, text: str = TEXT) -> set[FlawKind]:
    return {flaw.kind for flaw in find_flaws(np.asarray(sound, np.float32), take.rate_hz, line_of(text), "en-us")}


@pytest.mark.parametrize("text", [*SENTENCES[:4], "Wait. [pause 2s] It is *really* here, [breath] at 5:30 p.m."])
def test_nothing_is_found_in_speech_that_is_right(text: str) -> None:
    take = spoken(text)
    assert heard(take, take.samples, text) == set()


def without(take: Synthesis) -> Samples:
    part = span(take, "butter")
    return np.concatenate([take.samples[: part.start], take.samples[part.stop :]])


def twice(take: Synthesis) -> Samples:
    part = span(take, "butter")
    return np.concatenate([take.samples[: part.stop], take.samples[part], take.samples[part.stop :]])


def noise_for_a_word(take: Synthesis) -> Samples:
    part, sound = span(take, "butter"), take.samples.copy()
    sound[part] = np.random.default_rng(1).normal(0, 0.1, part.stop - part.start)
    return sound


def hole(take: Synthesis) -> Samples:
    at = span(take, "butter").start
    return np.concatenate([take.samples[:at], np.zeros(take.rate_hz, np.float32), take.samples[at:]])


def tail(take: Synthesis) -> Samples:
    return np.concatenate([take.samples, np.zeros(2 * take.rate_hz, np.float32)])


def babble(take: Synthesis) -> Samples:
    return np.concatenate([take.samples, take.samples[span(take, "brother").start :][::-1]])


def cut_short(take: Synthesis) -> Samples:
    return take.samples[: span(take, "morning").start + take.rate_hz // 8]


def noisy(take: Synthesis) -> Samples:
    level = float(np.std(take.samples)) / 2
    return take.samples + np.random.default_rng(1).normal(0, level, take.samples.size)


@pytest.mark.parametrize(
    ("damage", "kinds"),
    [
        (without, {FlawKind.SWALLOWED, FlawKind.GARBLED}),
        (twice, {FlawKind.REPEATED}),
        (noise_for_a_word, {FlawKind.SWALLOWED, FlawKind.GARBLED, FlawKind.INVENTED}),
        (hole, {FlawKind.HOLE}),
        (tail, {FlawKind.TAIL}),
        (babble, {FlawKind.INVENTED, FlawKind.TAIL}),
        (cut_short, {FlawKind.CUT_END, FlawKind.SWALLOWED, FlawKind.GARBLED}),
        (noisy, {FlawKind.NOISY}),
    ],
)
def test_damage_is_found_and_named(damage: Callable[[Synthesis], Samples], kinds: set[FlawKind]) -> None:
    take = spoken(TEXT)
    assert heard(take, damage(take)) & kinds


def test_another_text_is_found() -> None:
    take = spoken(TEXT)
    assert heard(take, take.samples, SENTENCES[1])


def test_a_finding_is_a_sentence_with_its_place() -> None:
    take = spoken(TEXT)
    (flaw,) = find_flaws(hole(take), take.rate_hz, line_of(TEXT), "en-us")
    assert flaw.sentence.startswith("“and butter” silence in the middle at ")
    assert float(flaw.end - flaw.start) == pytest.approx(1.0, abs=0.15)
