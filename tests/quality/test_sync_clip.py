"""Sync of a file of which little is known: a real clip whose sound is late by 80 ms."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from master_made import LATE_MS, SAMPLES, Made

from av_models.domain.errors import InputError, MediaError
from av_models.domain.media import MediaRef
from av_models.domain.sync import LipSync, Outcome, PhoneTimes, Wording
from av_models.forensics.sync_rules import judge_offset
from av_models.io.ffmpeg_command import run_graph
from av_models.io.probe import probe_footage
from av_models.io.store import Store
from tasks.sync import measure_clip, watch_lips
from tasks.sync_report import Clip, open_clip, write_findings


@pytest.fixture(scope="module")
def clip(workshop: Path) -> Iterator[Clip]:
    """The actor sample, late. Watched once: only what is heard differs from test to test."""
    import ffmpeg

    path = workshop / "late sample.mp4"
    sample = ffmpeg.input(str(SAMPLES / "actor_b.mp4"))
    sound = sample.audio.filter("adelay", delays=LATE_MS, all=1)
    run_graph(ffmpeg.output(sample.video, sound, str(path), vcodec="copy", acodec="aac"), path, "delaying its sound")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNDERSTUDY_MEDIA", str(workshop))
        opened = open_clip.fn(str(path))
        lips = watch_lips.fn(opened.footage)
        patch.setattr("tasks.sync.watch_lips", _Watched(lips))
        yield opened


class _Watched:
    def __init__(self, lips: MediaRef) -> None:
        self._lips = lips

    def fn(self, _: object) -> MediaRef:
        return self._lips


def test_the_sound_alone_tells_how_late_it_is(clip: Clip) -> None:
    found = measure_clip.fn(clip.footage, Wording())
    assert found.times is PhoneTimes.HEARD
    assert_late(found, within_ms=30)


def test_a_text_tells_it_better_and_names_the_words(clip: Clip) -> None:
    found = measure_clip.fn(clip.footage, Wording((SAMPLES / "actor_b.txt").read_text()))
    assert found.times is PhoneTimes.ALIGNED
    assert_late(found, within_ms=20)
    assert {"welcome", "my", "name", "bob", "big", "program", "before", "brave"} <= {one.word for one in found.closures}


def test_another_text_is_not_believed(clip: Clip) -> None:
    found = measure_clip.fn(clip.footage, Wording("Good morning, here is the weather for the northern valleys."))
    assert found.times is PhoneTimes.HEARD
    assert found.reason.startswith("The text is not used")
    assert_late(found, within_ms=30)


def test_a_timeline_with_its_textgrids_gives_exact_times(clip: Clip, late: Made, tmp_path: Path) -> None:
    from av_models.io.spoken_timeline import read_spoken
    from av_models.io.textgrid import textgrid_text
    from av_models.io.timeline import otio_bytes

    timeline = late.master.timeline
    (tmp_path / "alignment").mkdir()
    (tmp_path / "alignment" / "001.TextGrid").write_text(textgrid_text(timeline.placements[0].alignment))
    (tmp_path / "timeline.otio").write_bytes(otio_bytes(timeline, "master.mp4"))
    wording = read_spoken(tmp_path / "timeline.otio", "en-US")
    assert [word.text for word in wording.words][:3] == ["hello", "and", "welcome"]
    found = measure_clip.fn(clip.footage, wording)
    assert found.times is PhoneTimes.KNOWN
    assert {one.phone for one in found.closures} == {"M", "B", "P"} and len(found.closures) == 8
    (tmp_path / "alignment" / "001.TextGrid").unlink()
    assert read_spoken(tmp_path / "timeline.otio", "en-US").phones == ()
    with pytest.raises(InputError, match="TextGrid"):
        read_spoken(tmp_path / "notes.docx", "en-US")


def test_findings_are_written_and_can_be_read(clip: Clip, media: Path, tmp_path: Path) -> None:
    found = write_findings.fn(clip, measure_clip.fn(clip.footage, Wording()), tmp_path)
    kept = json.loads((tmp_path / "sync.json").read_text())
    assert kept["offset_ms"] == found["offset_ms"] and len(kept["verdicts"]) == 4
    assert (tmp_path / "sync.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "closures.jpg").stat().st_size > 5000
    assert "late" in kept["sentences"][0]


def test_silence_and_a_missing_track_are_told_apart(clip: Clip, late: Made, media: Path, tmp_path: Path) -> None:
    import ffmpeg

    for name, settings in (("mute", {"an": None}), ("silent", {"af": "volume=0", "acodec": "aac"})):
        path = tmp_path / f"{name}.mp4"
        run_graph(ffmpeg.output(ffmpeg.input(str(late.path)), str(path), vcodec="copy", **settings), path, "cutting")
    store = Store(media / "store")
    with pytest.raises(MediaError, match=r"mute\.mp4: it has no sound"):
        measure_clip.fn(probe_footage(tmp_path / "mute.mp4", store), Wording())
    found = measure_clip.fn(probe_footage(tmp_path / "silent.mp4", store), Wording("Hello."))
    assert found.offset_ms is None and "silent" in found.reason


def test_a_picture_without_a_face_is_refused(media: Path, tmp_path: Path) -> None:
    import sys

    sys.path.insert(0, str(Path(__file__).parents[1]))
    from media_made import clip as numbered

    path = numbered(tmp_path / "bars.mp4", 24, tone_hz=440.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tasks.sync.watch_lips", watch_lips)
        with pytest.raises(MediaError, match="no face is seen"):
            measure_clip.fn(probe_footage(path, Store(media / "store")), Wording())


@pytest.mark.parametrize(
    ("offset_ms", "error_ms", "outcomes"),
    [
        (0.0, 1.0, "pass pass pass pass"),
        (-30.0, 2.0, "fail pass pass pass"),
        (-55.0, 5.0, "fail cannot-tell pass pass"),
        (70.0, 3.0, "fail fail fail pass"),
        (-300.0, 8.0, "fail fail fail fail"),
        (None, None, "cannot-tell cannot-tell cannot-tell cannot-tell"),
        (0.0, 500.0, "cannot-tell cannot-tell cannot-tell cannot-tell"),
    ],
)
def test_verdicts_leave_room_for_the_error(offset_ms: float | None, error_ms: float | None, outcomes: str) -> None:
    wanted = [Outcome(word.replace("-", " ")) for word in outcomes.split()]
    assert [one.outcome for one in judge_offset(offset_ms, error_ms)] == wanted


def assert_late(found: LipSync, within_ms: float) -> None:
    """The lips of this clip lead its speech by 5 ms, by construction."""
    assert found.offset_ms is not None and found.offset_error_ms is not None
    assert found.offset_ms == pytest.approx(-LATE_MS - 5, abs=within_ms)
    assert abs(found.offset_ms + LATE_MS + 5) <= 2 * found.offset_error_ms
