from __future__ import annotations

import numpy as np
import pytest

from av_models.forensics.sound import delays, measure_delay

RATE_HZ = 16_000


def voice(seconds: float = 1.0) -> np.ndarray:
    """Noise in syllables, so that there is one best place only."""
    n = round(seconds * RATE_HZ)
    loud = np.abs(np.sin(np.linspace(0, 12, n)))
    return (np.random.default_rng(5).normal(0, 0.1, n) * loud).astype(np.float32)


def programme(speech: np.ndarray, start: int, seconds: float = 4.0) -> np.ndarray:
    sound = np.random.default_rng(6).normal(0, 0.003, round(seconds * RATE_HZ)).astype(np.float32)
    sound[start : start + len(speech)] += 0.6 * speech
    return sound


@pytest.mark.parametrize("late", [-3200, -1, 0, 1, 640, 4000])
def test_delay_is_found_to_the_sample(late: int) -> None:
    speech = voice()
    heard = programme(speech, 20_000 + late)
    assert measure_delay(heard, speech, 20_000, RATE_HZ) == pytest.approx(late / RATE_HZ, abs=0.3 / RATE_HZ)


def test_delay_at_the_very_edges() -> None:
    speech = voice()
    assert measure_delay(programme(speech, 0), speech, 0, RATE_HZ) == pytest.approx(0, abs=1e-4)
    end = 4 * RATE_HZ - len(speech)
    assert measure_delay(programme(speech, end), speech, end, RATE_HZ) == pytest.approx(0, abs=1e-4)


def test_other_sound_is_not_taken_for_the_speech() -> None:
    other = np.random.default_rng(8).normal(0, 0.1, 4 * RATE_HZ).astype(np.float32)
    assert measure_delay(other, voice(), 20_000, RATE_HZ) is None


def test_each_utterance_found_again_says_how_late_it_is() -> None:
    speech = voice()
    heard = programme(speech, 20_160)
    lost = np.random.default_rng(9).normal(0, 0.1, 8000).astype(np.float32)
    found = delays(heard, [(speech, 20_000), (lost, 40_000)], RATE_HZ)
    assert [one.offset_ms for one in found] == [pytest.approx(10, abs=0.1)]
    assert found[0].at_s == pytest.approx(1.25 + 0.5)
