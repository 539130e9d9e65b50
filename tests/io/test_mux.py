from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import media_made as made
import numpy as np
import pytest

from av_models.domain.errors import InputError, MediaError, ResourceError
from av_models.domain.time import sample_at
from av_models.io.audio import read_audio, write_wav
from av_models.io.label import ai_label
from av_models.io.loudness import measure_loudness, normalise_loudness
from av_models.io.mux import write_master_file
from av_models.io.video import VideoWriter, frame_times, read_pictures

SIZE = (320, 240)
SRT = "1\n00:00:00,200 --> 00:00:01,000\nHello & good\nevening\n\n"


def shards(folder: Path, lengths: Sequence[int], rate: Fraction) -> list[Path]:
    """Clips of numbered pictures, numbered on from one to the next, with names that need quoting."""
    clips, number = [], 0
    for index, length in enumerate(lengths):
        clips.append(folder / f"it's shard {index}.mp4")
        with VideoWriter(clips[-1], *SIZE, rate, 10, "veryfast") as writer:
            for _ in range(length):
                writer.write(made.picture(number, *SIZE))
                number += 1
    return clips


def master(folder: Path, lengths: Sequence[int], rate: Fraction, **options: Any) -> Path:
    out = folder / "master.mp4"
    if not (folder / "speech.wav").exists():
        write_wav(folder / "speech.wav", made.sine(1.0, 48000), 48000)
    (folder / "captions.srt").write_text(options.pop("captions", SRT), encoding="utf-8")
    settings: dict[str, Any] = {"label": None, "profile": "draft", "title": "Tïtle = 1; 'x'", "language": "en-us"}
    write_master_file(
        shards(folder, lengths, rate), folder / "speech.wav", folder / "captions.srt", out=out, rate=rate,
        **{"width": SIZE[0], "height": SIZE[1], **settings, **options},
    )  # fmt: skip
    return out


@pytest.mark.parametrize("rate", [made.NTSC_FILM, made.NTSC, made.PAL])
@pytest.mark.parametrize("lengths", [[30], [1, 17, 30, 5]], ids=["one", "many"])
def test_picture_and_sound_last_the_same_and_no_frame_is_lost(
    tmp_path: Path, rate: Fraction, lengths: Sequence[int]
) -> None:
    out = master(tmp_path, lengths, rate)
    n_frames = sum(lengths)
    assert frame_times(out) == tuple(n / rate for n in range(n_frames))
    assert [made.number_in(picture.rgb) for picture in read_pictures(out)] == list(range(n_frames))
    with av.open(str(out)) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        assert picture.average_rate == rate
        assert picture.duration * picture.time_base == n_frames / rate
        assert abs(sound.duration * sound.time_base - n_frames / rate) < 1 / rate
        assert picture.start_time == 0 and sound.start_time == 0
    assert abs(len(read_audio(out, 48000)) - sample_at(n_frames / rate, 48000)) < 1024


def test_what_players_and_platforms_ask_for(tmp_path: Path) -> None:
    out = master(tmp_path, [30], made.PAL)
    data = out.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    at = data.index(b"colr")
    assert data[at : at + 14] == b"colrnclx\x00\x01\x00\x01\x00\x01"
    with av.open(str(out)) as container:
        picture, sound, captions = (
            container.streams.video[0],
            container.streams.audio[0],
            container.streams.subtitles[0],
        )
        assert (picture.codec_context.name, picture.pix_fmt) == ("h264", "yuv420p")
        assert (picture.colorspace, picture.color_primaries, picture.color_trc, picture.color_range) == (1, 1, 1, 1)
        assert (sound.codec_context.name, sound.rate, sound.layout.name) == ("aac", 48000, "stereo")
        assert (captions.codec_context.name, captions.language, sound.language) == ("mov_text", "eng", "eng")
        assert container.metadata["title"] == "Tïtle = 1; 'x'"
        texts = [bytes(packet)[2:] for packet in container.demux(captions) if packet.size > 2]
        assert texts == [b"Hello & good\nevening"]


def test_sound_keeps_its_place_level_and_sides(tmp_path: Path) -> None:
    click = np.zeros(48000 * 2, np.float32)
    click[48000] = 0.8
    write_wav(tmp_path / "speech.wav", click, 48000)
    out = master(tmp_path, [50], made.PAL)
    samples = read_audio(out, 48000)
    assert abs(int(np.abs(samples).argmax()) - 48000) <= 2
    with av.open(str(out)) as container:
        left, right = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    assert np.abs(left - right).max() < 0.01


def test_loudness_survives_the_codec(tmp_path: Path) -> None:
    speech = normalise_loudness(read_audio(made.SAMPLES / "actor_b.mp4", 48000)[: 4 * 48000], 48000)
    write_wav(tmp_path / "speech.wav", speech, 48000)
    found = measure_loudness(master(tmp_path, [100], made.PAL))
    assert abs(found.integrated_lufs + 16) <= 0.5
    assert found.true_peak_dbtp <= -1


def test_the_label_is_on_every_picture_and_elsewhere_nothing_changes(tmp_path: Path) -> None:
    plain = [picture.rgb for picture in read_pictures(master(tmp_path, [12], made.PAL))]
    label = ai_label(*SIZE)
    seen = [picture.rgb for picture in read_pictures(master(tmp_path, [12], made.PAL, label=label))]
    alpha = label[..., 3:] / 255
    for before, after in zip(plain, seen, strict=True):
        expected = before * (1 - alpha) + label[..., :3] * alpha
        assert np.abs(after - expected)[label[..., 3] > 0].mean() < 12
        assert np.abs(after.astype(int) - before)[130:].mean() < 2


def test_a_programme_without_words_has_no_caption_track(tmp_path: Path) -> None:
    with av.open(str(master(tmp_path, [12], made.PAL, captions=""))) as container:
        assert len(container.streams.subtitles) == 0


def test_timecode_and_unknown_language(tmp_path: Path) -> None:
    with av.open(str(master(tmp_path, [12], made.PAL, timecode=True, language="tlh"))) as container:
        assert container.streams.video[0].metadata["timecode"] == "00:00:00:00"
        assert container.streams.audio[0].language == "und"


def test_bad_requests_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="0 clips"):
        master(tmp_path, [], made.PAL)
    with pytest.raises(ValueError, match="expected a label of"):
        master(tmp_path, [12], made.PAL, label=ai_label(64, 64))
    with pytest.raises(MediaError, match="320x240 px, the programme 160x120 px"):
        master(tmp_path, [12], made.PAL, width=160, height=120)
    (tmp_path / "speech.wav").write_bytes(b"no sound")
    with pytest.raises(MediaError, match="writing the master failed"):
        master(tmp_path, [12], made.PAL)
    assert not (tmp_path / "master.mp4").exists()
    assert not list(tmp_path.glob(".*"))


def test_a_full_disk_is_told_and_leaves_nothing_behind(tmp_path: Path, small_disk: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (25, SIZE[1], SIZE[0], 3), np.uint8)
    with VideoWriter(tmp_path / "noise.mp4", *SIZE, made.PAL, 10, "veryfast") as writer:
        for rgb in noise:
            writer.write(rgb)
    write_wav(tmp_path / "speech.wav", made.sine(1.0, 48000), 48000)
    (tmp_path / "captions.srt").write_text(SRT)
    sound, captions, out = tmp_path / "speech.wav", tmp_path / "captions.srt", small_disk / "master.mp4"
    with pytest.raises(ResourceError, match="disk full"):
        write_master_file([tmp_path / "noise.mp4"], sound, captions, None, out, made.PAL, *SIZE, "draft", "", "en")
    assert list(small_disk.iterdir()) == []
