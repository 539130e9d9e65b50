from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import voice_made

from av_models.domain.errors import InputError
from av_models.speech import speaker
from av_models.speech.neural.mels import HOP, RATE_HZ
from av_models.speech.neural.reading import read_text
from av_models.speech.neural.voice import NeuralVoice, Prosody
from av_models.speech.neural.voice_file import load_voice
from av_models.speech.registry import get_engine
from flows.bench_clone import clone_rows
from tasks import bench_cloning
from tasks.bench_cloning import (
    CloneFigures,
    among_themselves,
    encoded_by,
    gain_of,
    measure_clones,
    read_speakers,
)


def by_level_of_bands(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """In place of the speaker encoder, whose weights are no part of the repository."""
    size = 2 * 256
    frames = samples[: samples.size // size * size].reshape(-1, size)
    spectrum = np.log(np.abs(np.fft.rfft(frames)).mean(axis=0)[:256] + 1e-3) + 8
    return np.asarray(spectrum / np.linalg.norm(spectrum), np.float32)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two voices made by rules, far apart, and a folder with too little in it."""
    folder = tmp_path_factory.mktemp("people")
    for name, pitch in (("deep", "15"), ("high", "99")):
        (folder / name).mkdir()
        for number, text in enumerate(voice_made.SENTENCES[:3]):
            said = get_engine("espeak").synthesize(
                voice_made.line(text), {"variant": "edward2", "pitch": pitch}, (), "en-us", 1
            )
            soundfile.write(folder / name / f"{number}.wav", said.samples, said.rate_hz)
    (folder / "nobody").mkdir()
    return folder


def hummed(voice: NeuralVoice, texts: Sequence[str]) -> list[np.ndarray]:
    """The voice's melody with ten overtones, because a vocoder that has learnt nothing has no voice."""
    sounds = []
    for number, symbols in enumerate(symbols for text in texts for symbols in read_text(text)):
        pitch_hz = np.repeat(voice.compose(symbols, Prosody(), np.random.default_rng(number)).pitch_hz, HOP)
        phase = 2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ
        tones = sum(np.sin(overtone * phase) / overtone for overtone in range(1, 11))
        sounds.append(np.asarray(0.1 * tones * (pitch_hz > 0), np.float32))
    return sounds


def figures(name: str, likeness: float) -> CloneFigures:
    return CloneFigures(name, 3.0, likeness, 0.0, 0.0, 0.0, True, 0.1)


def test_every_third_recording_is_only_compared_with(people: Path) -> None:
    deep, high = read_speakers(people)
    assert (deep.name, high.name) == ("deep", "high")
    assert len(deep.reference) == 1
    whole = [soundfile.read(path)[0].size for path in sorted((people / "deep").iterdir())]
    rate_hz = soundfile.info(people / "deep" / "0.wav").samplerate
    assert deep.sample.size == pytest.approx(sum(whole[:2]) * RATE_HZ / rate_hz, abs=4)
    assert deep.reference[0].size == pytest.approx(whole[2] * RATE_HZ / rate_hz, abs=2)


def test_folders_without_people_are_refused(people: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder"):
        read_speakers(tmp_path / "nowhere")
    with pytest.raises(InputError, match="0 speakers"):
        read_speakers(people / "deep")
    with pytest.raises(InputError, match="needs recordings of people") as error:
        next(clone_rows(True))
    assert "--speakers DIR" in error.value.remedy


def test_a_clone_is_nearer_than_the_voice_it_is_made_of(people: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speaker, "embed", by_level_of_bands)
    monkeypatch.setattr(bench_cloning, "_spoken", hummed)
    speakers, texts = read_speakers(people), ["A warm breeze pushed the fog away."]
    base = load_voice(voice_made.weights())
    before = measure_clones(speakers, texts, 5.0, lambda samples, rate_hz: base, "base")
    clones = measure_clones(speakers, texts, 5.0, encoded_by(base), "clones")
    for clone, other in zip(clones, before, strict=True):
        assert clone.pitch_off < 1 < other.pitch_off
        assert clone.encode_s > 0 and clone.sample_s == 5.0
    assert 0.5 < min(among_themselves(speakers)) <= 1


def test_what_is_measured_on_the_speaker_himself_is_him(people: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The independent measures know whom they hear: a voice that says what the recordings say, as they do."""
    monkeypatch.setattr(speaker, "embed", by_level_of_bands)
    speakers = read_speakers(people)
    base = load_voice(voice_made.weights())
    for one in speakers:
        monkeypatch.setattr(bench_cloning, "_spoken", lambda voice, texts, one=one: [one.sample])
        (found,) = (f for f in measure_clones(speakers, [], 5.0, lambda s, r: base, "") if f.speaker == one.name)
        assert found.recognised and found.pitch_off < 1 and found.tone_off_db < 4


def test_a_gain_comes_with_how_sure_it_is() -> None:
    before = [figures(str(number), 0.5) for number in range(12)]
    sure = [replace(one, likeness=0.6) for one in before]
    assert gain_of(sure, before) == pytest.approx((0.1, 0.1, 0.1))
    chance = np.random.default_rng(0).normal(0.1, 0.2, 12)
    unsure = [replace(one, likeness=0.5 + float(gain)) for one, gain in zip(before, chance, strict=True)]
    mean, low, high = gain_of(unsure, before)
    assert low < mean < high and 0.1 < high - low < 0.4
    assert mean == pytest.approx(float(chance.mean()))
