"""The last stage on a programme of a minute at a rate that divides nothing: everything that it leaves behind."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import media_made as made
import numpy as np
import pytest
import soundfile

from av_models.domain.consent import Clearance, Purpose
from av_models.domain.edit import Anchor, Lips, LipsChoice, Master, Placement, SwappedClip, Timeline
from av_models.domain.media import Footage
from av_models.domain.production import BedMix, CaptionNames, MasterOptions, Preset, Profile
from av_models.domain.provenance import ManifestState
from av_models.domain.script import Line, Token, TokenKind
from av_models.domain.speech import Alignment, Phone, Speech, Utterance, Voice, Word
from av_models.domain.time import sample_at
from av_models.io.audio import read_audio, wav_bytes
from av_models.io.probe import probe_footage
from av_models.io.provenance import verify_master
from av_models.io.textgrid import read_textgrid
from av_models.io.video import VideoWriter
from av_models.io.watermark import detect_audio
from tasks.mastering import write_master
from tasks.sidecars import programme_alignment
from tasks.sound import open_beds
from tasks.workspace import store

RATE = made.NTSC
SIZE = (64, 64)
SHOT, SHOTS = 96, 19
SAID = "Hello and welcome to the studio, my name is Bob."


@pytest.fixture(scope="module", autouse=True)
def own_media(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNDERSTUDY_MEDIA", str(tmp_path_factory.mktemp("media")))
        yield


def programme() -> Timeline:
    """Shots of 96 frames, two speakers by turns, a paragraph every five shots."""
    spoken = read_audio(made.SAMPLES / "source_a.mp4", 22050)[: int(2.6 * 22050)]
    audio = store().put_bytes(wav_bytes(spoken, 22050), ".wav")
    voice = Voice("test", "espeak", "en-us", (), (), "none", "c")
    tokens = tuple(Token(TokenKind.WORD, word, (word.lower().strip(",."),)) for word in SAID.split())
    words = tuple(Word(token.spoken[0], Fraction(n, 4), Fraction(n + 1, 4)) for n, token in enumerate(tokens))
    placements = []
    for number in range(SHOTS):
        line = Line(("ANNA", "BOB")[number % 2], tokens, paragraph=number // 5)
        speech = Speech(Utterance(line, voice, 0), audio, 22050, len(spoken), (), ())
        phones = (Phone("AA1", Fraction(0), speech.duration),)
        anchors = (Anchor(0, Fraction(0)), Anchor(SHOT, SHOT / RATE))
        aligned = Alignment(speech, "test", words, phones, None)
        placements.append(Placement(aligned, number * SHOT, SHOT, Fraction(1, 4), anchors, "cut"))
    return Timeline(RATE, tuple(placements), LipsChoice(Lips.DRIVE, "test"))


def mastered(folder: Path, edit: Timeline, options: MasterOptions) -> Master:
    clip = folder / "clip.mp4"
    with VideoWriter(clip, *SIZE, RATE, 20, "ultrafast") as writer:
        for number in range(SHOT):
            writer.write(made.picture(number, *SIZE))
    video = store().put_file(clip)
    clips = [SwappedClip(video, SHOT, (1.0,) * SHOT, ())] * len(edit.placements)
    source, actor = (probe_footage(made.SAMPLES / f"{name}.mp4", store()) for name in ("source_a", "actor_b"))
    small: Footage = replace(actor, width_px=SIZE[0], height_px=SIZE[1])
    nobody = Clearance(Purpose("demonstration", "worldwide", "en-us"), ())
    return write_master.fn(edit, clips, options, nobody, source, small)


@pytest.fixture(scope="module")
def made_master(tmp_path_factory: pytest.TempPathFactory, own_media: Any) -> SimpleNamespace:
    folder = tmp_path_factory.mktemp("master")
    chord = sum(made.sine(7, 44100, hz, 0.1) for hz in (220, 277, 330))
    soundfile.write(folder / "music.wav", np.stack([chord, 0.6 * chord], axis=1), 44100)
    edit = programme()
    beds = open_beds.fn([str(folder / "music.wav")])
    options = MasterOptions("Test", "en-us", loudness_lufs=-23.0, caption_names=CaptionNames.NAMES, beds=beds)
    master = mastered(folder, edit, options)
    return SimpleNamespace(edit=edit, master=master, path=store().path(master.video), options=options)


def test_picture_and_sound_are_equally_long_to_the_sample(made_master: SimpleNamespace) -> None:
    with av.open(str(made_master.path)) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        assert picture.frames == SHOT * SHOTS
        assert picture.duration * picture.time_base == made_master.edit.duration
        assert sound.duration * sound.time_base * 48000 == sample_at(made_master.edit.duration, 48000)
        assert [chapter["metadata"]["title"] for chapter in container.chapters()] == [SAID.rstrip(".")[:48]] * 4
        starts = [chapter["start"] * chapter["time_base"] for chapter in container.chapters()]
        assert starts == [n * 5 * SHOT / RATE for n in range(4)]


def test_the_last_line_begins_at_its_sample(made_master: SimpleNamespace) -> None:
    """After a minute the speech lies where the timeline says: no drift from block to block."""
    heard = read_audio(made_master.path, 48000)
    first, last = (placement.first_frame / RATE + placement.speech_start for placement in
                   (made_master.edit.placements[0], made_master.edit.placements[-1]))  # fmt: skip
    pieces = [heard[sample_at(at, 48000) :][: 2 * 48000] for at in (first, last)]
    spectra = [np.fft.rfft(piece, 1 << 18) for piece in pieces]
    lag = int(np.fft.irfft(spectra[0] * np.conj(spectra[1])).argmax())
    assert min(lag, (1 << 18) - lag) <= 1


def test_it_is_loud_enough_marked_under_music_and_signed(made_master: SimpleNamespace) -> None:
    assert abs(made_master.master.loudness_lufs + 23) <= 0.5
    assert made_master.master.true_peak_dbtp <= -1
    heard = read_audio(made_master.path, 32000)
    assert min(detect_audio(heard[at : at + 8 * 32000], 32000) for at in (0, 26 * 32000, 52 * 32000)) > 0.7
    assert verify_master(made_master.path).state is ManifestState.UNTRUSTED


def test_what_lies_beside_it_fits(made_master: SimpleNamespace) -> None:
    master = made_master.master
    words, phones = read_textgrid(store().path(master.textgrid))
    assert len(words) == SHOTS * len(SAID.split())
    assert abs(words[-1].end - (made_master.edit.placements[-1].first_frame / RATE + Fraction(11, 4))) < Fraction(
        1, 1000
    )
    assert phones[-1].end <= made_master.edit.duration
    tracks = [track["name"] for track in json.loads(store().path(master.otio).read_text())["tracks"]["children"]]
    assert tracks == ["Actor", "Master", "Speech", "Bed 1", "Captions"]
    assert store().path(master.edl).read_text().count("* ROLE ANNA") == 10
    assert "ANNA: Hello" in store().path(master.captions_srt).read_text()
    assert any("beds" in note for note in master.notes)


def test_a_final_prores_has_neither_timecode_nor_take(tmp_path: Path) -> None:
    edit = programme()
    edit = replace(edit, placements=edit.placements[:1])
    options = MasterOptions("T", "en", Profile.FINAL, preset=Preset.PRORES, mix=BedMix(room_tone_db=None))
    path = store().path(mastered(tmp_path, edit, options).video)
    assert path.suffix == ".mov" and options.file_name == "master.mov"
    assert verify_master(path).state is ManifestState.UNTRUSTED
    with av.open(str(path)) as container:
        assert "timecode" not in container.streams.video[0].metadata
        assert container.chapters() == []
    assert not read_audio(path, 48000)[: 48000 // 8].any()


def test_words_and_phones_of_the_programme_have_no_gap() -> None:
    edit = programme()
    whole = programme_alignment(edit)
    assert whole is not None and programme_alignment(replace(edit, placements=())) is None
    assert whole.phones[0].start == 0 and whole.phones[-1].end == whole.speech.duration
    assert all(before.end == after.start for before, after in zip(whole.phones, whole.phones[1:], strict=False))
    assert {phone.label for phone in whole.phones} == {"sil", "AA1"}
