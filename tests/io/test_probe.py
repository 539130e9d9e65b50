from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import media_made as made
import pytest

from av_models.domain.errors import MediaError
from av_models.io.probe import probe_footage
from av_models.io.store import Store


@pytest.mark.parametrize("rate", [made.NTSC_FILM, made.NTSC, made.PAL, Fraction(60000, 1001)])
@pytest.mark.parametrize("container", ["mp4", "mov", "mkv", "ts"])
def test_rate_count_and_duration_are_exact(store: Store, tmp_path: Path, rate: Fraction, container: str) -> None:
    footage = probe_footage(made.clip(tmp_path / f"clip.{container}", 36, rate), store)
    assert (footage.rate, footage.n_frames, footage.variable_rate) == (rate, 36, False)
    assert abs(footage.duration - 36 / rate) < Fraction(2, 1000)
    if container in ("mp4", "mov"):
        assert footage.duration == 36 / rate


def test_what_the_sample_says_of_itself(store: Store) -> None:
    footage = probe_footage(made.SAMPLES / "actor_b.mp4", store)
    assert (footage.width_px, footage.height_px, footage.n_frames, footage.rate) == (512, 512, 310, 25)
    assert footage.duration == Fraction(310, 25)
    assert footage.audio is not None and (footage.audio.rate_hz, footage.audio.n_channels) == (48000, 1)
    assert footage.name == "actor_b.mp4"
    assert store.path(footage.media).read_bytes() == (made.SAMPLES / "actor_b.mp4").read_bytes()


def test_variable_rate_is_admitted(store: Store, tmp_path: Path) -> None:
    footage = probe_footage(made.variable_rate(tmp_path / "phone.mp4", 40), store)
    assert footage.variable_rate
    assert footage.rate == Fraction(45, 2)
    assert footage.n_frames == 40


def test_a_gap_makes_the_rate_vary_and_counts_as_time(store: Store, tmp_path: Path) -> None:
    footage = probe_footage(made.with_gap(tmp_path / "gap.mp4", 30, Fraction(2)), store)
    assert footage.variable_rate
    assert footage.duration == 30 / made.PAL + 2


@pytest.mark.parametrize(("turn", "clockwise"), [(90, 270), (180, 180), (-90, 90)])
def test_size_is_told_as_displayed(store: Store, tmp_path: Path, turn: int, clockwise: int) -> None:
    footage = probe_footage(made.rotated(tmp_path / "turned.mp4", turn), store)
    assert footage.rotation_deg == clockwise
    assert (footage.width_px, footage.height_px) == ((128, 96) if turn == 180 else (96, 128))


def test_odd_sides_and_ten_bits(store: Store, tmp_path: Path) -> None:
    odd = probe_footage(made.odd_size(tmp_path / "odd.mp4"), store)
    deep = probe_footage(made.ten_bit(tmp_path / "deep.mp4"), store)
    assert (odd.width_px, odd.height_px) == (131, 97)
    assert (odd.bit_depth, deep.bit_depth) == (8, 10)


def test_narrow_pixels_are_told_as_displayed(store: Store, tmp_path: Path) -> None:
    path = made.clip(tmp_path / "wide.mp4", 16, size_px=(96, 96), pixel_aspect=Fraction(4, 3))
    footage = probe_footage(path, store)
    assert (footage.width_px, footage.height_px) == (128, 96)


def missing(path: Path) -> Path:
    return path


def folder(path: Path) -> Path:
    path.mkdir()
    return path


def text(path: Path) -> Path:
    path.write_text("This is no video. " * 100)
    return path


def speck(path: Path) -> Path:
    return made.clip(path, 16, size_px=(32, 32))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (missing, "no such file"),
        (folder, "a folder"),
        (made.zero_length, "0 bytes"),
        (text, "not a media file"),
        (made.truncated_index, "head or tail is missing"),
        (made.truncated, r"frame \d+.*truncated: its header promises 60 frames"),
        (made.sound_only, "sound only"),
        (made.no_pictures, "no picture"),
        (made.four_frames, "4 frames, too few"),
        (speck, "32x32 px"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_remedy(
    store: Store, tmp_path: Path, make: Callable[[Path], Path], says: str
) -> None:
    path = make(tmp_path / "clip.mp4")
    with pytest.raises(MediaError, match=says) as refused:
        probe_footage(path, store)
    assert str(path) in str(refused.value)
    assert refused.value.remedy.endswith(".")
    assert refused.value.exit_code == 3
    assert not store.root.exists()


def test_a_broken_download_in_matroska_is_found_too(store: Store, tmp_path: Path) -> None:
    path = made.cut_to(made.clip(tmp_path / "clip.mkv", 200, options={"g": "1", "crf": "1"}), 0.4)
    with pytest.raises(MediaError, match="truncated"):
        probe_footage(path, store)
