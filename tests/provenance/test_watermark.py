"""The mark in the sound is there after the encoder, changes nothing else, and is not found where it is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from av_models.io.audio import read_audio
from av_models.io.watermark import MARKED_FROM, detect_audio, mark_audio
from tests.provenance.marked_files import RATE_HZ, SAMPLES, encode, pictures, voice


@pytest.fixture(scope="module")
def marked() -> NDArray[np.float32]:
    return mark_audio(voice(), RATE_HZ)


def test_length_and_upper_bands_are_untouched(marked: NDArray[np.float32]) -> None:
    plain = voice()
    assert marked.shape == plain.shape
    assert marked.dtype == np.float32
    added = np.abs(np.fft.rfft(marked - plain)) ** 2
    hz = np.fft.rfftfreq(len(plain), 1 / RATE_HZ)
    assert added[hz > 2200].sum() < 1e-3 * added.sum()
    assert 10 * np.log10((plain**2).sum() / ((marked - plain) ** 2).sum()) > 12


@pytest.mark.parametrize("bit_rate", [128_000, 64_000])
def test_it_survives_aac(marked: NDArray[np.float32], tmp_path: Path, bit_rate: int) -> None:
    path = encode(tmp_path / "m.mp4", pictures(2), marked, bit_rate)
    assert detect_audio(read_audio(path, 32_000), 32_000) > 0.9


def test_it_survives_resampling_level_and_cropping(marked: NDArray[np.float32]) -> None:
    import soxr

    assert detect_audio(soxr.resample(marked, RATE_HZ, 22_050), 22_050) > 0.9
    assert detect_audio(marked * np.float32(0.1), RATE_HZ) > 0.9
    assert detect_audio(marked[RATE_HZ : 2 * RATE_HZ], RATE_HZ) > 0.9


@pytest.mark.parametrize("name", ["source_a.mp4", "actor_b.mp4"])
def test_unmarked_speech_is_not_accused(name: str) -> None:
    assert detect_audio(read_audio(SAMPLES / name, 32_000), 32_000) < MARKED_FROM - 0.1


def test_a_marked_voice_in_an_unmarked_programme_is_found(marked: NDArray[np.float32]) -> None:
    plain = read_audio(SAMPLES / "actor_b.mp4", RATE_HZ)
    assert detect_audio(np.concatenate([plain, marked]), RATE_HZ) > MARKED_FROM


def test_blocks_of_long_sound_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    from av_models.io import watermark

    plain = read_audio(SAMPLES / "actor_b.mp4", 32_000)
    whole = mark_audio(plain, 32_000)
    monkeypatch.setattr(watermark, "_BLOCK", 4 * 32_000)
    joined = mark_audio(plain, 32_000)
    assert np.abs(joined - whole).max() < 0.1 * np.abs(whole - plain).max()


@pytest.mark.parametrize("n_samples", [0, 100, 48_000])
def test_silence_and_shreds_stay_as_they_are(n_samples: int) -> None:
    silence = np.zeros(n_samples, np.float32)
    assert np.array_equal(mark_audio(silence, RATE_HZ), silence)
    assert detect_audio(silence, RATE_HZ) == 0.0
