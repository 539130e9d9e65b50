"""A Piper voice that is told when each phone begins: its network says it then, and there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import piper_made
import pytest

from av_models.domain.errors import InputError
from av_models.domain.script import Line
from av_models.domain.speech import BREATH, SILENCE, Phone
from av_models.speech.engine import Synthesis
from av_models.speech.piper import PiperEngine
from av_models.speech.script import read_script

ENGINE = PiperEngine()
WEIGHTS = (piper_made.network(telling=True), piper_made.description())
SYMBOLS = piper_made.SYMBOLS
RATE_HZ, HALF_FRAME = piper_made.RATE_HZ, Fraction(piper_made.HOP, 2 * piper_made.RATE_HZ)
TEXT = "[breath] Some of the people met, in a small house. [pause 300ms] Why do better?"


def line_of(text: str, language: str = "en-us") -> Line:
    return read_script(text, language).lines[0]


def timed(phones: Sequence[Phone], seed: int = 4) -> list[Phone]:
    """The same phones, each between 0.7 and 2 times as long."""
    chance = np.random.default_rng(seed)
    at, moved = Fraction(0), []
    for phone in phones:
        end = at + (phone.end - phone.start) * Fraction(int(chance.integers(70, 200)), 100)
        moved.append(replace(phone, start=at, end=end))
        at = end
    return moved


def respoken(line: Line, phones: Sequence[Phone], weights: Sequence[bytes] = WEIGHTS) -> Synthesis:
    language = "en-us" if weights is WEIGHTS else "de"
    speech = ENGINE.respeak(line, phones, {}, weights, language, 1)
    assert speech.samples.size == round(phones[-1].end * RATE_HZ)
    assert speech.phones[0].start == 0 and speech.phones[-1].end == Fraction(speech.samples.size, RATE_HZ)
    assert all(left.end == right.start < right.end for left, right in pairwise(speech.phones))
    return speech


def said_at(speech: Synthesis, phone: Phone) -> set[str]:
    """The sounds that the network was saying during a phone, but for the fades at the ends of a run."""
    fade = Fraction(5, 1000)
    first, end = (round(edge * RATE_HZ) for edge in (phone.start + fade, phone.end - fade))
    return {SYMBOLS[round(100 * float(level))] for level in speech.samples[first:end]} - set("_ ,.?ˈˌ")


def test_every_phone_begins_where_it_should_and_the_network_says_it_there() -> None:
    line = line_of(TEXT)
    wanted = timed(ENGINE.synthesize(line, {}, WEIGHTS, "en-us", 1).phones)
    speech = respoken(line, wanted)
    assert [phone.label for phone in speech.phones] == [phone.label for phone in wanted]
    late = [abs(got.start - want.start) for got, want in zip(speech.phones, wanted, strict=True)]
    assert max(late) <= HALF_FRAME + Fraction(1, RATE_HZ)
    assert [word.text for word in speech.words] == list(line.spoken)
    signs = {"S": "s", "V": "v", "P": "p", "M": "m", "N": "n", "L": "l", "W": "w", "D": "d", "B": "b"}
    told = [(phone.label, said_at(speech, phone)) for phone in speech.phones if phone.label in signs]
    assert len(told) > 10 and not [one for one in told if one[1] != {signs[one[0]]}]


def test_silences_are_silent_and_breaths_are_heard() -> None:
    line = line_of(TEXT)
    speech = respoken(line, timed(ENGINE.synthesize(line, {}, WEIGHTS, "en-us", 1).phones))

    def loudest(phone: Phone) -> float:
        margin = Fraction(6, 1000)
        first, end = round((phone.start + margin) * RATE_HZ), round((phone.end - margin) * RATE_HZ)
        return float(np.abs(speech.samples[first:end]).max())

    assert max(loudest(phone) for phone in speech.phones if phone.label == SILENCE) == 0
    assert [0 < loudest(phone) < 0.1 for phone in speech.phones if phone.label == BREATH] == [True]


def test_a_silence_can_be_put_in_before_a_word_and_left_out() -> None:
    line = line_of("One two, three")
    usual = ENGINE.synthesize(line, {}, WEIGHTS, "en-us", 1)
    two = usual.words[1].start
    wanted: list[Phone] = []
    later = Fraction(0)
    for phone in usual.phones:
        length = phone.end - phone.start
        if phone.start == two:
            wanted.append(Phone(SILENCE, later, later + Fraction(1, 5)))
            later += Fraction(1, 5)
        elif phone.label == SILENCE and phone is not usual.phones[0] and phone is not usual.phones[-1]:
            continue
        wanted.append(replace(phone, start=later, end=later + length))
        later += length
    speech = respoken(line, wanted)
    pauses = [after.start - before.end for before, after in pairwise(speech.words)]
    assert abs(pauses[0] - Fraction(1, 5)) <= 2 * HALF_FRAME and pauses[1] == 0


def test_sounds_of_two_phones_keep_both_their_times() -> None:
    symbols = SYMBOLS + "çøyœʏxʁ"
    ids = {symbol: [number] for number, symbol in enumerate(symbols)}
    weights = (WEIGHTS[0], piper_made.description(espeak={"voice": "de"}, phoneme_id_map=ids))
    line = line_of("Zwölf Katzen saßen dort.", "de")
    wanted = timed(ENGINE.synthesize(line, {}, weights, "de", 1).phones)
    speech = respoken(line, wanted, weights)
    assert [phone.label for phone in speech.phones[1:3]] == ["T", "S"]
    assert [phone.ipa for phone in speech.phones] == [phone.ipa for phone in wanted]
    late = [abs(got.start - want.start) for got, want in zip(speech.phones, wanted, strict=True)]
    assert max(late) <= HALF_FRAME + Fraction(1, RATE_HZ)


def test_the_seed_decides_and_emphasis_is_kept() -> None:
    noisy = (piper_made.network(), piper_made.description())
    line = line_of("One *two* three")
    phones = ENGINE.synthesize(line, {}, noisy, "en-us", 1).phones
    first, same, other = (ENGINE.respeak(line, phones, {}, noisy, "en-us", seed) for seed in (1, 1, 2))
    assert np.array_equal(first.samples, same.samples) and not np.array_equal(first.samples, other.samples)
    levels = [
        float(np.std(first.samples[round(word.start * RATE_HZ) : round(word.end * RATE_HZ)])) for word in first.words
    ]
    assert levels[1] > 1.15 * max(levels[0], levels[2])


def test_phones_that_are_not_the_lines_or_have_no_room_are_refused() -> None:
    phones = ENGINE.synthesize(line_of("Good morning."), {}, WEIGHTS, "en-us", 1).phones
    with pytest.raises(InputError, match="not those of the line"):
        ENGINE.respeak(line_of("Good evening."), phones, {}, WEIGHTS, "en-us", 1)
    crowded = [Phone(p.label, Fraction(i, 1000), Fraction(i + 1, 1000)) for i, p in enumerate(phones)]
    with pytest.raises(InputError, match="do not fit"):
        ENGINE.respeak(line_of("Good morning."), crowded, {}, WEIGHTS, "en-us", 1)
