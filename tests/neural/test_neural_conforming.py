"""The neural voice before a picture: it says the line again at the times that it is given, and is never stretched."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import voice_made

from av_models.domain.edit import Conformed
from av_models.domain.speech import SILENCE, Alignment, Utterance, Voice
from av_models.speech.neural.mels import HOP, RATE_HZ
from av_models.speech.time_map import TimeMap
from tasks.conforming import can_be_paced, conformed, respoken
from tasks.speech import synthesize
from tasks.workspace import store

LINE = voice_made.line("A warm breeze came, [pause 150ms] and the fog went *away*. Nobody saw it.")


def spoken() -> Alignment:
    weights = store().put_bytes(voice_made.weights(), ".safetensors")
    voice = Voice("made", "neural", "en-us", (), (weights,), "CC0", "made")
    speech = synthesize.fn(Utterance(LINE, voice, 3))
    return Alignment(speech, "engine", speech.words, speech.phones, None)


def test_phones_begin_within_half_a_hop_of_the_picture() -> None:
    before = spoken()
    chance = np.random.default_rng(4)
    heard = [Fraction(0)]
    for phone in before.phones:
        heard.append(heard[-1] + (phone.end - phone.start) / Fraction(int(chance.integers(86, 119)), 100))
    heard[-1] = Fraction(round(heard[-1] * RATE_HZ), RATE_HZ)
    time_map = TimeMap((Fraction(0), *(phone.end for phone in before.phones)), tuple(heard))
    after, choice = conformed(before, time_map)
    assert choice.how is Conformed.SPOKEN and after.speech.duration == heard[-1]
    starts = [p.start for p in after.phones if p.label != SILENCE]
    wanted = [time_map.heard(p.start) for p in before.phones if p.label != SILENCE]
    late = max(abs(a - b) for a, b in zip(starts, wanted, strict=True))
    assert late <= Fraction(HOP, 2 * RATE_HZ) + Fraction(1, RATE_HZ)
    assert [word.text for word in after.words] == list(LINE.spoken)


def test_words_last_as_long_as_the_actors() -> None:
    before = spoken()
    assert can_be_paced(before)
    own = np.array([float(word.end - word.start) for word in before.words])
    wanted = own * np.random.default_rng(1).uniform(0.8, 1.3, own.size)
    after = respoken(before, wanted.tolist())
    lasts = np.array([float(word.end - word.start) for word in after.words])
    assert np.abs(lasts - wanted).max() <= HOP / RATE_HZ + 1e-3
