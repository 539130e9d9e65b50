from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
import voice_made

from av_models.domain.errors import MediaError, ModelError
from av_models.speech import speaker
from av_models.speech.neural.encoding import SpeakerTraits, as_speaker, calibrated, encode, in_own_throat
from av_models.speech.neural.mels import N_MELS, RATE_HZ, band_centres_hz
from av_models.speech.neural.shapes import SPEAKER_SIZE
from av_models.speech.neural.strangers import Stranger, learn_throats, meet_stranger
from av_models.speech.neural.throat import THROAT_SIZE
from av_models.speech.neural.voice import Manner, NeuralVoice, Prosody
from av_models.speech.neural.voice_file import load_voice, save_voice, with_speaker


def toy_embedding(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """Unit length and different for different sounds; the encoder's weights are no part of the repository."""
    spectrum = np.abs(np.fft.rfft(samples, 2 * SPEAKER_SIZE))[:SPEAKER_SIZE] + 1e-6
    return np.asarray(spectrum / np.linalg.norm(spectrum), np.float32)


@pytest.fixture(autouse=True)
def toy_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speaker, "embed", toy_embedding)


@lru_cache(maxsize=1)
def sample() -> np.ndarray:
    """Six seconds of a voice made by rules."""
    return np.concatenate([clip.samples / np.float32(32768) for clip in voice_made.clips()[:3]])


def base(**known: Any) -> NeuralVoice:
    return replace(load_voice(voice_made.weights()), **known)


def origin_and_throats() -> dict[str, Any]:
    weights = np.random.default_rng(0).normal(0, 2e-4, (SPEAKER_SIZE, THROAT_SIZE))
    return {"origin": toy_embedding(np.eye(1, 4000)[0], RATE_HZ), "throats": weights.astype(np.float32)}


def said(voice: NeuralVoice) -> tuple[float, np.ndarray]:
    """Median pitch and mean voiced frame of a sentence that nothing was set by."""
    composed = voice.compose(voice_made.clips()[3].symbols, Prosody(), np.random.default_rng(5))
    voiced = composed.pitch_hz > 0
    mean = composed.mel[:, voiced].mean(axis=1)
    return float(np.median(composed.pitch_hz[voiced])), mean - mean.mean()


def test_a_sample_tells_its_height_and_where_it_ends() -> None:
    traits = encode(sample(), RATE_HZ)
    tracks = np.concatenate([clip.pitch_hz[clip.pitch_hz > 0] for clip in voice_made.clips()[:3]])
    assert traits.pitch_hz == pytest.approx(float(np.median(tracks)), rel=0.03)
    assert 0.3 < traits.pitch_spread < 6
    assert 1 < traits.voiced_s < 7
    import soxr

    narrow = encode(soxr.resample(sample(), RATE_HZ, 8000), 8000)
    assert narrow.bandwidth_hz <= 4000 < traits.bandwidth_hz
    assert narrow.pitch_hz == pytest.approx(traits.pitch_hz, rel=0.02)


@pytest.mark.parametrize("sound", [np.zeros(RATE_HZ), np.zeros(0), 0.1 * np.random.default_rng(0).random(2 * RATE_HZ)])
def test_what_has_no_voice_is_refused(sound: np.ndarray) -> None:
    with pytest.raises(MediaError, match="are voice"):
        encode(sound.astype(np.float32), RATE_HZ)


def test_the_base_speaks_as_high_and_as_bright_as_the_sample() -> None:
    traits = encode(sample(), RATE_HZ)
    traits = replace(traits, pitch_hz=95.0)
    for known in ({}, origin_and_throats()):
        voice = base(**known)
        before, after = said(voice), said(as_speaker(voice, traits))
        assert abs(12 * np.log2(after[0] / 95)) < 1.2 < abs(12 * np.log2(before[0] / 95))
        known_bands = band_centres_hz() < 0.9 * traits.bandwidth_hz
        gaps = [float(np.abs((mean - traits.spectrum)[known_bands]).mean()) for _, mean in (before, after)]
        assert gaps[1] < 0.75 * gaps[0]


def test_who_speaks_decides_the_throat() -> None:
    voice = base(**origin_and_throats())
    traits = encode(sample(), RATE_HZ)
    other = replace(traits, embedding=toy_embedding(np.random.default_rng(3).random(9000), RATE_HZ))
    throats = [as_speaker(voice, one).manner.throat for one in (traits, other)]
    assert throats[0] is not None and throats[1] is not None
    assert np.abs(throats[0] - throats[1]).max() > 0.005
    itself = as_speaker(voice, replace(traits, embedding=voice.origin)).manner.throat
    assert itself == pytest.approx(np.ones(THROAT_SIZE))
    assert not np.array_equal(said(replace(voice, manner=Manner(throat=throats[0])))[1], said(voice)[1])


def test_a_short_sample_changes_the_tone_less() -> None:
    near = said(base())[1] + np.linspace(0.8, -0.8, N_MELS)
    traits = replace(encode(sample(), RATE_HZ), spectrum=near.astype(np.float32))
    long, short = (as_speaker(base(), replace(traits, voiced_s=s)).manner.tone for s in (60.0, 0.3))
    assert long is not None and short is not None
    assert np.abs(short).mean() < 0.6 * np.abs(long).mean()
    far = as_speaker(base(), replace(traits, spectrum=5 * traits.spectrum, voiced_s=60.0)).manner.tone
    assert far is not None and np.abs(far).max() <= 1.6001


def test_over_the_bandwidth_of_a_sample_nothing_is_invented() -> None:
    traits = replace(encode(sample(), RATE_HZ), bandwidth_hz=4000.0)
    muffled = replace(traits, spectrum=np.where(band_centres_hz() > 4000, -8, traits.spectrum).astype(np.float32))
    tones = [as_speaker(base(), one).manner.tone for one in (traits, muffled)]
    assert tones[0] is not None and tones[1] is not None
    assert tones[0][-5:] == pytest.approx(tones[1][-5:], abs=1e-3)


def test_a_taught_network_keeps_its_own_throat() -> None:
    traits = replace(encode(sample(), RATE_HZ), pitch_hz=140.0)
    voice = calibrated(base(), traits)
    assert voice.manner.throat is None
    assert abs(12 * np.log2(said(voice)[0] / 140)) < 1.2


def test_no_manner_is_the_voice_as_it_was_to_the_bit() -> None:
    symbols = voice_made.clips()[3].symbols
    plain, known = base().speak(symbols), base(**origin_and_throats()).speak(symbols)
    assert np.array_equal(plain.samples, known.samples)


def test_imposed_pitch_is_what_is_heard() -> None:
    clip = voice_made.clips()[3]
    manner = Manner(-7.0, 1.2, 0.3, np.full(THROAT_SIZE, 0.9, np.float32))
    spoken = base(manner=manner).speak(clip.symbols, Prosody(frames=clip.frames, pitch_hz=clip.pitch_hz))
    assert spoken.pitch_hz == pytest.approx(clip.pitch_hz, rel=1e-3)


def test_a_lesson_in_the_own_throat_becomes_the_speaker_again() -> None:
    clip = voice_made.clips()[3]
    manner = Manner(-7.0, throat=np.full(THROAT_SIZE, 0.9, np.float32), tone=np.linspace(0.5, -0.5, N_MELS, dtype="f4"))
    lesson = in_own_throat(clip, manner)
    voiced = clip.pitch_hz > 0
    assert lesson.pitch_hz[voiced] == pytest.approx(clip.pitch_hz[voiced] * 2 ** (7 / 12), rel=1e-3)
    again, pitch_hz = base(manner=manner)._in_manner(lesson.mel.astype(np.float32), lesson.pitch_hz)
    assert pitch_hz == pytest.approx(clip.pitch_hz, rel=1e-3)
    known = band_centres_hz() < 8000
    truth = clip.mel.astype(np.float32)[known][:, voiced]
    undone, redone = (np.abs(mel[known][:, voiced] - truth).mean() for mel in (lesson.mel, again))
    assert redone < 0.5 * undone


def test_the_file_keeps_what_makes_the_speaker() -> None:
    manner = Manner(-3.5, 0.8, 0.25, np.linspace(0.9, 1.1, THROAT_SIZE, dtype="f4"), np.ones(N_MELS, np.float32))
    known = origin_and_throats()
    data = save_voice(*voice_made.networks(), {}, None, manner, known["origin"], known["throats"])
    for blob in (data, with_speaker(voice_made.weights(), {}, np.zeros(SPEAKER_SIZE), manner, **known)):
        again = load_voice(blob)
        assert again.manner.pitch_semitones == -3.5 and again.manner.pitch_range == pytest.approx(0.8)
        assert again.manner.throat == pytest.approx(manner.throat) and again.manner.tone == pytest.approx(manner.tone)
        assert again.origin == pytest.approx(known["origin"], abs=1e-3)
        assert again.throats == pytest.approx(known["throats"], abs=1e-6)
    wrong = with_speaker(data, {}, np.zeros(SPEAKER_SIZE), replace(manner, tone=np.ones(3, np.float32)))
    with pytest.raises(ModelError, match="tone of shape"):
        load_voice(wrong)
    wrong = with_speaker(data, {}, np.zeros(SPEAKER_SIZE), None, throats=np.ones((3, 3)))
    with pytest.raises(ModelError, match="throats of shape"):
        load_voice(wrong)


def made_strangers(n: int, noise: float) -> tuple[list[Stranger], np.ndarray, np.ndarray]:
    """Strangers whose embeddings tell their throats along seven directions."""
    chance = np.random.default_rng(1)
    middle, ways = np.abs(chance.normal(size=SPEAKER_SIZE)), chance.normal(size=(THROAT_SIZE, SPEAKER_SIZE)) / 16

    def heard(throat: np.ndarray) -> np.ndarray:
        vector = middle / np.linalg.norm(middle) + 2 * np.log(throat) @ ways + noise * chance.normal(size=SPEAKER_SIZE)
        return np.asarray(vector / np.linalg.norm(vector), np.float32)

    throats = np.exp(chance.normal(0, 0.1, (n, 1)) + chance.normal(0, 0.03, (n, THROAT_SIZE))).astype(np.float32)
    own = np.stack([heard(np.ones(THROAT_SIZE)) for _ in range(20)])
    return [Stranger(one, np.stack([heard(one), heard(one)])) for one in throats], own, ways


def test_throats_are_read_off_embeddings() -> None:
    strangers, own, _ = made_strangers(120, noise=0.002)
    found = learn_throats(strangers, own)
    assert found.correlation > 0.95 and found.error < 4
    lost = learn_throats(made_strangers(120, noise=1.0)[0], own)
    assert lost.correlation < found.correlation


def test_few_strangers_teach_nothing() -> None:
    strangers, own, _ = made_strangers(5, noise=0.002)
    with pytest.raises(ModelError, match="too few"):
        learn_throats(strangers, own)


def test_the_same_chance_meets_the_same_stranger() -> None:
    clips = voice_made.clips()[:2]
    first, again, other = (meet_stranger(base(), clips, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first.throat, again.throat) and np.array_equal(first.embeddings, again.embeddings)
    assert not np.allclose(first.throat, other.throat)
    assert first.embeddings.shape == (2, SPEAKER_SIZE)


def test_traits_know_what_they_are_made_of() -> None:
    traits = encode(sample(), RATE_HZ)
    assert isinstance(traits, SpeakerTraits)
    assert abs(float(traits.spectrum.mean())) < 1e-4
    assert float(np.linalg.norm(traits.embedding)) == pytest.approx(1, abs=1e-3)
