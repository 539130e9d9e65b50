from __future__ import annotations

import struct
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import media_made as made
import numpy as np
import pytest

from av_models.domain.errors import InputError
from av_models.domain.production import MasterOptions, Preset, Profile
from av_models.domain.provenance import ManifestFacts, ManifestState
from av_models.io.audio import write_wav
from av_models.io.coded_sound import Chapter, encode_sound
from av_models.io.flash_beep import mux_offset_s
from av_models.io.label import ai_label
from av_models.io.mux import write_master_file
from av_models.io.provenance import sign_master, verify_master
from av_models.io.sound_track import ArraySound
from av_models.io.video import VideoWriter, frame_times, read_pictures

SIZE = (320, 240)
N_FRAMES = 30
RATE = made.NTSC_FILM
MADE = [(preset, depth) for preset in Preset for depth in preset.depths]
PIXELS = {
    ("h264", 8): "yuv420p", ("h265", 8): "yuv420p", ("h265", 10): "yuv420p10le", ("prores", 10): "yuv422p10le",
    ("dnxhr", 8): "yuv422p", ("dnxhr", 10): "yuv422p10le", ("ffv1", 8): "yuv420p", ("ffv1", 10): "yuv420p10le",
}  # fmt: skip
TAGS = {"h264": "avc1", "h265": "hvc1", "prores": "apch", "dnxhr": "AVdh", "ffv1": "FFV1"}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    with VideoWriter(path, *SIZE, RATE, 10, "veryfast") as writer:
        for number in range(N_FRAMES):
            writer.write(made.picture(number, *SIZE))
    return path


def master(folder: Path, clip: Path, preset: Preset, depth: int, **options: Any) -> Path:
    samples = made.sine(float(N_FRAMES / RATE), 48000)[: round(N_FRAMES / RATE * 48000)]
    sound = folder / ("sound.m4a" if preset.suffix == ".mp4" else "sound.mov")
    chapters = [Chapter("Öne", Fraction(0), Fraction(1, 2)), Chapter("Two", Fraction(1, 2), N_FRAMES / RATE)]
    encode_sound(ArraySound(samples), sound, "aac" if preset.suffix == ".mp4" else "pcm_s24le", chapters)
    (folder / "captions.srt").write_text("1\n00:00:00,200 --> 00:00:01,000\nHello\n\n")
    out = folder / f"master{preset.suffix}"
    write_master_file(
        [clip], sound, folder / "captions.srt", options.pop("label", None), out, RATE, *SIZE, "draft", "Title", "de-DE",
        preset=preset, bit_depth=depth, **options,
    )  # fmt: skip
    return out


def boxes(data: bytes, path: str) -> Iterator[bytes]:
    """The contents of all boxes at a path such as 'moov/trak/mdia'."""
    name, _, rest = path.partition("/")
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1:
            size, head = struct.unpack_from(">Q", data, at + 8)[0], 16
        if kind.decode("latin1") == name:
            inside = data[at + head : at + size]
            yield from boxes(inside, rest) if rest else [inside]
        at += max(size, 8)


def sample_entries(data: bytes) -> Iterator[tuple[str, bytes]]:
    """(format, boxes of the entry) of every picture track."""
    for media in boxes(data, "moov/trak/mdia"):
        if next(boxes(media, "hdlr"))[8:12] == b"vide":
            entry = next(boxes(media, "minf/stbl/stsd"))[8:]
            yield entry[4:8].decode("latin1"), entry[86:]


@pytest.mark.parametrize(("preset", "depth"), MADE)
def test_every_preset_says_what_it_is_in_stream_and_container(
    tmp_path: Path, clip: Path, preset: Preset, depth: int
) -> None:
    out = master(tmp_path, clip, preset, depth, timecode=True)
    data = out.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    ((tag, inside),) = sample_entries(data)
    (colour,) = boxes(inside, "colr")
    assert tag == TAGS[preset]
    # MP4 tells the range as well (0: limited), QuickTime has no place for it.
    assert colour == (b"nclx\0\1\0\1\0\1\0" if preset.suffix == ".mp4" else b"nclc\0\1\0\1\0\1")
    with av.open(str(out)) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        assert picture.pix_fmt == PIXELS[preset, depth]
        frame = next(container.decode(picture))
        assert (frame.colorspace, frame.color_primaries, frame.color_trc) == (1, 1, 1)
        # FFV1 alone has no field for the range; YUV of it is limited by convention.
        assert frame.color_range == (0 if preset is Preset.FFV1 else 1)
        assert picture.metadata["timecode"] == "00:00:00:00"
        coded = ("aac", "fltp") if preset.suffix == ".mp4" else ("pcm_s24le", "s32")
        assert (sound.codec_context.name, sound.codec_context.format.name) == coded
        # QuickTime numbers languages; libav names them by the older codes.
        german = "deu" if preset.suffix == ".mp4" else "ger"
        assert (sound.rate, sound.layout.name, sound.language) == (48000, "stereo", german)
        assert container.streams.subtitles[0].language == german
        assert [chapter["metadata"]["title"] for chapter in container.chapters()] == ["Öne", "Two"]


@pytest.mark.parametrize(("preset", "depth"), MADE)
def test_every_preset_keeps_frames_times_samples_and_the_signature(
    tmp_path: Path, clip: Path, preset: Preset, depth: int
) -> None:
    out = master(tmp_path, clip, preset, depth)
    write_wav(tmp_path / "000.wav", made.sine(1.0, 22050), 22050)
    signed = tmp_path / f"signed{out.suffix}"
    facts = ManifestFacts("T", "1", "de-DE", speech_trained=False, seals=("ab" * 32,))
    sign_master(out, signed, facts, tmp_path / "keys", clip, clip, [tmp_path / "000.wav"])
    assert verify_master(signed).state is ManifestState.UNTRUSTED
    assert frame_times(signed) == tuple(n / RATE for n in range(N_FRAMES))
    assert [made.number_in(picture.rgb) for picture in read_pictures(signed)] == list(range(N_FRAMES))
    with av.open(str(signed)) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        assert picture.duration * picture.time_base == N_FRAMES / RATE
        assert sound.duration * sound.time_base == Fraction(round(N_FRAMES / RATE * 48000), 48000)
        assert picture.start_time == sound.start_time == 0


@pytest.mark.parametrize(
    ("preset", "rate"),
    list(zip(Preset, [made.NTSC_FILM, made.NTSC, Fraction(60000, 1001), made.PAL, Fraction(50)], strict=True)),
)
def test_sound_is_in_step_with_the_picture(preset: Preset, rate: Fraction) -> None:
    assert abs(mux_offset_s(preset, rate, seconds=3)) < 0.001


def test_colours_come_back_in_ten_bits(tmp_path: Path, clip: Path) -> None:
    out = master(tmp_path, clip, Preset.PRORES, 10, label=ai_label(*SIZE))
    shown = next(read_pictures(out)).rgb
    assert np.abs(shown[10, 10].astype(int) - (190, 40, 40)).max() < 6
    assert np.abs(shown[150, 100].astype(int) - (200, 160, 140)).max() < 3


def test_drafts_carry_timecode_and_take_away_from_label_and_captions(tmp_path: Path, clip: Path) -> None:
    plain = list(read_pictures(master(tmp_path, clip, Preset.FFV1, 8)))
    burnt = list(read_pictures(master(tmp_path, clip, Preset.FFV1, 8, burn_in="TAKE 2")))
    changed = np.abs(np.stack([a.rgb.astype(int) - b.rgb for a, b in zip(burnt, plain, strict=True)])).max(axis=(0, 3))
    rows, columns = np.nonzero(changed > 8)
    assert rows.min() > 0 and rows.max() < 0.15 * SIZE[1]
    assert columns.min() > 0 and columns.max() < 0.6 * SIZE[0]
    assert not (changed[ai_label(*SIZE)[..., 3] > 0] > 8).any()
    # The last figure counts frames: pictures that follow each other differ there.
    assert all(np.abs(a.rgb.astype(int) - b.rgb)[:40, :200].max() > 60 for a, b in pairwise(burnt))


def test_depths_that_a_preset_lacks_are_refused_with_what_to_do() -> None:
    assert [MasterOptions("", "en", preset=preset).depth for preset in Preset] == [8, 8, 10, 10, 8]
    with pytest.raises(InputError, match=r"h264 is made in 8 bits, not in 10.*h265"):
        MasterOptions("", "en", preset=Preset.H264, bit_depth=10)
    with pytest.raises(InputError, match="prores is made in 10 bits, not in 8"):
        MasterOptions("", "en", preset=Preset.PRORES, bit_depth=8)
    with pytest.raises(InputError, match="not in 12"):
        MasterOptions("", "en", bit_depth=12)


def test_clean_masters_are_clean() -> None:
    assert MasterOptions("", "en", Profile.DRAFT).burns_in
    assert not MasterOptions("", "en", Profile.FINAL).burns_in
    assert MasterOptions("", "en", Profile.FINAL, burn_in=True).burns_in


def test_dnxhr_says_that_a_picture_is_too_small(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least 256x120"):
        write_master_file(
            [tmp_path / "a.mp4"], tmp_path / "a.wav", tmp_path / "a.srt", None, tmp_path / "m.mov", RATE, 128, 96,
            "draft", "", "en", preset=Preset.DNXHR, bit_depth=10,
        )  # fmt: skip
