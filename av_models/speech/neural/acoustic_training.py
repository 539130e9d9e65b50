"""Teaching the acoustic network: prosody from whole sentences, pitch course and mel frames from stretches of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from av_models.domain.errors import ModelError
from av_models.runtime.device import autocast

from .acoustic import CONTOUR_SCALE, SPEAKER_SIZE, AcousticConfig, AcousticModel, spread_over_frames, symbol_batch
from .clips import VoiceClip
from .scores import patch_score, vector_score
from .training import TrainPlan, TrainProgress, TrainResult, set_rate, train
from .vocoder import continuous_pitch

__all__ = ["AcousticLesson", "frame_energy", "measured_prosody", "train_acoustic"]

_SEGMENT_FRAMES = 112
_HELD_OUT_CLIPS = 24
_DB_PER_NEPER = 20 / math.log(10)
_MS_PER_FRAME = 256 / 24


def train_acoustic(
    clips: Sequence[VoiceClip],
    held_out: Sequence[VoiceClip],
    config: AcousticConfig,
    plan: TrainPlan,
    folder: Path,
    device: torch.device,
    *,
    speakers: Mapping[str, np.ndarray] | None = None,
    start_from: AcousticModel | None = None,
    on_progress: Callable[[TrainProgress], None] = lambda progress: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> TrainResult:
    """Train on `clips`, or go on from the state in `folder`. Its curve is measured on `held_out`.

    speakers: vector (SPEAKER_SIZE,) of the speaker of each clip by its name; zeros where there is none. ModelError when
    there are no clips or the training diverges.
    """
    torch.manual_seed(plan.seed)
    lesson = AcousticLesson(clips, held_out, config, plan, device, speakers or {}, start_from)
    return train(lesson, plan, folder, on_progress, should_stop)


def frame_energy(mel: Tensor) -> Tensor:
    """(T,) log of the summed mel magnitudes of (N_MELS, T)."""
    return torch.logsumexp(mel, dim=0)


def measured_prosody(clip: VoiceClip) -> Tensor:
    """(N_PROSODY, P) log frames, mean log pitch and mean energy of each phone of a recording, unscaled."""
    frames = torch.from_numpy(clip.frames)
    owner = torch.repeat_interleave(torch.arange(frames.numel()), frames)
    pitch, _ = continuous_pitch(torch.from_numpy(clip.pitch_hz)[None])
    energy = frame_energy(torch.from_numpy(clip.mel.astype(np.float32)))
    rows = torch.stack([pitch[0].log(), energy])
    summed = torch.zeros(2, frames.numel()).index_add_(1, owner, rows)
    return torch.cat([frames.clamp(min=1).float().log()[None], summed / frames.clamp(min=1)])


def _measure(network: AcousticModel, clips: Sequence[VoiceClip], measured: Mapping[str, Tensor]) -> None:
    """Set mean and spread of prosody and mel bands, so that the network starts from a usual voice."""
    prosody = torch.cat([measured[clip.name] for clip in clips], dim=1)
    frames = np.concatenate([clip.mel[:, ::8].astype(np.float32) for clip in clips], axis=1)
    mel = torch.from_numpy(frames)
    network.prosody_mean.copy_(prosody.mean(dim=1))
    network.prosody_spread.copy_(prosody.std(dim=1).clamp(min=1e-3))
    network.mel_mean.copy_(mel.mean(dim=1))
    network.mel_spread.copy_(mel.std(dim=1).clamp(min=1e-3))


@dataclass(slots=True)
class _Stretch:
    """Segments of a batch. owners: (B, T) symbol of each frame. frames: (B, 4, T) facts. course: (B, 2, T) scaled pitch
    and energy of the phones. contour: (B, 1, T) log pitch over its course, scaled. pitch, voiced: (B, 1, T)."""

    owners: Tensor
    frames: Tensor
    course: Tensor
    contour: Tensor
    pitch: Tensor
    voiced: Tensor
    mel: Tensor


class AcousticLesson:
    """Segments of clips for the acoustic network; see `Lesson`."""

    part = "acoustic"

    def __init__(
        self,
        clips: Sequence[VoiceClip],
        held_out: Sequence[VoiceClip],
        config: AcousticConfig,
        plan: TrainPlan,
        device: torch.device,
        speakers: Mapping[str, np.ndarray],
        start_from: AcousticModel | None,
    ) -> None:
        self.clips = [clip for clip in clips if clip.n_frames >= _SEGMENT_FRAMES]
        if not self.clips:
            raise ModelError(f"No recording has {_SEGMENT_FRAMES} frames.", "Give longer recordings.")
        self.held_out = [clip for clip in held_out if clip.n_frames >= _SEGMENT_FRAMES][:_HELD_OUT_CLIPS]
        self.speakers, self.batch, self.device, self.noise = speakers, plan.batch, device, config.noise
        network = AcousticModel(config)
        self.measured = {clip.name: measured_prosody(clip) for clip in (*self.clips, *self.held_out)}
        if start_from is not None:
            network.load_state_dict(start_from.state_dict())
        else:
            _measure(network, self.clips, self.measured)
        self.network: nn.Module = network.to(device).train()
        self.model = network
        self.others: dict[str, nn.Module] = {}
        self.optimisers: dict[str, torch.optim.Optimizer] = {
            "network": torch.optim.AdamW(network.parameters(), betas=(0.9, 0.98), weight_decay=0.01)
        }
        self.signature = f"{config} {len(clips)} {sum(clip.n_frames for clip in clips)} {start_from is not None}"

    def step(self, generator: torch.Generator, rate: float, share: float) -> dict[str, float]:
        optimiser = self.optimisers["network"]
        set_rate(optimiser, rate)
        optimiser.zero_grad(set_to_none=True)
        picked = torch.randint(len(self.clips), (self.batch,), generator=generator).tolist()
        losses = self._losses(self.model, [self.clips[index] for index in picked], generator)
        total = losses["prosody"] + 0.5 * losses["contour"] + 0.5 * losses["voicing"] + 2 * losses["mel"]
        total.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        optimiser.step()
        return {name: float(value.detach()) for name, value in losses.items()}

    def _losses(self, model: AcousticModel, clips: list[VoiceClip], generator: torch.Generator) -> dict[str, Tensor]:
        symbols, mask = symbol_batch([clip.symbols for clip in clips], self.device)
        rows = [(self._taught_prosody(clip).T - model.prosody_mean) / model.prosody_spread for clip in clips]
        truth = pad_sequence(rows, batch_first=True).transpose(1, 2).to(self.device)
        stretch = self._stretch(model, clips, generator)
        with autocast(self.device):
            said, condition = model.read(symbols, self._speakers(clips), mask)
            first, second = (
                model.predict_prosody(said, condition, self._noise(said, generator), mask).float() for _ in range(2)
            )
            width = said.shape[1]
            spread = said.gather(2, stretch.owners[:, None].expand(-1, width, -1))
            ones = torch.ones_like(stretch.voiced)
            known = torch.cat([stretch.frames, stretch.course], dim=1)
            contours = [
                model.predict_contour(spread, condition, known, self._noise(spread, generator), ones).float()
                for _ in range(2)
            ]
            given = torch.cat([stretch.frames, stretch.pitch, stretch.voiced, stretch.course[:, 1:]], dim=1)
            sketch = model.sketch(spread, condition, given, ones)
            mels = [model.paint(sketch, condition, self._noise(spread, generator), ones) for _ in range(2)]
        prosody, prosody_plain = vector_score(truth, first, second, mask)
        contour, _ = vector_score(stretch.contour, contours[0][:, :1], contours[1][:, :1], stretch.voiced)
        voicing = torch.stack(
            [functional.binary_cross_entropy_with_logits(one[:, 1:], stretch.voiced) for one in contours]
        ).mean()
        mel, mel_plain = patch_score(stretch.mel, mels[0].float(), mels[1].float())
        losses = {"prosody": prosody, "contour": contour, "voicing": voicing, "mel": mel}
        return losses | {"prosody_plain": prosody_plain, "mel_plain": mel_plain}

    def _taught_prosody(self, clip: VoiceClip) -> Tensor:
        """(N_PROSODY, P) that the predictor is to give for a clip."""
        return self.measured[clip.name]

    def _stretch(self, model: AcousticModel, clips: list[VoiceClip], generator: torch.Generator) -> _Stretch:
        parts = []
        for clip in clips:
            first = int(torch.randint(clip.n_frames - _SEGMENT_FRAMES + 1, (), generator=generator))
            cut = slice(first, first + _SEGMENT_FRAMES)
            scaled = (self.measured[clip.name].T - model.prosody_mean) / model.prosody_spread
            owner, facts, course = spread_over_frames(torch.from_numpy(clip.frames), scaled.T[1:])
            pitch, voiced = continuous_pitch(torch.from_numpy(clip.pitch_hz)[None])
            height = (pitch.log() - model.prosody_mean[1]) / model.prosody_spread[1]
            contour = (height - course[:1]) * model.prosody_spread[1] * CONTOUR_SCALE
            mel = torch.from_numpy(clip.mel[:, cut].astype(np.float32))
            parts.append(
                (owner[cut], facts[:, cut], course[:, cut], contour[:, cut], height[:, cut], voiced[:, cut], mel)
            )
        return _Stretch(*(torch.stack(part).to(self.device) for part in zip(*parts, strict=True)))

    def _noise(self, like: Tensor, generator: torch.Generator) -> Tensor:
        return torch.randn(like.shape[0], self.noise, like.shape[2], generator=generator).to(self.device)

    def _speakers(self, clips: list[VoiceClip]) -> Tensor:
        nobody = np.zeros(SPEAKER_SIZE, np.float32)
        rows = [self.speakers.get(clip.name, nobody).astype(np.float32) for clip in clips]
        return torch.from_numpy(np.stack(rows)).to(self.device)

    @torch.no_grad()
    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """Of held-out sentences. mel_db: mean distance of mel bands at the recording's prosody. prosody: energy score.
        duration_ms, pitch_cents: mean error of the phones, without noise."""
        assert isinstance(network, AcousticModel)
        generator = torch.Generator().manual_seed(1)
        losses = self._losses(network, self.held_out, generator)
        symbols, mask = symbol_batch([clip.symbols for clip in self.held_out], self.device)
        said, condition = network.read(symbols, self._speakers(self.held_out), mask)
        quiet = torch.zeros(len(said), self.noise, said.shape[2], device=self.device)
        scaled = network.predict_prosody(said, condition, quiet, mask)
        values = scaled * network.prosody_spread[:, None] + network.prosody_mean[:, None]
        durations, pitches = [], []
        for row, clip in zip(values, self.held_out, strict=True):
            truth, n = self.measured[clip.name].to(self.device), len(clip.symbols)
            durations.append(float((row[0, :n].exp() - truth[0].exp()).abs()[1:-1].mean()) * _MS_PER_FRAME)
            pitches.append(float((row[1, :n] - truth[1]).abs().mean()) * 1200 / float(np.log(2)))
        return {
            "mel_db": float(losses["mel_plain"]) * _DB_PER_NEPER,
            "mel_score": float(losses["mel"]),
            "prosody": float(losses["prosody"]),
            "voicing": float(losses["voicing"]),
            "duration_ms": float(np.mean(durations)),
            "pitch_cents": float(np.mean(pitches)),
        }
