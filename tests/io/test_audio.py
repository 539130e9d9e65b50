from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import media_made as made
import numpy as np
import pytest
from numpy.typing import NDArray

from av_models.domain.errors import MediaError, ResourceError
from av_models.io.audio import read_audio, read_wav, wav_bytes, write_wav


def footage_with_click(path: Path, sound_starts_s: float, click_s: float) -> Path:
    """One second of pictures from 0 s; sound that begins elsewhere and holds one click at `click_s`."""
    samples = np.zeros(round((1.2 - sound_starts_s) * 48000), np.float32)
    samples[round((click_s - sound_starts_s) * 48000)] = 0.9
    with av.open(str(path), "w") as container:
        pictures: Any = container.add_stream("libx264", rate=25)
        pictures.width, pictures.height, pictures.pix_fmt = 128, 96, "yuv420p"
        sound: Any = container.add_stream("flac", rate=48000, layout="mono")
        sound.codec_context.format = "s16"
        for number in range(25):
            frame = av.VideoFrame.from_ndarray(made.picture(number), format="rgb24")
            frame.pts, frame.time_base = number + 10, Fraction(1, 25)
            container.mux(pictures.encode(frame))
        at = round((sound_starts_s + 10 / 25) * 48000)
        for block in made.blocks_of(samples, 4096):
            chunk = av.AudioFrame.from_ndarray((block[None] * 32767).astype(np.int16), format="s16", layout="mono")
            chunk.sample_rate, chunk.pts, chunk.time_base = 48000, at, Fraction(1, 48000)
            container.mux(sound.encode(chunk))
            at += len(block)
        container.mux(pictures.encode(None))
        container.mux(sound.encode(None))
    return path


@pytest.mark.parametrize("sound_starts_s", [0.0, 0.25, -0.2])
def test_sound_is_counted_from_the_first_picture(tmp_path: Path, sound_starts_s: float) -> None:
    samples = read_audio(footage_with_click(tmp_path / "clip.mkv", sound_starts_s, 0.5), 48000)
    assert abs(int(np.abs(samples).argmax()) - 24000) <= 48


@pytest.mark.parametrize("rate_hz", [16000, 22050, 48000])
def test_pitch_level_and_length_survive_a_change_of_rate(tmp_path: Path, rate_hz: int) -> None:
    samples = read_audio(made.sound_only(tmp_path / "tone.m4a", 1.5, 440.0), rate_hz)
    assert samples.dtype == np.float32
    assert abs(len(samples) - 1.5 * rate_hz) < 0.03 * rate_hz
    middle = samples[rate_hz // 4 : rate_hz // 4 + rate_hz]
    assert np.abs(np.fft.rfft(middle)).argmax() == 440
    assert abs(float(np.sqrt(np.mean(middle**2))) - 0.3 / np.sqrt(2)) < 0.01


def many_channels(path: Path, levels: list[float]) -> Path:
    import soundfile

    tone = made.sine(0.5, 48000, level=1.0)
    soundfile.write(path, np.stack([level * tone for level in levels], axis=1), 48000, subtype="FLOAT")
    return path


@pytest.mark.parametrize(
    ("levels", "level"), [([0.4], 0.4), ([0.4, 0.4], 0.4), ([0.6, 0.0], 0.3), ([0, 0, 0.5, 0.9, 0, 0], 0.207)]
)
def test_channels_are_mixed_without_getting_louder(tmp_path: Path, levels: list[float], level: float) -> None:
    samples = read_audio(many_channels(tmp_path / "sound.wav", levels), 48000)
    assert abs(float(np.abs(samples).max()) - level) < 0.01


def test_wav_comes_back_to_the_sample(tmp_path: Path) -> None:
    samples: NDArray[np.float32] = np.array([0, 0.5, -0.5, 1.2, -1.2, 1 / 32768], np.float32)
    write_wav(tmp_path / "a.wav", samples, 22050)
    back, rate_hz = read_wav(tmp_path / "a.wav")
    assert rate_hz == 22050
    np.testing.assert_array_equal(back, np.clip(samples, -1, 32767 / 32768))
    assert (tmp_path / "a.wav").read_bytes() == wav_bytes(samples, 22050)
    np.testing.assert_array_equal(read_wav(wav_bytes(back, 22050))[0], back)


def test_silence_of_no_length_is_a_wav_too() -> None:
    back, rate_hz = read_wav(wav_bytes(np.zeros(0, np.float32), 16000))
    assert (len(back), rate_hz) == (0, 16000)


def test_footage_without_sound_says_so(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no sound"):
        read_audio(made.clip(tmp_path / "mute.mp4", 12), 16000)


def test_a_text_is_no_wav(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("RIFF? No.")
    with pytest.raises(MediaError, match="not a WAV"):
        read_wav(tmp_path / "a.wav")


def test_a_full_disk_is_told_and_leaves_nothing_behind(small_disk: Path) -> None:
    with pytest.raises(ResourceError, match=r"disk full, 0\.4 MB needed"):
        write_wav(small_disk / "a.wav", np.zeros(200_000, np.float32), 48000)
    assert list(small_disk.iterdir()) == []
