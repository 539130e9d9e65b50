"""A voice brought to another speaker by gradient: as much of its networks learns as the recordings can bear.

A few seconds move the speaker vector alone, more of them the layers that hear it, a minute the whole acoustic network,
and more than that the vocoder, too. What learns is drawn back towards the voice it came from, and the state that speaks
held-out recordings best is kept. (Adaptation of a speaker's vector or of the whole model: Arik et al. 2018, NeurIPS;
drawing back to the start: Li et al. 2018, ICML, L2-SP.)
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .acoustic import AcousticModel
from .acoustic_training import AcousticLesson
from .clips import VoiceClip
from .mels import band_centres_hz
from .training import TrainPlan, TrainProgress, TrainResult, train

__all__ = ["AdaptationScope", "Adapted", "adapt_acoustic", "scope_for", "with_upper_bands"]

_LAYERS = ("speaker.", ".adapt.", ".norm.", ".leave.")
_VECTOR_FACTOR = 20.0
"""The vector is one row of numbers of about unit size; the weights around it are many and small."""
_BACK = {"speaker": 0.0, "layers": 2.0, "network": 4.0}
"""Share of the way back to the start, times the learning rate, at every step."""
_RATES = {"speaker": 1e-3, "layers": 1e-3, "network": 3e-4}
_BATCH = 8
_LEAST_LOOKS = 8
_PATIENCE = 4


class AdaptationScope(StrEnum):
    """What learns: the speaker vector, with it the layers that hear it, or the whole acoustic network."""

    SPEAKER = "speaker"
    LAYERS = "layers"
    NETWORK = "network"


_FROM_S = {AdaptationScope.NETWORK: 60.0, AdaptationScope.LAYERS: 20.0}
"""Seconds of clips from which each is worth its risk."""


@dataclass(frozen=True, slots=True, eq=False)
class Adapted:
    """vector: float32 (SPEAKER_SIZE,). best_score, start_score: of held-out clips, low is good; NaN without."""

    acoustic: AcousticModel
    vector: np.ndarray
    result: TrainResult
    start_score: float
    best_score: float


def scope_for(seconds: float) -> AdaptationScope:
    """For so many seconds of clips."""
    return next((scope for scope, least_s in _FROM_S.items() if seconds >= least_s), AdaptationScope.SPEAKER)


def adapt_acoustic(
    clips: Sequence[VoiceClip],
    held_out: Sequence[VoiceClip],
    base: AcousticModel,
    vector: np.ndarray,
    scope: AdaptationScope,
    plan: TrainPlan,
    folder: Path,
    device: torch.device,
    on_progress: Callable[[TrainProgress], None] = lambda progress: None,
) -> Adapted:
    """Teach a copy of `base`, starting as the speaker of `vector`, or go on from the state in `folder`.

    It ends with the budget, or when held-out clips have got no better for a while; without any, with the budget.
    ModelError when no clip is long enough.
    """
    torch.manual_seed(plan.seed)
    plan = replace(plan, batch=min(plan.batch, _BATCH), learning_rate=_RATES[scope])
    lesson = _AdaptationLesson(clips, held_out, base, vector, scope, plan, device)
    start = lesson.score_of(lesson.speaking)
    result = train(lesson, plan, folder, on_progress, should_stop=lambda: lesson.n_worse >= _PATIENCE)
    best = lesson.best
    return Adapted(
        best.acoustic.cpu().eval().requires_grad_(False),
        best.vector.detach().cpu().numpy().astype(np.float32),
        result,
        start,
        float(best.score) if lesson.held_out else math.nan,
    )


def with_upper_bands(clips: Iterable[VoiceClip], stand_ins: Iterable[VoiceClip], from_hz: float) -> list[VoiceClip]:
    """The clips with the mel bands from `from_hz` up of their stand-ins, which have the same frames.

    For recordings that hold nothing up there (telephones, 16 kHz): a network taught by them would turn dull.
    """
    above = band_centres_hz() >= from_hz
    filled = []
    for clip, other in zip(clips, stand_ins, strict=True):
        mel = clip.mel.copy()
        mel[above] = other.mel[above]
        filled.append(replace(clip, mel=mel))
    return filled


class _Speaking(nn.Module):
    """An acoustic network with the vector of one speaker. score: of held-out clips, the lower the better."""

    score: Tensor

    def __init__(self, acoustic: AcousticModel, vector: Tensor) -> None:
        super().__init__()
        self.acoustic = acoustic
        self.vector = nn.Parameter(vector)
        self.register_buffer("score", torch.tensor(math.inf))


class _AdaptationLesson(AcousticLesson):
    part = "adaptation"

    def __init__(
        self,
        clips: Sequence[VoiceClip],
        held_out: Sequence[VoiceClip],
        base: AcousticModel,
        vector: np.ndarray,
        scope: AdaptationScope,
        plan: TrainPlan,
        device: torch.device,
    ) -> None:
        # Few clips are looked at in several places each, or chance would choose the state that is kept.
        looks = list(held_out) * max(1, -(-_LEAST_LOOKS // max(1, len(held_out))))
        super().__init__(clips, looks, base.config, plan, device, {}, base)
        self.speaking = _Speaking(self.model, torch.tensor(vector, dtype=torch.float32, device=device)).to(device)
        self.network = self.speaking
        for name, weight in self.model.named_parameters():
            weight.requires_grad_(_learns(name, scope))
        learning = [weight for weight in self.model.parameters() if weight.requires_grad]
        groups: list[dict[str, Any]] = [{"params": [self.speaking.vector], "factor": _VECTOR_FACTOR}]
        groups += [{"params": learning}] if learning else []
        self.optimisers = {"network": torch.optim.AdamW(groups, betas=(0.9, 0.98), weight_decay=0.0)}
        self.start = [(weight, weight.detach().clone()) for weight in learning]
        self.back = _BACK[scope]
        self.heard = self.speaking
        self.best = copy.deepcopy(self.speaking).requires_grad_(False)
        self.others = {"best": self.best}
        self.n_worse = 0
        self.higher = self._higher_by()
        self.signature += f" {scope} {self.back} {float(np.abs(vector).sum()):.5f}"

    def step(self, generator: torch.Generator, rate: float, share: float) -> dict[str, float]:
        self.heard = self.speaking
        losses = super().step(generator, rate, share)
        with torch.no_grad():
            for weight, first in self.start:
                weight.lerp_(first, rate * self.back)
        return losses

    @torch.no_grad()
    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """As of the acoustic network, and `score`, by which the best state is kept. Nothing is measured without
        held-out clips: then the last state is the best."""
        assert isinstance(network, _Speaking)
        if not self.held_out:
            self.best.load_state_dict(network.state_dict())
            return {}
        self.heard = network
        values = super().evaluate(network.acoustic)
        score = 2 * values["mel_score"] + values["prosody"] + 0.5 * values["voicing"]
        if score < float(self.best.score):
            self.best.load_state_dict(network.state_dict())
            self.best.score.fill_(score)
            self.n_worse = 0
        else:
            self.n_worse += 1
        return {name: values[name] for name in ("mel_db", "mel_score", "prosody", "voicing", "duration_ms")} | {
            "score": score
        }

    def score_of(self, network: _Speaking) -> float:
        """Of the held-out clips; NaN without them."""
        training = network.training
        score = self.evaluate(network.eval()).get("score", math.nan)
        network.train(training)
        return score

    def _higher_by(self) -> Tensor:
        """(N_PROSODY, 1): how much higher this speaker's pitch lies than the predictions of the base voice.

        The predictor learns the melody only: how high a voice is is measured and set, and needs no learning.
        """
        pitches = torch.cat([self.measured[clip.name][1] for clip in self.clips])
        higher = torch.zeros(3, 1)
        higher[1] = pitches.mean() - self.model.prosody_mean[1].cpu()
        return higher

    def _taught_prosody(self, clip: VoiceClip) -> Tensor:
        return self.measured[clip.name] - self.higher

    def _speakers(self, clips: list[VoiceClip]) -> Tensor:
        return self.heard.vector[None].expand(len(clips), -1)


def _learns(name: str, scope: AdaptationScope) -> bool:
    if scope is AdaptationScope.SPEAKER:
        return False
    return scope is AdaptationScope.NETWORK or any(part in name for part in _LAYERS)
