"""Recordings become clips: what is good is kept and levelled, what is not is refused with its reason."""

from __future__ import annotations

import numpy as np
import pytest
from corpus_made import RATE_HZ, SENTENCES, Samples, said

from av_models.domain.speech import SILENCE
from av_models.io.resampled import resampled
from av_models.io.sound_track import ArraySound
from av_models.speech.corpus.clips import Clip, clips_of
from av_models.speech.corpus.loudness import TARGET_LUFS, loudness_lufs
from av_models.speech.corpus.sentences import line_of
from av_models.speech.corpus.shard import shard_arrays, shard_clips

TEXT = SENTENCES[1]


def only(sound: Samples, text: str = TEXT) -> Clip:
    (clip,) = clips_of(ArraySound(np.asarray(sound, np.float32)), text, "en-us")
    return clip


def noise(sound: Samples, level: float) -> Samples:
    return np.asarray(sound + np.random.default_rng(2).normal(0, level, len(sound)), np.float32)


def rms(sound: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(sound))))


def test_a_good_clip_is_trimmed_levelled_and_timed() -> None:
    sound = np.concatenate([np.zeros(RATE_HZ, np.float32), 0.2 * said(TEXT), np.zeros(RATE_HZ, np.float32)])
    clip = only(noise(sound, 1e-4))
    assert clip.faults == () and clip.samples is not None
    assert clip.duration_s < len(said(TEXT)) / RATE_HZ + 0.5 and clip.start_s > 0.7
    assert loudness_lufs(clip.samples, RATE_HZ) == pytest.approx(TARGET_LUFS, abs=0.3)
    assert [word.text for word in clip.words] == list(line_of(TEXT, "en-us").spoken)
    assert clip.phones[0].start == 0 and float(clip.phones[-1].end) == pytest.approx(clip.duration_s)
    assert clip.phones[0].label == clip.phones[-1].label == SILENCE


def test_a_clip_survives_its_shard() -> None:
    clip = only(said(TEXT))
    (back,) = shard_clips(shard_arrays(["one"], [clip]))
    assert (back.id, back.text, back.words) == ("one", clip.text, clip.words)
    assert [(p.label, p.start, p.end) for p in back.phones] == [(p.label, p.start, p.end) for p in clip.phones]
    assert clip.samples is not None and np.abs(back.samples - clip.samples).max() < 1e-4


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda sound: np.clip(sound, -0.3 * np.abs(sound).max(), 0.3 * np.abs(sound).max()), "clipped"),
        (lambda sound: noise(sound, 0.3 * rms(sound)), "noisy"),
        (lambda sound: 1e-3 * sound, "too quiet"),
        (lambda sound: 0 * sound, "too quiet"),
        (lambda sound: resampled(resampled(sound, RATE_HZ, 8000), 8000, RATE_HZ), "telephone"),
        (lambda sound: sound[: RATE_HZ // 4], "too short"),
        (lambda sound: sound[: len(sound) // 2], "not what its transcript says"),
    ],
)
def test_a_bad_recording_is_refused_with_its_reason(spoil: object, reason: str) -> None:
    clip = only(spoil(said(TEXT)))  # type: ignore[operator]
    assert reason in " ".join(clip.faults)
    assert clip.samples is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "without a transcript"),
        ("   ", "without a transcript"),
        (SENTENCES[4], "not what its transcript says"),
        (TEXT.replace("jumper", "jumper or an old umbrella"), "not what its transcript says"),
        (TEXT.replace("warm jumper to the ", ""), "something else"),
        ("😀", "cannot be read"),
        ("Привет, как дела сегодня?", "cannot be read"),
    ],
)
def test_a_transcript_that_does_not_fit_is_refused(text: str, reason: str) -> None:
    assert reason in " ".join(only(said(TEXT), text).faults)


def test_an_offset_is_taken_out_and_noted() -> None:
    clip = only(0.5 * said(TEXT) + 0.1)
    assert clip.faults == () and "offset" in clip.notes[0]
    assert clip.samples is not None and abs(float(clip.samples.mean())) < 1e-3


def test_marks_of_scripts_are_plain_characters_in_transcripts() -> None:
    assert line_of("NOTE: it is *very* [good] {x} and # new.", "en-us").spoken[:4] == ("note", "it", "is", "very")


def test_a_long_recording_is_cut_into_sentences_and_says_what_does_not_fit() -> None:
    pause = noise(np.zeros(RATE_HZ // 2, np.float32), 3e-4)
    sound = np.concatenate([part for text in SENTENCES[:8] for part in (said(text), pause)])
    written = [*SENTENCES[:2], "This was never said by anybody here.", *SENTENCES[3:8]]  # the third is not written
    clips = list(clips_of(ArraySound(sound), " ".join(written), "en-us"))
    good = [clip for clip in clips if not clip.faults]
    assert [clip.text for clip in good] == [*SENTENCES[:2], *SENTENCES[3:8]]
    assert all(clip.duration_s <= 14 for clip in good)
    reasons = " ".join(fault for clip in clips for fault in clip.faults)
    assert "not heard, though in the transcript: 'This was" in reasons
    assert "says something that its transcript lacks" in reasons


def test_a_long_recording_of_something_else_gives_nothing() -> None:
    sound = np.concatenate([said(text) for text in SENTENCES[:6]])
    clips = list(clips_of(ArraySound(sound), "Ready. Steady. Go away at once, my dear old friend.", "en-us"))
    assert [clip for clip in clips if not clip.faults] == []
    assert clips[0].faults
