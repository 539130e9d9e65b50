"""Teaching the vocoder: short segments of recordings, made again from their own mel frames and pitch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from av_models.domain.errors import ModelError
from av_models.runtime.device import autocast

from .clips import VoiceClip
from .losses import energy_distance
from .mels import HOP, mel_of
from .perturb import at_speed, draw_speed, fits
from .training import TrainPlan, TrainProgress, TrainResult, set_rate, train
from .vocoder import Vocoder, VocoderConfig

__all__ = ["VocoderLesson", "train_vocoder"]

_SEGMENT_FRAMES = 48
_HELD_OUT_CLIPS = 12
# This share of the segments is played at another speed, so that voices made from a sample have sound, too.
_OTHER_SPEEDS = 0.2
_DB_PER_NEPER = 20 / math.log(10)


def train_vocoder(
    clips: Sequence[VoiceClip],
    held_out: Sequence[VoiceClip],
    config: VocoderConfig,
    plan: TrainPlan,
    folder: Path,
    device: torch.device,
    *,
    start_from: Vocoder | None = None,
    other_speeds: float = _OTHER_SPEEDS,
    on_progress: Callable[[TrainProgress], None] = lambda progress: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> TrainResult:
    """Train on `clips`, or go on from the state in `folder`. Its curve is measured on `held_out`.

    other_speeds: share of segments played faster or slower; 0 for clips whose mel frames are not measured on their
    sound. ModelError when no clip is long enough or the training diverges.
    """
    torch.manual_seed(plan.seed)
    lesson = VocoderLesson(clips, held_out, config, plan, device, start_from, other_speeds)
    return train(lesson, plan, folder, on_progress, should_stop)


class VocoderLesson:
    """Segments of clips for the vocoder; see `Lesson`."""

    part = "vocoder"

    def __init__(
        self,
        clips: Sequence[VoiceClip],
        held_out: Sequence[VoiceClip],
        config: VocoderConfig,
        plan: TrainPlan,
        device: torch.device,
        start_from: Vocoder | None,
        other_speeds: float,
    ) -> None:
        self.clips = [clip for clip in clips if clip.n_frames >= _SEGMENT_FRAMES]
        if not self.clips:
            raise ModelError(f"No recording is {_SEGMENT_FRAMES * HOP / 24000:.1f} s long.", "Give longer recordings.")
        self.held_out = list(held_out)[:: max(1, len(held_out) // _HELD_OUT_CLIPS)][:_HELD_OUT_CLIPS]
        self.batch, self.device, self.other_speeds = plan.batch, device, other_speeds
        self.chances = torch.tensor([clip.n_frames for clip in self.clips], dtype=torch.float64)
        network = Vocoder(config)
        if start_from is not None:
            network.load_state_dict(start_from.state_dict())
        self.network: nn.Module = network.to(device)
        self.others: dict[str, nn.Module] = {}
        self.optimisers: dict[str, torch.optim.Optimizer] = {
            "network": torch.optim.AdamW(network.parameters(), betas=(0.8, 0.99), weight_decay=1e-3)
        }
        self.signature = f"{config} {len(clips)} {sum(clip.n_frames for clip in clips)} {start_from is not None}"

    def step(self, generator: torch.Generator, rate: float, share: float) -> dict[str, float]:
        mel, pitch, target = self._segments(generator)
        optimiser = self.optimisers["network"]
        set_rate(optimiser, rate)
        optimiser.zero_grad(set_to_none=True)
        distance, plain = energy_distance(target, self._speak(self.network, mel, pitch, 2, generator))
        distance.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        optimiser.step()
        return {"distance": float(distance.detach()), "plain": float(plain.detach())}

    def _segments(self, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Mel (B, N_MELS, T), pitch (B, T) and sound (B, T * HOP) of random places, up to 6 dB louder or softer."""
        mels, pitches, sounds = [], [], []
        for index in torch.multinomial(self.chances, self.batch, replacement=True, generator=generator).tolist():
            mel_part, pitch_part, sound_part = self._segment(self.clips[index], generator)
            mels.append(mel_part)
            pitches.append(pitch_part)
            sounds.append(sound_part)
        sound, mel, pitch = (torch.from_numpy(np.stack(parts)) for parts in (sounds, mels, pitches))
        gain = torch.empty(self.batch, 1).uniform_(-0.7, 0.7, generator=generator)
        mel = torch.clamp(mel + gain[:, :, None], min=float(np.log(1e-5)))
        return mel.to(self.device), pitch.to(self.device), (sound * torch.exp(gain)).to(self.device)

    def _segment(self, clip: VoiceClip, generator: torch.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """float32 mel (N_MELS, T), pitch (T,) and sound (T * HOP,) of a random place."""
        varied, chance = (float(value) for value in torch.rand(2, generator=generator))
        speed = draw_speed(generator)
        if varied < self.other_speeds and fits(clip, _SEGMENT_FRAMES, speed):
            return at_speed(clip, _SEGMENT_FRAMES, speed, chance)
        first = int(chance * (clip.n_frames - _SEGMENT_FRAMES + 1))
        sound = clip.samples[first * HOP : (first + _SEGMENT_FRAMES) * HOP].astype(np.float32) / 32768
        kept = slice(first, first + _SEGMENT_FRAMES)
        return clip.mel[:, kept].astype(np.float32), clip.pitch_hz[kept], sound

    def _speak(self, network: nn.Module, mel: Tensor, pitch: Tensor, times: int, generator: torch.Generator) -> Tensor:
        n = times * len(mel)
        noise = torch.randn(n, mel.shape[2] * HOP, generator=generator).to(self.device)
        phase = torch.rand(n, generator=generator, dtype=torch.float64).to(self.device)
        with autocast(self.device):
            return torch.as_tensor(network(mel, pitch, noise, phase))

    @torch.no_grad()
    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """mel_db: mean distance of mel bands between held-out recordings and their copies."""
        generator = torch.Generator().manual_seed(1)
        distances = []
        for clip in self.held_out:
            mel, pitch = (
                torch.from_numpy(a.astype(np.float32))[None].to(self.device) for a in (clip.mel, clip.pitch_hz)
            )
            spoken = self._speak(network, mel, pitch, 1, generator)
            distances.append(float((mel_of(spoken.float()) - mel).abs().mean()) * _DB_PER_NEPER)
        return {"mel_db": float(np.mean(distances))}
