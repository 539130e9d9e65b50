"""One voice or two: with embeddings made up so that it is known, and with an encoder that knows two made voices."""

from __future__ import annotations

import encoder_made
import numpy as np
import pytest
from corpus_made import RATE_HZ
from numpy.typing import NDArray

from av_models.speech.speaker import embed, embed_windows
from av_models.speech.speaker_match import least_likeness, match, read_voiceprint, voiceprint

Array = NDArray[np.float32]
RNG = np.random.default_rng(5)


def unit(vector: NDArray[np.floating]) -> Array:
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


ANNA, BOB = (unit(np.abs(RNG.normal(0, 1, 256)).clip(0.4) - 0.4) for _ in range(2))


def windows(*who: Array) -> Array:
    return np.stack([unit(one + np.abs(RNG.normal(0, 0.02, 256))) for one in who])


def test_a_sample_of_the_same_voice_passes_and_another_does_not() -> None:
    assert match(windows(*[ANNA] * 8), ANNA).met
    assert not match(windows(*[BOB] * 8), ANNA).met


def test_somebody_else_in_the_middle_of_a_long_sample_is_found() -> None:
    found = match(windows(*[ANNA] * 60, *[BOB] * 12, *[ANNA] * 60), ANNA)
    assert not found.met and found.least < least_likeness(60)


def test_a_longer_sample_must_be_more_alike() -> None:
    values = [least_likeness(seconds) for seconds in (1, 3, 4, 10, 90)]
    assert values == sorted(values) and values[0] == values[1] == 0.76 and values[-1] == 0.80


def test_a_voiceprint_keeps_the_voice() -> None:
    again = read_voiceprint(voiceprint(ANNA))
    assert float(again @ ANNA) > 0.999 and abs(float(again @ BOB) - float(ANNA @ BOB)) < 2e-3
    for text in ("", "00" * 256, "zz" * 256, voiceprint(ANNA)[:-2]):
        with pytest.raises(ValueError):
            read_voiceprint(text)


def test_the_made_encoder_tells_its_voices_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder_made.install(monkeypatch)
    ada, bea = (encoder_made.speech(2, voice) for voice in (encoder_made.ADA, encoder_made.BEA))
    reference = embed(encoder_made.speech(2, encoder_made.ADA, first=3), RATE_HZ)
    assert match(embed_windows(ada, RATE_HZ), reference).met
    assert not match(embed_windows(bea, RATE_HZ), reference).met
