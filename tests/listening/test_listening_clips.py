"""Clips of different origin become alike: ends, loudness, and tones that only headphones let one tell apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from listening_made import RATE_HZ, sound

from av_models.io.audio import write_wav
from av_models.io.loudness import measure_loudness
from av_models.speech.blind import common_lufs, levelled, softest_of_three, trimmed


def padded(before_s: float, after_s: float, noise: float, level: float = 1.0) -> np.ndarray:
    speech = level * sound(1.5, 120)
    padding = [(round(before_s * RATE_HZ), round(after_s * RATE_HZ))]
    whole = np.pad(speech, padding)
    return np.asarray(whole + np.random.default_rng(3).normal(0, noise, len(whole)), np.float32)


@pytest.mark.parametrize("before_s", (0.0, 0.05, 0.9))
@pytest.mark.parametrize("noise", (0.0, 1e-3))
def test_every_clip_begins_and_ends_alike(before_s: float, noise: float) -> None:
    """Noise: -30 dB under the speech, as in a living room."""
    expected = trimmed(padded(0.4, 0.4, 0.0), RATE_HZ)
    clip = trimmed(padded(before_s, 1.1 - before_s, noise), RATE_HZ)
    assert abs(len(clip) - len(expected)) < 0.09 * RATE_HZ
    loud = np.flatnonzero(np.abs(clip) > 0.03)
    assert loud[0] / RATE_HZ == pytest.approx(0.31, abs=0.06)
    assert not clip[: round(0.09 * RATE_HZ)].any() and not clip[-round(0.09 * RATE_HZ) :].any()


def test_a_soft_first_sound_is_not_cut_off() -> None:
    hiss = 0.012 * np.random.default_rng(1).normal(0, 1, round(0.15 * RATE_HZ))
    speech = np.concatenate([np.zeros(RATE_HZ // 2), hiss, sound(1.0, 120)]).astype(np.float32)
    clip = trimmed(speech, RATE_HZ)
    first_buzz = int(np.flatnonzero(np.abs(clip) > 0.06)[0])
    before = clip[max(0, first_buzz - round(0.15 * RATE_HZ)) : first_buzz]
    assert np.sqrt(np.mean(np.square(before[: len(before) // 2]))) > 0.008


def test_all_clips_are_equally_loud_without_any_being_clipped(tmp_path: Path) -> None:
    peaky = padded(0.2, 0.2, 0.0) * 0.02
    peaky[RATE_HZ] = 0.9  # a click forbids the usual loudness
    clips = [padded(0.2, 0.2, 0.0), padded(0.2, 0.2, 1e-3, 0.1), peaky]
    lufs = common_lufs(clips, RATE_HZ)
    assert lufs < -24
    measured = []
    for number, clip in enumerate(clips):
        level = levelled(clip, RATE_HZ, lufs)
        assert np.abs(level).max() <= 0.9
        write_wav(tmp_path / f"{number}.wav", level, RATE_HZ)
        measured.append(measure_loudness(tmp_path / f"{number}.wav").integrated_lufs)
    assert max(measured) - min(measured) < 0.2


@pytest.mark.parametrize(("place", "antiphase"), [(0, 1), (1, 2), (2, 0)])
def test_the_softest_tone_is_another_one_through_loudspeakers(place: int, antiphase: int) -> None:
    tones = softest_of_three(place, antiphase, RATE_HZ)
    starts = [round((0.5 + 1.5 * number - 0.5) * RATE_HZ) for number in range(3)]
    middles = [tones[start + RATE_HZ // 4 : start + 3 * RATE_HZ // 4] for start in starts]
    ear_db = [20 * np.log10(np.sqrt(np.mean(np.square(one[:, 0])))) for one in middles]
    assert int(np.argmin(ear_db)) == place
    assert sorted(ear_db)[1] - sorted(ear_db)[0] == pytest.approx(6, abs=0.05)
    room = [float(np.abs(one.mean(axis=1)).max()) for one in middles]
    assert int(np.argmin(room)) == antiphase and room[antiphase] < 1e-6
