"""Sound of any length is worked on in pieces: the result is that of the whole, and memory does not grow."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import media_made as made
import numpy as np
import pytest
from numpy.typing import NDArray

from av_models.domain.errors import ResourceError
from av_models.io import loudness
from av_models.io.audio import read_audio
from av_models.io.beds import decode_sound
from av_models.io.coded_sound import encode_levelled, encode_sound
from av_models.io.dialogue import Dialogue, SpokenLine
from av_models.io.loudness import level, measure_loudness
from av_models.io.sound_track import ArraySound, blocks_of, write_sound
from av_models.io.watermark import MARKED_FROM, detect_audio, mark_audio, mark_sound

HZ = 48_000
Samples = NDArray[np.float32]


class Endless:
    """The sample's speech over and over, never held as a whole."""

    n_channels = 1

    def __init__(self, seconds: int) -> None:
        self.n_samples = seconds * HZ
        self._spoken = read_audio(made.SAMPLES / "source_a.mp4", HZ)

    def read(self, start: int, end: int) -> Samples:
        return self._spoken[np.arange(start, end) % len(self._spoken)][:, None]


def test_levelling_in_blocks_equals_levelling_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    speech = np.stack([read_audio(made.SAMPLES / "source_a.mp4", HZ), np.zeros(17 * HZ + 4224, np.float32)], 1)
    speech[:, 1] = np.roll(speech[:, 0], 300) * 0.7
    sound = ArraySound(speech)
    in_one = np.concatenate(list(loudness._limited(sound, HZ, 9.0, 0.5)))
    monkeypatch.setattr(loudness, "BLOCK_SAMPLES", 30_011)
    in_blocks = np.concatenate(list(loudness._limited(sound, HZ, 9.0, 0.5)))
    assert len(in_blocks) == len(speech)
    assert np.abs(in_one - in_blocks).max() < 1e-6
    assert np.abs(in_one).max() <= 0.5 < np.abs(speech).max() * 10 ** (9 / 20)


def test_a_mark_in_blocks_equals_the_mark_of_the_whole(tmp_path: Path) -> None:
    speech = np.resize(read_audio(made.SAMPLES / "source_a.mp4", HZ), 31 * HZ)
    kept = write_sound(tmp_path / "speech.f32", iter([speech[:, None]]), 1)
    marked = np.concatenate(list(mark_sound(kept, HZ)))[:, 0]
    assert np.array_equal(marked, mark_audio(speech, HZ))
    assert min(detect_audio(marked[at : at + 8 * HZ], HZ) for at in (0, 12 * HZ, 23 * HZ)) > 0.9


def test_the_mark_is_found_under_music(tmp_path: Path) -> None:
    speech = read_audio(made.SAMPLES / "source_a.mp4", HZ)[: 10 * HZ]
    rng = np.random.default_rng(1)
    chord = sum(made.sine(10, HZ, hz, 0.05) for hz in (220, 277, 330, 440)) + rng.normal(0, 0.002, 10 * HZ)
    stereo = np.stack([speech + chord, speech + 0.6 * chord], axis=1).astype(np.float32)
    marked = write_sound(tmp_path / "marked.f32", mark_sound(ArraySound(stereo), HZ), 2)
    encode_levelled(marked, tmp_path / "coded.m4a", "aac", -16, -1)
    assert detect_audio(stereo.mean(axis=1), HZ) < MARKED_FROM
    assert detect_audio(read_audio(tmp_path / "coded.m4a", HZ), HZ) > 0.9


def test_memory_does_not_grow_with_the_programme(tmp_path: Path) -> None:
    """Two and a half minutes are 29 MB of samples, and the limiter alone needs several times the memory of a block."""
    tracemalloc.start()
    try:
        kept = write_sound(tmp_path / "levelled.f32", level(Endless(150), HZ, -23.0), 1)
        peak_mb = tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()
    assert kept.n_samples == 150 * HZ
    assert peak_mb < 25


@pytest.mark.parametrize(("codec", "ending"), [("aac", ".m4a"), ("pcm_s24le", ".mov")])
@pytest.mark.parametrize("target_lufs", [-16.0, -23.0])
def test_both_presets_are_reached_in_both_codings(tmp_path: Path, codec: str, ending: str, target_lufs: float) -> None:
    out = tmp_path / f"coded{ending}"
    found = encode_levelled(Endless(20), out, codec, target_lufs, -1.0)
    assert found == measure_loudness(out)
    assert abs(found.integrated_lufs - target_lufs) <= 0.2
    assert found.true_peak_dbtp <= -1.0
    assert not list(tmp_path.glob("*.f32"))


def test_a_codec_that_pushes_peaks_is_given_more_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clicks lose their shape in AAC: with no margin to begin with, the first try lands above the ceiling."""
    from av_models.io import coded_sound

    monkeypatch.setattr(coded_sound, "CODEC_MARGIN_DB", -0.5)
    clicks = np.zeros((6 * HZ, 1), np.float32)
    clicks[::4800] = 0.9
    clicks[1::4800] = -0.9
    found = encode_levelled(ArraySound(clicks), tmp_path / "coded.m4a", "aac", -16.0, -1.0)
    assert found.true_peak_dbtp <= -1.0


def test_lines_lie_at_their_samples_whatever_the_block(tmp_path: Path) -> None:
    from av_models.io.audio import write_wav

    write_wav(tmp_path / "line.wav", made.sine(1.0, HZ), HZ)
    lines = [SpokenLine(tmp_path / "line.wav", start, start + HZ) for start in (1000, 30_000, 200_000)]
    dialogue = Dialogue(lines, 230_000, HZ)
    in_blocks = np.concatenate(list(blocks_of(dialogue, 7_001)))
    assert np.array_equal(in_blocks, dialogue.read(0, 230_000))
    assert not in_blocks[:1000].any() and in_blocks[1000:1100].any()
    assert np.allclose(
        in_blocks[30_000:40_000, 0], (made.sine(1.0, HZ)[29_000:39_000] + made.sine(1.0, HZ)[:10_000]), atol=1e-3
    )


def test_a_full_disk_is_told_at_every_step(small_disk: Path, tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="disk full"):
        write_sound(small_disk / "a.f32", blocks_of(Endless(4)), 1)
    with pytest.raises(ResourceError, match="disk full"):
        encode_sound(Endless(10), small_disk / "a.mov", "pcm_s24le")
    with pytest.raises(ResourceError, match="disk full"):
        encode_levelled(Endless(4), small_disk / "b.m4a", "aac", -16.0, -1.0)
    with pytest.raises(ResourceError, match="disk full"):
        decode_sound(made.SAMPLES / "actor_b.mp4", small_disk / "bed.f32")
    assert list(small_disk.iterdir()) == []
