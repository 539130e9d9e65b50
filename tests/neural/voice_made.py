"""A tiny untrained voice and recordings of espeak-ng, for tests of the neural voice."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import soxr
import torch

from av_models.domain.script import Line
from av_models.speech.engine import Synthesis
from av_models.speech.neural.acoustic import AcousticConfig, AcousticModel
from av_models.speech.neural.clips import VoiceClip, make_clip
from av_models.speech.neural.mels import RATE_HZ
from av_models.speech.neural.vocoder import Vocoder, VocoderConfig
from av_models.speech.neural.voice_file import save_voice
from av_models.speech.registry import get_engine
from av_models.speech.script import read_script

ACOUSTIC = AcousticConfig(width=24, n_reading=1, n_sketching=1, n_painting=1, prosody_width=16, noise=4)
VOCODER = VocoderConfig(width=24, n_blocks=1)
SENTENCES = (
    "A warm breeze should push the fog away by lunch.",
    "Seven boats sailed past the old harbour, slowly.",
    "Why would anybody paint a small house green?",
    "The quick shower near the beach was over soon.",
)


def line(text: str) -> Line:
    (only,) = read_script(text).lines
    return only


@lru_cache(maxsize=1)
def networks() -> tuple[AcousticModel, Vocoder]:
    torch.manual_seed(3)
    acoustic, vocoder = AcousticModel(ACOUSTIC), Vocoder(VOCODER)
    # Lengths, pitch and energy of a usual voice, so that an untrained network already speaks at a usual pace.
    acoustic.prosody_mean.copy_(torch.tensor([1.9, 5.1, -0.4]))
    acoustic.prosody_spread.copy_(torch.tensor([0.3, 0.15, 1.0]))
    return acoustic.eval(), vocoder.eval()


@lru_cache(maxsize=1)
def weights() -> bytes:
    return save_voice(*networks(), {"name": "made for a test"})


@lru_cache(maxsize=1)
def clips() -> tuple[VoiceClip, ...]:
    """Sentences of espeak-ng with its own times, at the rate of the networks."""
    return tuple(_clip(index, text) for index, text in enumerate(SENTENCES))


def _clip(index: int, text: str) -> VoiceClip:
    said: Synthesis = get_engine("espeak").synthesize(line(text), {"variant": "edward2"}, (), "en-us", 1)
    samples = np.asarray(soxr.resample(said.samples, said.rate_hz, RATE_HZ), np.float32)
    return make_clip(f"clip-{index}", line(text), said.words, said.phones, samples)
