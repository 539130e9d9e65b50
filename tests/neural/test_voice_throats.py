from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import voice_made

from av_models.domain.corpus import Corpus
from av_models.domain.voice_model import VoiceLessons, VoiceModel, VoiceTraining
from av_models.speech import speaker
from av_models.speech.neural.clips import clips_to_arrays
from av_models.speech.neural.voice_file import load_voice
from tasks import voice_throats
from tasks.voice_throats import learn_voice_throats
from tasks.workspace import store

TRAINING = VoiceTraining(budget_s=1.0, max_steps=1)


def by_shares_of_bands(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """In place of the speaker encoder, whose weights are no part of the repository."""
    spectrum = np.abs(np.fft.rfft(samples, 512))[:256] + 1e-6
    return np.asarray(spectrum / np.linalg.norm(spectrum), np.float32)


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[VoiceModel, VoiceLessons]:
    monkeypatch.setenv("UNDERSTUDY_MEDIA", str(tmp_path))
    nothing = store().put_json({})
    corpus = Corpus.__new__(Corpus)  # what the clips came from does not matter here
    lessons = VoiceLessons(corpus, (store().put_arrays(**clips_to_arrays(voice_made.clips()[:3])),), (), ())
    weights = store().put_bytes(voice_made.weights(), ".safetensors")
    card = store().put_json({"kind": "made for a test"})
    return VoiceModel(weights, card, nothing, (), "en-us", 1, 1.0, "budget"), lessons


def test_a_trained_voice_learns_what_throats_there_are(
    trained: tuple[VoiceModel, VoiceLessons], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speaker, "embed", by_shares_of_bands)
    monkeypatch.setattr(speaker, "speaker_encoder_there", lambda: True)
    model, lessons = trained
    found = learn_voice_throats.fn(model, lessons, TRAINING)
    before, after = (load_voice(store().read_bytes(one.weights)) for one in (model, found))
    assert before.throats is None and after.throats is not None
    assert float(np.linalg.norm(after.origin)) == pytest.approx(1, abs=1e-3)
    symbols = voice_made.clips()[3].symbols
    assert np.array_equal(before.speak(symbols).samples, after.speak(symbols).samples)
    card = store().json(found.card)
    assert card["kind"] == "made for a test" and card["throats"]["strangers"] == 10
    assert after.card == card
    assert replace(found, weights=model.weights, card=model.card) == model


def test_without_the_encoder_a_voice_stays_itself_and_it_is_said(
    trained: tuple[VoiceModel, VoiceLessons], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(speaker, "speaker_encoder_there", lambda: False)
    monkeypatch.setattr(voice_throats, "announce", lambda subject, sentence: told.append(sentence))
    model, lessons = trained
    assert learn_voice_throats.fn(model, lessons, TRAINING) is model
    assert "resemblyzer" in told[0]
