from __future__ import annotations

import math
from pathlib import Path

import media_made as made
import numpy as np
import pytest
from numpy.typing import NDArray

from av_models.domain.errors import MediaError
from av_models.io.audio import read_audio, write_wav
from av_models.io.loudness import Loudness, measure_loudness, normalise_loudness

RATE_HZ = 48000


def loudness_of(samples: NDArray[np.float32], folder: Path) -> Loudness:
    write_wav(folder / "sound.wav", samples, RATE_HZ)
    return measure_loudness(folder / "sound.wav")


def test_the_reference_tone_of_the_standard(tmp_path: Path) -> None:
    """EBU Tech 3341, case 1: a stereo sine of 1 kHz at -23 dBFS is -23 LUFS; mono counts as two speakers."""
    found = loudness_of(made.sine(5, RATE_HZ, 1000, 10 ** (-23 / 20)), tmp_path)
    assert abs(found.integrated_lufs + 23) <= 0.1
    assert abs(found.true_peak_dbtp + 23) <= 0.3


@pytest.mark.parametrize("name", ["source_a.mp4", "actor_b.mp4"])
@pytest.mark.parametrize("gain", [0.02, 1.0])
def test_speech_of_any_level_reaches_the_target(tmp_path: Path, name: str, gain: float) -> None:
    speech = read_audio(made.SAMPLES / name, RATE_HZ) * np.float32(gain)
    found = loudness_of(normalise_loudness(speech, RATE_HZ), tmp_path)
    assert abs(found.integrated_lufs + 16) <= 0.2
    assert found.true_peak_dbtp <= -1


def test_peaks_are_held_while_the_rest_gets_louder(tmp_path: Path) -> None:
    speech = read_audio(made.SAMPLES / "source_a.mp4", RATE_HZ)
    speech[RATE_HZ :: RATE_HZ * 2] = 0.95
    result = normalise_loudness(speech, RATE_HZ, target_lufs=-12.0)
    found = loudness_of(result, tmp_path)
    assert abs(found.integrated_lufs + 12) <= 0.2
    assert found.true_peak_dbtp <= -1
    assert len(result) == len(speech)


def test_peaks_between_samples_count(tmp_path: Path) -> None:
    """A sine at a quarter of the rate, sampled at 45 degrees: its samples stay 3 dB below its true peak."""
    tone = (0.99 * np.sqrt(2) * np.sin(np.pi / 2 * np.arange(RATE_HZ) + np.pi / 4)).astype(np.float32)
    found = loudness_of(normalise_loudness(tone, RATE_HZ, target_lufs=0.0), tmp_path)
    assert found.true_peak_dbtp <= -1


def test_what_cannot_be_measured_keeps_its_level(tmp_path: Path) -> None:
    silence = np.zeros(RATE_HZ, np.float32)
    np.testing.assert_array_equal(normalise_loudness(silence, RATE_HZ), silence)
    assert loudness_of(silence, tmp_path).integrated_lufs == -math.inf
    click = made.sine(0.1, RATE_HZ)
    np.testing.assert_array_equal(normalise_loudness(click, RATE_HZ), click)
    assert len(normalise_loudness(np.zeros(0, np.float32), RATE_HZ)) == 0


def test_a_picture_without_sound_has_no_loudness(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="loudness"):
        measure_loudness(made.clip(tmp_path / "mute.mp4", 12))
