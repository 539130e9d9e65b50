"""Sound that footage keeps: in step with its picture, to the sample."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import media_made
import numpy as np
import pytest

from av_models.domain.errors import MediaError
from av_models.io.kept_sound import differs, kept_sound, silence
from av_models.io.sound_track import ArraySound
from tasks.swap_footage import shown_frames

RATE_HZ = 48_000
TONE_HZ = 441.0


def test_sample_0_falls_on_the_first_picture(tmp_path: Path) -> None:
    """A picture that starts late, in the middle of a turn of the tone."""
    late = [Fraction(13 + n, 25) for n in range(25)]
    path = media_made.clip(tmp_path / "late.mp4", late, tone_hz=TONE_HZ)
    n_samples = RATE_HZ
    heard = kept_sound(path, tmp_path / "kept.f32", n_samples).read(0, n_samples)[:, 0]
    tone = media_made.sine(1.6, RATE_HZ, TONE_HZ)[RATE_HZ * 13 // 25 :][:n_samples]
    middle = slice(4800, 38_400)
    assert len(heard) == n_samples
    assert np.corrcoef(heard[middle], tone[middle])[0, 1] > 0.99


def test_what_is_missing_at_the_end_is_silence(tmp_path: Path) -> None:
    path = media_made.clip(tmp_path / "short.mp4", 25, tone_hz=TONE_HZ)
    sound = kept_sound(path, tmp_path / "kept.f32", 2 * RATE_HZ)
    assert sound.n_samples == 2 * RATE_HZ
    assert np.abs(sound.read(RATE_HZ + 4800, 2 * RATE_HZ)).max() < 1e-3 < np.abs(sound.read(0, RATE_HZ)).max()


def test_footage_without_sound(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no sound"):
        kept_sound(media_made.clip(tmp_path / "mute.mp4"), tmp_path / "kept.f32", 100)
    assert silence(tmp_path / "none.f32", 1000).n_samples == 1000


def test_a_mark_is_noticed() -> None:
    plain = np.zeros(1000, np.float32)
    marked = plain.copy()
    marked[700] = 1e-4
    assert differs(ArraySound(plain), ArraySound(marked)) and not differs(ArraySound(plain), ArraySound(plain.copy()))


def test_at_a_constant_rate_every_frame_comes_once_and_else_the_nearest() -> None:
    rate = Fraction(30000, 1001)
    steady = [n / rate for n in range(50)]
    assert shown_frames(steady, rate) == list(enumerate(steady))
    odd = [Fraction(0), Fraction(1, 25), Fraction(4, 25), Fraction(5, 25)]
    assert [frame for frame, _ in shown_frames(odd, Fraction(25))] == [0, 1, 1, 2, 2, 3]
