"""The figures of the bench, on speech for which they are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from corpus_made import RATE_HZ, SENTENCES, folder_of, line_of, said

from av_models.domain.errors import InputError
from av_models.speech.likeness import cepstral_distortion_db, pitch_error_cents, voicing_error
from av_models.speech.neural.mels import log_mel
from av_models.speech.opinion import opinion, opinion_there
from av_models.speech.recognise import recognise, recogniser, word_errors
from av_models.speech.speaker import embed, likeness, speaker_encoder_there
from av_models.speech.whisper import whisper_there
from flows.bench_voice import voice_rows
from tasks.bench_voice import Take, griffin_lim, measure_takes, only_held_out
from tasks.corpus import list_recordings


def test_a_corpus_is_needed_and_asked_for() -> None:
    with pytest.raises(InputError, match="needs recordings") as error:
        next(voice_rows(True))
    assert "--corpus DIR" in error.value.remedy


def test_distortion_is_nothing_for_the_same_and_grows_with_the_difference() -> None:
    mel, other = (log_mel(said(text)) for text in SENTENCES[:2])
    assert cepstral_distortion_db(mel, mel) == 0.0
    louder = mel + np.float32(1.0)
    assert cepstral_distortion_db(mel, louder) == pytest.approx(0.0, abs=1e-3)  # is not another sound
    noisy = mel + np.random.default_rng(1).normal(0, 0.3, mel.shape).astype(np.float32)
    assert 0.3 < cepstral_distortion_db(mel, noisy) < cepstral_distortion_db(mel, other)


def test_pitch_errors_in_cents_over_what_both_voice() -> None:
    track = np.array([0, 100, 100, 200, 0], np.float32)
    higher = np.array([0, 200, 200, 0, 100], np.float32)
    assert pitch_error_cents(track, higher) == pytest.approx(1200)
    assert voicing_error(track, higher) == pytest.approx(0.4)
    assert np.isnan(pitch_error_cents(track, np.zeros(5, np.float32)))


def test_words_put_in_left_out_and_changed_are_counted() -> None:
    text = ["the", "old", "bridge", "over", "the", "river"]
    assert word_errors(text, text) == 0
    assert word_errors(["an", "old", "bridge", "the", "wide", "river"], text) == 3
    assert word_errors([], text) == 6


def test_words_that_sound_alike_are_the_same_word() -> None:
    """A listener cannot tell how they are written, and a voice is not to blame for it."""
    assert word_errors(["harbor", "grey", "they're"], ["harbour", "gray", "there"]) == 0
    assert word_errors(["harbor"], ["barber"]) == 1


@pytest.mark.parametrize("by", ["", "pocketsphinx"])
def test_a_recogniser_hears_most_words_and_the_same_ones_every_time(by: str) -> None:
    """Whatever it has heard meanwhile: pocketsphinx would keep its idea of the room from one sound to the next."""
    sound = said(SENTENCES[5])
    words = recognise(sound, RATE_HZ, by)
    assert word_errors(words, line_of(SENTENCES[5]).spoken) <= 4
    other = said(SENTENCES[2], variant="f2", pitch=80)
    recognise(0.02 * other, RATE_HZ, by)
    recognise(other + np.random.default_rng(1).normal(0, 0.1, other.size), RATE_HZ, by)
    assert recognise(sound, RATE_HZ, by) == words


@pytest.mark.skipif(not whisper_there(), reason="Whisper is an extra")
def test_whisper_writes_numbers_that_are_compared_as_they_are_said() -> None:
    assert recogniser() == "whisper tiny.en"
    sound = said("There were two hundred yards of ice on the pond.")
    assert {"two", "hundred", "yards"} <= set(recognise(sound, RATE_HZ))
    assert recognise(np.zeros(RATE_HZ, np.float32), RATE_HZ) == ()


@pytest.mark.skipif(not whisper_there(), reason="Whisper is an extra")
def test_whisper_hears_more_than_the_half_minute_that_it_sees_at_once() -> None:
    sound = np.concatenate([said(text) for text in SENTENCES])
    assert sound.size / RATE_HZ > 30
    errors = word_errors(recognise(sound, RATE_HZ), [word for text in SENTENCES for word in line_of(text).spoken])
    assert errors < 0.35 * sum(len(line_of(text).spoken) for text in SENTENCES)


def test_only_the_recordings_that_are_asked_for_are_prepared(workshop: Path, tmp_path: Path) -> None:
    found = list_recordings.fn(folder_of(tmp_path, SENTENCES[:3]), None, "en-us")
    assert only_held_out(found, "s0[23]", 9).n_recordings == 2
    assert only_held_out(found, "s0", 1).n_recordings == 1
    assert only_held_out(found, "", 1) == found
    with pytest.raises(InputError, match="nothing"):
        only_held_out(found, "nothing", 9)


def test_griffin_lim_keeps_length_and_words_apart() -> None:
    mel = log_mel(said(SENTENCES[0]))
    sound = griffin_lim(mel)
    assert sound.shape == (mel.shape[1] * 256,)
    assert cepstral_distortion_db(mel, log_mel(sound)) < 3


def test_takes_that_are_heard_at_once_are_heard_as_well_as_one_by_one() -> None:
    takes = [Take(line_of(text), said(text), RATE_HZ) for text in SENTENCES[:6]]
    wrong = [word_errors(recognise(take.samples, RATE_HZ), take.line.spoken) for take in takes]
    n_words = sum(len(take.line.spoken) for take in takes)
    for _ in range(3):
        assert measure_takes(takes, "test").word_error == pytest.approx(sum(wrong) / n_words)


def test_a_set_of_takes_has_its_figures() -> None:
    figures = measure_takes([Take(line_of(text), said(text), RATE_HZ) for text in SENTENCES[:2]], "test")
    assert 0 <= figures.word_error < 1 and figures.flawed == 0 and figures.flaws == {}


@pytest.mark.skipif(not opinion_there(), reason="speechmos is an extra")
def test_noise_lowers_the_opinion() -> None:
    sound = said(SENTENCES[0])
    noisy = sound + np.random.default_rng(1).normal(0, 0.05, sound.size)
    assert opinion(noisy, RATE_HZ).overall < opinion(sound, RATE_HZ).overall


@pytest.mark.skipif(not speaker_encoder_there(), reason="resemblyzer is an extra")
def test_a_voice_is_nearer_to_itself_than_to_another() -> None:
    one, same = (embed(said(text), RATE_HZ) for text in SENTENCES[:2])
    other = embed(said(SENTENCES[1], variant="f2", pitch=80), RATE_HZ)
    assert likeness(one, same) > likeness(one, other) + 0.05
    assert np.linalg.norm(one) == pytest.approx(1, abs=1e-4)
