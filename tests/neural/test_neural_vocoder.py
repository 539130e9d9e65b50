from __future__ import annotations

import numpy as np
import torch
import voice_made

from av_models.speech.neural.losses import energy_distance
from av_models.speech.neural.mels import HOP, log_mel, mel_of
from av_models.speech.neural.pitch import pitch_hz
from av_models.speech.neural.vocoder import continuous_pitch


def vocode(mel: np.ndarray, pitch: np.ndarray, seed: int = 1) -> np.ndarray:
    generator = torch.Generator().manual_seed(seed)
    _, vocoder = voice_made.networks()
    noise = torch.randn(1, mel.shape[1] * HOP, generator=generator)
    with torch.inference_mode():
        sound = vocoder(torch.from_numpy(mel)[None], torch.from_numpy(pitch)[None], noise, torch.zeros(1).double())
    return np.asarray(sound[0].numpy())


def test_untrained_it_already_gives_the_bands_back() -> None:
    """The envelope and the phase need not be learnt: that is why it trains in an hour."""
    clip = voice_made.clips()[0]
    mel = clip.mel.astype(np.float32)
    copy = vocode(mel, clip.pitch_hz)
    assert copy.size == clip.n_frames * HOP
    loud = mel > -6
    assert np.abs(log_mel(copy) - mel)[loud].mean() < 1.0
    assert np.corrcoef(log_mel(copy)[loud], mel[loud])[0, 1] > 0.8


def test_it_sings_the_pitch_that_is_imposed() -> None:
    clip = voice_made.clips()[0]
    flat = np.where(clip.pitch_hz > 0, np.float32(150.0), np.float32(0))
    mel = np.full_like(clip.mel, -3.0, dtype=np.float32)
    heard = pitch_hz(vocode(mel, flat))
    both = (heard > 0) & (flat > 0)
    assert both.mean() > 0.5 * (flat > 0).mean()
    assert np.abs(1200 * np.log2(heard[both] / 150)).mean() < 20


def test_gaps_in_the_pitch_are_bridged() -> None:
    bridged, voiced = continuous_pitch(torch.tensor([[0.0, 100.0, 0.0, 400.0, 0.0], [0.0] * 5]))
    assert torch.allclose(bridged[0], torch.tensor([100.0, 100.0, 200.0, 400.0, 400.0]))
    assert voiced[0].tolist() == [0, 1, 0, 1, 0]
    assert (bridged[1] > 0).all()
    assert not voiced[1].any()


def test_the_energy_distance_is_least_for_the_right_noise() -> None:
    """Too soft and too loud noise are farther from a noise of level 1 than another noise of level 1 is."""
    generator = torch.Generator().manual_seed(0)
    target = 0.1 * torch.randn(4, 40 * HOP, generator=generator)
    drawn = 0.1 * torch.randn(8, 40 * HOP, generator=generator)
    distances = {level: float(energy_distance(target, level * drawn)[0]) for level in (0.5, 1.0, 2.0)}
    assert min(distances, key=lambda level: distances[level]) == 1.0
    assert torch.isfinite(mel_of(target)).all()
