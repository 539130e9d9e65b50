"""The edit as a whole, on the sample actor's own footage and sound: what is heard falls where it is seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from media_made import NTSC_FILM, SAMPLES, clip, picture, variable_rate
from spoken_lines import alignment_of
from test_phrases import face_with_mouth

from av_models.domain.edit import Fit, Lips, Placement, Timeline
from av_models.domain.face import FaceProblem, FaceTrack, ProblemRange
from av_models.domain.media import MediaRef
from av_models.io.audio import read_audio, read_wav
from av_models.io.probe import probe_footage
from av_models.lips.conform import footage_times
from av_models.lips.sound_map import RATE_LIMITS, STEP_LIMIT
from tasks import performance
from tasks.timing import fit_performance
from tasks.workspace import store

HELLO = "Hello, and welcome to the studio."
NAME = "My name is Bob Fowler, and we have a very big program for you."
GUESTS = "Before we move on, please give a warm welcome to our five brave volunteers."
OTHER = "Nobody has ever told me this before."
# When the sample's synthesiser began these words.
TRULY_SAID_S = {
    "hello": 0.119, "studio": 1.974, "my": 2.761, "bob": 3.504, "fowler": 3.812, "very": 5.135, "big": 5.488,
    "program": 5.692, "move": 7.439, "give": 8.501, "five": 10.188, "brave": 10.574, "volunteers": 11.027,
}  # fmt: skip


@pytest.fixture(scope="module")
def actor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaceTrack]:
    """The sample actor, with a mouth that opens as loudly as he speaks: the edit needs no more of a face."""
    media = tmp_path_factory.mktemp("media")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNDERSTUDY_MEDIA", str(media))
        seen: dict[FaceTrack, MediaRef] = {}
        watch = performance.watch_footage.fn

        def watch_once(track: FaceTrack) -> MediaRef:
            if track not in seen:
                seen[track] = watch(track)
            return seen[track]

        patch.setattr(performance, "watch_footage", watch_once)
        yield track_of(SAMPLES / "actor_b.mp4")


def track_of(video: Path) -> FaceTrack:
    footage = probe_footage(video, store())
    sound = read_audio(video, 16_000)
    steps = sound[: len(sound) // 160 * 160].reshape(-1, 160)
    level = np.convolve(np.sqrt(np.square(steps).mean(1)), np.ones(5) / 5, "same")
    times_s = np.arange(footage.n_frames) / float(footage.rate)
    landmarks = face_with_mouth(150 * np.interp(times_s + 0.02, np.arange(len(level)) / 100, level)) + 200
    usable = np.ones(footage.n_frames, bool)
    data = store().put_arrays(landmarks=landmarks, usable=usable, time_s=times_s)
    return FaceTrack(footage, data, data, (0.0,) * 128, footage.n_frames, 1, (), "made")


def fitted(actor: FaceTrack, texts: Sequence[str], fit: Fit, lips: Lips = Lips.AUTO, rate_wpm: int = 160) -> Timeline:
    lines = tuple(alignment_of(text, rate_wpm, store()) for text in texts)
    timeline = fit_performance.fn(lines, actor, fit, lips)
    is_whole(timeline)
    return timeline


def is_whole(timeline: Timeline) -> None:
    """What every consumer of a timeline relies on."""
    reached = 0
    for one in timeline.placements:
        assert one.first_frame == reached and one.n_frames > 1
        reached += one.n_frames
        at = 0
        for phrase in one.phrases:
            assert phrase.first_frame == at and phrase.fit is not Fit.AUTO and phrase.reason.endswith(".")
            at += phrase.n_frames
        assert at == one.n_frames
        assert one.anchors[0].frame == 0 and one.anchors[-1].frame == one.n_frames - 1
        speech = one.alignment.speech
        samples, rate_hz = read_wav(store().path(speech.audio))
        assert (len(samples), rate_hz) == (speech.n_samples, speech.rate_hz)
        phones = one.alignment.phones
        assert phones[0].start == 0 and phones[-1].end == speech.duration
        assert all(before.end == after.start for before, after in pairwise(phones))
        assert one.speech_start >= 0
        assert one.speech_start + one.alignment.words[-1].end <= one.n_frames / timeline.rate + Fraction(1, 10)


def seen_s(one: Placement, rate: Fraction, heard_s: float) -> float:
    """The moment of the footage on screen when the line is at heard_s."""
    times = [float(time) for time in footage_times(one.anchors, one.n_frames)]
    return float(np.interp(heard_s * float(rate), np.arange(len(times)), times))


def off_ms(timeline: Timeline) -> list[float]:
    """Of words whose true moment is known: what is heard against what is seen."""
    return [
        1000 * abs(seen_s(one, timeline.rate, float(one.speech_start + word.start)) - TRULY_SAID_S[word.text])
        for one in timeline.placements
        for word in one.alignment.words
        if word.text in TRULY_SAID_S
    ]


@pytest.mark.parametrize("fit", [Fit.PICTURE, Fit.SOUND])
def test_the_actors_own_words_are_heard_when_they_are_seen(actor: FaceTrack, fit: Fit) -> None:
    timeline = fitted(actor, [NAME, GUESTS], fit)
    assert timeline.lips.mode is Lips.KEEP
    assert {phrase.fit for one in timeline.placements for phrase in one.phrases} == {fit}
    assert np.median(off_ms(timeline)) <= 15 and np.percentile(off_ms(timeline), 95) <= 45


def test_a_conformed_sound_stays_within_the_limits_and_the_picture_is_left_alone(actor: FaceTrack) -> None:
    timeline = fitted(actor, [HELLO, NAME], Fit.PICTURE)
    for one in timeline.placements:
        shown = footage_times(one.anchors, one.n_frames)
        assert all(after - before == 1 / timeline.rate for before, after in pairwise(shown))
        assert len(one.sound_map) >= 2 and one.sound_map[-1].heard_s == one.alignment.speech.duration
        rates = [(b.spoken_s - a.spoken_s) / (b.heard_s - a.heard_s) for a, b in pairwise(one.sound_map)]
        spoken = [k for k, rate in enumerate(rates) if _is_spoken(one, k)]
        assert all(RATE_LIMITS[0] <= rates[k] <= RATE_LIMITS[1] for k in spoken)
        for k in spoken:
            if k + 1 in spoken:
                assert max(rates[k] / rates[k + 1], rates[k + 1] / rates[k]) <= 1 + STEP_LIMIT
    before, after = (footage_times(one.anchors, one.n_frames) for one in timeline.placements)
    assert after[0] - before[-1] == 1 / timeline.rate, "one line goes on where the other ended"


def _is_spoken(one: Placement, k: int) -> bool:
    middle = (one.sound_map[k].heard_s + one.sound_map[k + 1].heard_s) / 2
    return any(p.start <= middle < p.end and p.label not in ("sil", "breath") for p in one.alignment.phones)


def test_a_retimed_picture_leaves_the_sound_alone_and_is_never_hurried(actor: FaceTrack) -> None:
    timeline = fitted(actor, [HELLO, NAME], Fit.SOUND)
    for text, one in zip((HELLO, NAME), timeline.placements, strict=True):
        assert one.alignment.speech.audio == alignment_of(text, 160, store()).speech.audio
        speed = np.diff([float(t) for t in footage_times(one.anchors, one.n_frames)]) * float(timeline.rate)
        assert speed.min() >= 0.25 and speed.max() <= 2.6
        assert one.sound_map == ()


def test_auto_keeps_what_the_actor_says_and_drives_the_rest(actor: FaceTrack) -> None:
    timeline = fitted(actor, [HELLO, OTHER, NAME], Fit.AUTO)
    fits = [{phrase.fit for phrase in one.phrases} for one in timeline.placements]
    assert fits[1] == {Fit.DRIVE}
    assert Fit.DRIVE not in fits[0] | fits[2], [p.reason for p in timeline.placements[2].phrases]
    assert timeline.lips.mode is Lips.DRIVE and "phrases" in timeline.lips.reason
    assert "does not say" in timeline.placements[1].phrases[0].reason


def test_a_changed_line_leaves_the_shots_of_driven_lines_alone(actor: FaceTrack) -> None:
    before = fitted(actor, [OTHER, NAME, OTHER], Fit.DRIVE)
    after = fitted(actor, [OTHER, "My name is Bob.", OTHER], Fit.DRIVE)
    for k in (0, 2):
        assert before.placements[k].anchors == after.placements[k].anchors


def test_dubbing_begins_and_ends_with_the_mouth_and_counts_syllables(actor: FaceTrack) -> None:
    """Kept lips, another text, much longer than the mouth moves: never over-stretched, but said so."""
    text = f"{OTHER} " * 7
    timeline = fitted(actor, [text], Fit.AUTO, Lips.KEEP)
    (one,) = timeline.placements
    assert {phrase.fit for phrase in one.phrases} == {Fit.PICTURE}
    assert "syllables fewer" in one.advice
    for phrase in one.phrases:
        assert phrase.isochrony is not None and phrase.isochrony.rate <= Fraction(121, 100)


def test_dubbing_without_sound_follows_the_mouth(actor: FaceTrack) -> None:
    silent = replace(actor, footage=replace(actor.footage, audio=None))
    timeline = fitted(silent, [f"{HELLO} {NAME} {GUESTS}"], Fit.PICTURE)
    (one,) = timeline.placements
    start = seen_s(one, timeline.rate, float(one.speech_start + one.alignment.words[0].start))
    end = seen_s(one, timeline.rate, float(one.speech_start + one.alignment.words[-1].end))
    assert start == pytest.approx(0.12, abs=0.25) and end == pytest.approx(11.88, abs=0.3)


def test_driven_speech_uses_footage_in_which_the_mouth_is_seen(actor: FaceTrack) -> None:
    away = ProblemRange(60, 120, FaceProblem.TURNED_AWAY)
    timeline = fitted(replace(actor, problems=(away,)), [OTHER], Fit.DRIVE)
    (one,) = timeline.placements
    assert min(footage_times(one.anchors, one.n_frames)) >= Fraction(121, 25)
    assert "Only" in one.advice and "Only" in one.phrases[0].reason


@pytest.mark.parametrize("name", ["film", "telephone", "two shots"])
def test_footage_as_cameras_and_editors_leave_it(actor: FaceTrack, tmp_path: Path, name: str) -> None:
    """23.976 a second, a varying rate, and a cut: every picture exists, and none lies between two shots."""
    video = tmp_path / f"{name}.mp4"
    if name == "film":
        clip(video, 60, NTSC_FILM)
    elif name == "telephone":
        variable_rate(video, 60)
    else:
        two_shots(video, 60, 35)
    footage = probe_footage(video, store())
    still = face_with_mouth(np.zeros(footage.n_frames)) / 4
    times_s = np.arange(footage.n_frames) / float(footage.rate)
    data = store().put_arrays(landmarks=still, usable=np.ones(footage.n_frames, bool), time_s=times_s)
    track = replace(actor, footage=footage, data=data)
    for one in fitted(track, [OTHER, OTHER], Fit.DRIVE).placements:
        shown = footage_times(one.anchors, one.n_frames)
        assert min(shown) >= 0 and max(shown) <= footage.duration
        if name == "two shots":
            assert not any(Fraction(34, 25) < time < Fraction(35, 25) for time in shown)
            assert {time >= Fraction(35, 25) for time in shown} == {False}, "the longer shot is used, and only that"


def two_shots(path: Path, n_frames: int, cut: int) -> None:
    from av_models.io.video import VideoWriter

    with VideoWriter(path, 128, 96, Fraction(25), 18, "veryfast") as writer:
        for number in range(n_frames):
            rgb = picture(0)
            writer.write(rgb if number < cut else 255 - rgb)


def test_a_voice_that_is_far_too_slow_is_said_to_be(actor: FaceTrack) -> None:
    timeline = fitted(actor, [f"{HELLO} {NAME}"], Fit.SOUND, rate_wpm=300)
    assert "ms off the sound" in timeline.placements[0].advice
