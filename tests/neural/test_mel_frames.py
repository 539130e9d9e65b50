from __future__ import annotations

import numpy as np
import pytest

from av_models.speech.neural.mels import FLOOR, HOP, N_MELS, RATE_HZ, band_centres_hz, log_mel
from av_models.speech.neural.pitch import narrowed_range, pitch_hz


def voice(pitch: np.ndarray) -> np.ndarray:
    """Harmonics that fall by 6 dB an octave, over a course of pitch in Hz for each sample."""
    angle = 2 * np.pi * np.cumsum(pitch) / RATE_HZ
    return np.asarray(sum(np.sin(k * angle) / k for k in range(1, 30)) * 0.1, np.float32)


def test_hops_and_frames_are_equal_in_number() -> None:
    for n in (HOP * 40, HOP * 40 + 255):
        frames = log_mel(np.zeros(n, np.float32))
        assert frames.shape == (N_MELS, 40)
        assert frames == pytest.approx(np.log(FLOOR))


@pytest.mark.parametrize("hz", [300.0, 1500.0, 8000.0])
def test_a_tone_lies_in_its_own_band(hz: float) -> None:
    tone = np.sin(2 * np.pi * hz * np.arange(RATE_HZ // 4) / RATE_HZ).astype(np.float32)
    loudest = int(log_mel(tone).mean(axis=1).argmax())
    assert abs(loudest - int(np.abs(band_centres_hz() - hz).argmin())) <= 1


def test_a_gliding_pitch_is_followed() -> None:
    course = np.linspace(110, 230, RATE_HZ)
    track = pitch_hz(voice(course))
    truth = course[HOP // 2 :: HOP][: track.size]
    inside = slice(3, -3)
    assert (track[inside] > 0).all()
    assert np.abs(1200 * np.log2(track[inside] / truth[inside])).max() < 25


def test_noise_and_silence_have_no_pitch() -> None:
    noise = 0.1 * np.random.default_rng(1).standard_normal(RATE_HZ).astype(np.float32)
    assert (pitch_hz(noise) > 0).mean() < 0.05
    assert not pitch_hz(np.zeros(RATE_HZ, np.float32)).any()
    assert pitch_hz(np.zeros(10, np.float32)).size == 0


def test_the_range_is_narrowed_to_the_speaker() -> None:
    low, high = narrowed_range([pitch_hz(voice(np.linspace(180, 220, RATE_HZ)))])
    assert 120 < low < 180 < 220 < high < 420
    assert narrowed_range([]) == (65.0, 520.0)
