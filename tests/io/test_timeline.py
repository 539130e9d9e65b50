from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import opentimelineio as otio
import pytest
from edits import LEAD, RATE_HZ, timeline, utterance

from av_models.domain.edit import Anchor, SoundAnchor, Timeline
from av_models.domain.media import MediaRef
from av_models.domain.production import Bed, BedMix
from av_models.io.subtitles import lay_out_captions
from av_models.io.timeline import otio_bytes

FILM = Fraction(24000, 1001)


def reopened(edit: Timeline) -> Any:
    """Keep it in a variable: clips do not keep the timeline alive that they belong to."""
    return otio.adapters.read_from_string(otio_bytes(edit, "master.mp4", "actor_b.mp4").decode(), "otio_json")


def track(opened: Any, name: str) -> Any:
    return next(track for track in opened.tracks if track.name == name)


@pytest.mark.parametrize("rate", [Fraction(25), FILM])
def test_tracks_last_as_long_as_the_programme(rate: Fraction) -> None:
    edit = timeline([utterance("Hello there."), utterance("Good night.")], rate)
    opened = reopened(edit)
    for name in ("Actor", "Master"):
        duration = track(opened, name).duration()
        assert (round(duration.value), duration.rate) == (edit.n_frames, float(rate))
    assert opened.global_start_time.rate == float(rate)


def test_master_clips_stand_where_the_placements_are() -> None:
    edit = timeline([utterance("Hello there."), utterance("Good night.")])
    opened = reopened(edit)
    for clip, placement in zip(track(opened, "Master"), edit.placements, strict=True):
        here = clip.range_in_parent()
        assert here == clip.source_range
        assert (here.start_time.value, here.duration.value) == (placement.first_frame, placement.n_frames)
        assert clip.media_reference.target_url == "master.mp4"


def test_actor_clips_repeat_the_time_map() -> None:
    anchors = (
        Anchor(0, Fraction(2)),
        Anchor(10, Fraction(12, 5)),
        Anchor(20, Fraction(16, 5)),
        Anchor(30, Fraction(3)),
    )
    edit = timeline([utterance("Hello there dear old friend, how are you?")], anchors=anchors)
    n_frames = edit.placements[0].n_frames
    opened = reopened(edit)
    even, fast, back = track(opened, "Actor")
    assert [clip.source_range.duration.value for clip in (even, fast, back)] == [10, 10, n_frames - 20]
    assert [clip.source_range.start_time.value for clip in (even, fast, back)] == [50, 60, 80]
    assert len(even.effects) == 0
    assert [clip.effects[0].time_scalar for clip in (fast, back)] == pytest.approx([2.0, -0.5])
    assert even.media_reference.target_url == "actor_b.mp4"


def test_a_held_picture_is_a_freeze_frame() -> None:
    edit = timeline([utterance("Hello.")], anchors=(Anchor(0, Fraction(1)), Anchor(12, Fraction(1))))
    opened = reopened(edit)
    (clip,) = track(opened, "Actor")
    assert isinstance(clip.effects[0], otio.schema.FreezeFrame)


def test_speech_lies_at_its_sample_with_a_marker_on_every_word() -> None:
    edit = timeline([utterance("Hello there."), utterance("Good night.")], FILM)
    opened = reopened(edit)
    clips = [item for item in track(opened, "Speech") if isinstance(item, otio.schema.Clip)]
    for clip, placement in zip(clips, edit.placements, strict=True):
        here = clip.range_in_parent()
        expected = placement.first_frame / FILM + LEAD
        assert abs(here.start_time.to_seconds() - float(expected)) <= 1 / RATE_HZ
        assert clip.source_range.duration.value == placement.alignment.speech.n_samples
        for marker, word in zip(clip.markers, placement.alignment.words, strict=True):
            assert marker.name == word.text
            assert abs(marker.marked_range.start_time.to_seconds() - float(word.start)) <= 1 / RATE_HZ
    assert [clip.media_reference.target_url for clip in clips] == ["speech/001.wav", "speech/002.wav"]


def with_roles(rate: Fraction) -> Timeline:
    """Two speakers, and a second line whose sound was conformed."""
    edit = timeline([utterance("Hello there, friend."), utterance("Good night to you.")], rate)
    placements = []
    for number, placement in enumerate(edit.placements):
        speech = placement.alignment.speech
        line = replace(speech.utterance.line, role=("Anna", "Bob")[number], paragraph=number)
        speech = replace(speech, utterance=replace(speech.utterance, line=line))
        map_ = (SoundAnchor(Fraction(0), Fraction(0)), SoundAnchor(Fraction(1), Fraction(8, 7))) if number else ()
        placements.append(replace(placement, alignment=replace(placement.alignment, speech=speech), sound_map=map_))
    return replace(edit, placements=tuple(placements))


@pytest.mark.parametrize("rate", [FILM, Fraction(25), Fraction(30000, 1001), Fraction(60000, 1001)])
def test_exact_ranges_come_back_as_fractions(rate: Fraction) -> None:
    edit = with_roles(rate)
    cues = lay_out_captions(edit)
    data = otio_bytes(edit, "master.mov", "actor_b.mp4", cues)
    opened: Any = otio.adapters.read_from_string(data.decode(), "otio_json")
    assert Fraction(opened.metadata["understudy"]["rate"]) == rate
    assert opened.metadata["understudy"]["n_frames"] == edit.n_frames
    for placement, clip in zip(edit.placements, track(opened, "Master"), strict=True):
        facts = clip.metadata["understudy"]
        assert (facts["first_frame"], facts["n_frames"]) == (placement.first_frame, placement.n_frames)
        assert facts["role"] == placement.alignment.speech.utterance.line.role
    spoken = [clip for clip in track(opened, "Speech") if isinstance(clip, otio.schema.Clip)]
    starts = [Fraction(clip.metadata["understudy"]["start_s"]) for clip in spoken]
    assert starts == [one.first_frame / rate + one.speech_start for one in edit.placements]
    assert [clip.media_reference.target_url for clip in spoken] == ["speech/001.wav", "speech/002-conformed.wav"]
    map_ = spoken[1].metadata["understudy"]["sound_map"]
    assert [(Fraction(a["spoken_s"]), Fraction(a["heard_s"])) for a in map_] == [(0, 0), (1, Fraction(8, 7))]
    captions = [clip for clip in track(opened, "Captions") if isinstance(clip, otio.schema.Clip)]
    for clip, cue in zip(captions, cues, strict=True):
        assert Fraction(clip.metadata["understudy"]["start_s"]) == cue.start
        assert abs(clip.range_in_parent().start_time.to_seconds() - float(cue.start)) < 1e-4
        assert clip.media_reference.parameters["text"] == "\n".join(cue.lines)


def test_beds_are_laid_until_the_end() -> None:
    edit = timeline([utterance("Hello there, dear old friend.")])
    bed = Bed(MediaRef("0" * 64, ".wav"), "music.wav", 48_000, 2, -20.0)
    data = otio_bytes(edit, "master.mp4", beds=[bed])
    opened: Any = otio.adapters.read_from_string(data.decode(), "otio_json")
    lengths = [clip.source_range.duration.value for clip in track(opened, "Bed 1")]
    assert lengths[:-1] == [48_000] * (len(lengths) - 1)
    assert sum(lengths) == edit.duration * 48_000
    once = otio.adapters.read_from_string(
        otio_bytes(edit, "master.mp4", beds=[bed], mix=BedMix(loop=False)).decode(), "otio_json"
    )
    assert len(track(once, "Bed 1")) == 1
