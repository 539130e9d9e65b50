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


def cut_in_silence(take: Synthesis) -> Samples:
    """Where the last stop begins to close nothing sounds, and yet the end of the word is missing."""
    stop = next(phone for phone in reversed(take.phones) if phone.label in ("P", "K"))
    return take.samples[: round(float(stop.start + (stop.end - stop.start) / 10) * take.rate_hz)]


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


@pytest.mark.parametrize("text", ["Please leave it at the desk.", "The wide road leads to a small shop."])
def test_an_end_that_is_missing_is_found_where_nothing_sounds(text: str) -> None:
    take = spoken(text)
    assert heard(take, take.samples, text) == set()
    assert FlawKind.CUT_END in heard(take, cut_in_silence(take), text)


def test_a_breath_is_not_taken_for_words() -> None:
    """Half a second of it, at the place where nothing but words is expected."""
    take = spoken(TEXT)
    at, n = span(take, "butter").start, take.rate_hz // 2
    noise = np.random.default_rng(2).normal(0, 1, n) * np.sin(np.linspace(0, np.pi, n))
    breath = 0.05 * float(np.std(take.samples)) * noise
    inserted = np.concatenate([take.samples[:at], breath, take.samples[at:]])
    assert not heard(take, inserted) & {FlawKind.INVENTED, FlawKind.REPEATED}


def test_a_finding_does_not_depend_on_what_was_heard_before() -> None:
    take, other = spoken(TEXT), spoken(SENTENCES[1], "f2", 80)
    line = line_of(TEXT)
    alone = find_flaws(twice(take), take.rate_hz, line, "en-us")
    heard(other, noisy(other), SENTENCES[1])
    heard(other, 0.01 * other.samples, SENTENCES[1])
    assert find_flaws(twice(take), take.rate_hz, line, "en-us") == alone


def test_another_text_is_found() -> None:
    take = spoken(TEXT)
    assert heard(take, take.samples, SENTENCES[1])


def test_a_finding_is_a_sentence_with_its_place() -> None:
    take = spoken(TEXT)
    (flaw,) = find_flaws(hole(take), take.rate_hz, line_of(TEXT), "en-us")
    assert flaw.sentence.startswith("“and butter” silence in the middle at ")
    assert float(flaw.end - flaw.start) == pytest.approx(1.0, abs=0.15)
