"""Words that must last a given time: the embedded voice says them so, and anything else is left alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from av_models.speech.engine import PacedEngine, Synthesis
from av_models.speech.imposed import PACE_LIMITS, impose
from av_models.speech.registry import get_engine
from av_models.speech.script import read_script

LINE = read_script("We *never* asked for the seven boats. [pause 200ms] Nobody did, in 1990.").lines[0]


def say(paces: Sequence[float]) -> Synthesis:
    engine = get_engine("espeak")
    assert isinstance(engine, PacedEngine)
    return engine.synthesize_paced(LINE, {}, (), "en-us", 7, paces)


def lengths(take: Synthesis) -> np.ndarray:
    return np.array([float(word.end - word.start) for word in take.words])


def test_no_pace_is_the_voice_itself() -> None:
    plain = get_engine("espeak").synthesize(LINE, {}, (), "en-us", 7)
    assert np.array_equal(say(()).samples, plain.samples)


def test_words_last_as_long_as_wanted() -> None:
    own = lengths(say((1.0,) * len(LINE.spoken)))
    wanted = own * np.random.default_rng(2).uniform(0.8, 1.4, len(own))
    take = impose(say, wanted.tolist())
    assert [word.text for word in take.words] == list(LINE.spoken)
    assert np.median(np.abs(lengths(take) - wanted)) < 0.01
    assert np.abs(lengths(take) - wanted).mean() < 0.3 * np.abs(own - wanted).mean()
    assert take.phones[0].start == 0 and take.phones[-1].end * take.rate_hz == len(take.samples)


def test_a_word_that_may_last_as_it_likes_does() -> None:
    own = lengths(say((1.0,) * len(LINE.spoken)))
    wanted: list[float | None] = [None] * len(own)
    wanted[1] = float(own[1]) * 1.3
    took = lengths(impose(say, wanted))
    assert took[1] == pytest.approx(1.3 * own[1], abs=0.03)
    assert np.median(np.abs(np.delete(took - own, 1))) < 0.01


def test_no_voice_is_dragged_without_end() -> None:
    paces: list[Sequence[float]] = []

    def listen(asked: Sequence[float]) -> Synthesis:
        paces.append(asked)
        return say(asked)

    own = lengths(say((1.0,) * len(LINE.spoken)))
    impose(listen, (own * 5).tolist())
    assert min(min(asked) for asked in paces) >= PACE_LIMITS[0]
