from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from av_models.speech.neural.mels import HOP, RATE_HZ, band_centres_hz, log_mel
from av_models.speech.neural.throat import THROAT_SIZE, in_throat

FORMANTS_HZ = (700.0, 1220.0, 2600.0, 3600.0)


def vowel(pitch_hz: float, tract: float, n_frames: int = 60) -> np.ndarray:
    """Pulses through four resonances, which lie higher in a smaller tract."""
    pulses = np.zeros(n_frames * HOP)
    pulses[np.arange(0, pulses.size, RATE_HZ / pitch_hz).astype(int)] = 1
    for formant_hz in FORMANTS_HZ:
        radius = np.exp(-np.pi * 90 / RATE_HZ)
        angle = 2 * np.pi * formant_hz * tract / RATE_HZ
        pulses = lfilter([1.0], [1, -2 * radius * np.cos(angle), radius**2], pulses)
    return np.asarray(0.3 * pulses / np.abs(pulses).max(), np.float32)


def shape(mel: np.ndarray) -> np.ndarray:
    """(bands,) of the middle of a steady sound, without its level, up to where the resonances end."""
    mean = mel[:, 10:-10].mean(axis=1)[band_centres_hz() < 4500]
    return np.asarray(mean - mean.mean())


@pytest.mark.parametrize(("pitch_hz", "tract"), [(105.0, 0.86), (230.0, 1.15), (160.0, 0.9), (110.0, 1.0)])
def test_another_throat_gives_nearly_what_it_would_have_said(pitch_hz: float, tract: float) -> None:
    own = log_mel(vowel(160.0, 1.0))
    truth = shape(log_mel(vowel(pitch_hz, tract)))
    track = np.full(own.shape[1], 160.0, np.float32)
    moved = in_throat(own, track, np.full_like(track, pitch_hz), np.full(THROAT_SIZE, tract, np.float32))
    before, after = (float(np.abs(shape(mel) - truth).mean()) for mel in (own, moved))
    assert after < 0.6 * before


def test_a_hiss_moves_as_far_as_it_is_told() -> None:
    noise = np.random.default_rng(0).standard_normal(60 * HOP)
    radius, angle = 0.98, 2 * np.pi * 5000 / RATE_HZ
    mel = log_mel(np.asarray(0.02 * lfilter([1.0], [1, -2 * radius * np.cos(angle), radius**2], noise), np.float32))
    silent = np.zeros(mel.shape[1], np.float32)
    moved = in_throat(mel, silent, silent, np.full(THROAT_SIZE, 0.8, np.float32))
    peak_hz = band_centres_hz()[moved.mean(axis=1).argmax()]
    assert peak_hz == pytest.approx(4000, rel=0.06)


def test_the_own_throat_leaves_a_hiss_as_it_is() -> None:
    mel = log_mel(np.asarray(0.1 * np.random.default_rng(0).standard_normal(30 * HOP), np.float32))
    silent = np.zeros(mel.shape[1], np.float32)
    assert np.allclose(in_throat(mel, silent, silent, np.ones(THROAT_SIZE, np.float32)), mel, atol=1e-4)


def test_the_own_throat_at_the_own_pitch_changes_nothing() -> None:
    own = log_mel(vowel(160.0, 1.0))
    track = np.full(own.shape[1], 160.0, np.float32)
    assert np.allclose(in_throat(own, track, track, np.ones(THROAT_SIZE, np.float32)), own, atol=1e-4)


def test_parts_of_the_throat_move_apart() -> None:
    """Only what lies high is moved: the low resonance stays where it is."""
    own = log_mel(vowel(160.0, 1.0))
    track = np.full(own.shape[1], 160.0, np.float32)
    factors = np.array([1, 1, 1, 1.15, 1.15, 1.15, 1.15], np.float32)
    mean = in_throat(own, track, track, factors)[:, 10:-10].mean(axis=1)
    centres = band_centres_hz()
    low, high = centres < 1000, (centres > 2300) & (centres < 3600)
    assert centres[low][mean[low].argmax()] == pytest.approx(700, abs=90)
    assert centres[high][mean[high].argmax()] == pytest.approx(2600 * 1.15, rel=0.05)
