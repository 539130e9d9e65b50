from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from av_models.alignment.spoken import says, verdict_on
from av_models.io.audio import read_audio
from av_models.speech.registry import get_engine
from av_models.speech.script import read_script

SAMPLES = Path(__file__).parents[2] / "media" / "samples"
RATE_HZ = 16_000
LINE = read_script("A thick fog will cover the river before seven tonight.").lines[0]


def words_of(name: str) -> list[str]:
    script = read_script((SAMPLES / f"{name}.txt").read_text(encoding="utf-8"))
    return [word for line in script.lines for word in line.spoken]


@pytest.fixture(scope="module")
def actor() -> np.ndarray:
    return read_audio(SAMPLES / "actor_b.mp4", RATE_HZ)


def test_the_actor_says_his_own_words(actor: np.ndarray) -> None:
    match = says(actor, RATE_HZ, words_of("actor_b"))
    assert match.said and match.score > 0.8
    assert match.words is not None
    assert [word.text for word in match.words] == words_of("actor_b")
    assert all(0 <= word.start < word.end <= actor.size / RATE_HZ for word in match.words)


def test_the_actor_still_says_them_through_noise(actor: np.ndarray) -> None:
    noise = np.random.default_rng(0).normal(0, np.sqrt(np.mean(actor**2)) * 10 ** (-20 / 20), actor.size)
    assert says(actor + noise.astype(np.float32), RATE_HZ, words_of("actor_b")).said


@pytest.mark.parametrize("name", ["hello", "source_a"])
def test_the_actor_does_not_say_another_text(actor: np.ndarray, name: str) -> None:
    match = says(actor, RATE_HZ, words_of(name))
    assert not match.said and match.words is None and match.score < 0.5
    assert match.reason.endswith(".")


def test_half_the_text_or_shuffled_words_are_not_the_text(actor: np.ndarray) -> None:
    words = words_of("actor_b")
    assert not says(actor, RATE_HZ, words[: len(words) // 2]).said
    assert not says(actor, RATE_HZ, words[::-1]).said


@pytest.mark.parametrize(
    "samples", [np.zeros(0, np.float32), np.zeros(RATE_HZ * 4, np.float32), np.ones(900, np.float32)], ids=len
)
def test_no_sound_says_nothing(samples: np.ndarray) -> None:
    match = says(samples, RATE_HZ, ["hello", "there"])
    assert not match.said and match.score == 0.0


def test_a_voice_is_checked_against_its_line() -> None:
    said = get_engine("espeak").synthesize(LINE, {"variant": "edward2", "rate_wpm": "160"}, (), "en-us", 1)
    assert verdict_on(said.samples, said.rate_hz, LINE).possible
    other = read_script("Nobody has ever counted the birds above the harbour.").lines[0]
    assert not verdict_on(said.samples, said.rate_hz, other).possible
