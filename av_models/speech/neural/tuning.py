"""Getting the vocoder used to the frames that it will be given, which are predicted and not measured.

(Tacotron 2 and RealTalk trained theirs on teacher-forced frames for the same reason: Shen et al. 2018.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from .acoustic_training import measured_prosody
from .clips import VoiceClip
from .voice import NeuralVoice, Prosody

__all__ = ["with_predicted_frames"]


def with_predicted_frames(
    voice: NeuralVoice, clips: Sequence[VoiceClip], seed: int = 0, texture: float = 0.0
) -> Iterator[VoiceClip]:
    """The clips with the mel frames that `voice` predicts at their own lengths, pitch and energy; the sound is kept.

    texture: as the voice will be spoken with, see `Prosody`.
    """
    for number, clip in enumerate(clips):
        energy = measured_prosody(clip)[2].numpy()
        wishes = Prosody(frames=clip.frames, pitch_hz=clip.pitch_hz, energy=energy, texture=texture)
        composed = voice.compose(clip.symbols, wishes, np.random.default_rng(seed + number))
        yield replace(clip, mel=composed.mel.astype(np.float16))
