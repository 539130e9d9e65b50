"""A last phase for a vocoder that has learnt: a critic hears what spectral distances overlook, and both learn on.

The energy distance stays beside it, as the critic alone would let pitch and words drift. (Kong et al. 2020, HiFi-GAN,
keep a mel distance for the same reason.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from .clips import VoiceClip
from .critic import Critic
from .losses import energy_distance
from .training import TrainPlan, TrainProgress, TrainResult, set_rate, train
from .vocoder import Vocoder
from .vocoder_training import VocoderLesson

__all__ = ["train_with_critic"]

_OTHER_SPEEDS = 0.2
_SURE_WEIGHT, _APART_WEIGHT = 0.1, 0.5
_ALONE, _GROWING = 0.05, 0.15
"""Shares of the budget: in the first only the critic learns, who knows nothing yet; in the second its word grows."""
_CRITIC_RATE = 2.0


def train_with_critic(
    clips: Sequence[VoiceClip],
    held_out: Sequence[VoiceClip],
    start_from: Vocoder,
    plan: TrainPlan,
    folder: Path,
    device: torch.device,
    *,
    on_progress: Callable[[TrainProgress], None] = lambda progress: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> TrainResult:
    """Train a copy of `start_from` further on `clips`, or go on from the state in `folder`; see `train_vocoder`."""
    torch.manual_seed(plan.seed)
    lesson = _CriticLesson(clips, held_out, plan, device, start_from)
    return train(lesson, plan, folder, on_progress, should_stop)


class _CriticLesson(VocoderLesson):
    part = "critic"

    def __init__(
        self,
        clips: Sequence[VoiceClip],
        held_out: Sequence[VoiceClip],
        plan: TrainPlan,
        device: torch.device,
        start_from: Vocoder,
    ) -> None:
        super().__init__(clips, held_out, start_from.config, plan, device, start_from, _OTHER_SPEEDS)
        self.critic = Critic().to(device)
        self.others = {"critic": self.critic}
        self.optimisers["critic"] = torch.optim.AdamW(self.critic.parameters(), betas=(0.8, 0.99), weight_decay=1e-3)

    def step(self, generator: torch.Generator, rate: float, share: float) -> dict[str, float]:
        mel, pitch, target = self._segments(generator)
        copies = self._speak(self.network, mel, pitch, 2, generator).float()
        losses = {"critic": self._teach_critic(target, copies.detach(), rate)}
        word = min(1.0, max(0.0, (share - _ALONE) / _GROWING))
        if not word:
            return losses
        distance, plain = energy_distance(target, copies)
        sure, apart = self.critic.doubt(target, copies)
        self._learn(distance + word * (_SURE_WEIGHT * sure + _APART_WEIGHT * apart), rate)
        told = {"distance": distance, "plain": plain, "sure": sure, "apart": apart}
        return losses | {name: float(value.detach()) for name, value in told.items()}

    def _teach_critic(self, target: Tensor, copies: Tensor, rate: float) -> float:
        optimiser = self.optimisers["critic"]
        set_rate(optimiser, _CRITIC_RATE * rate)
        optimiser.zero_grad(set_to_none=True)
        wrong = self.critic.error(target, copies)
        wrong.backward()
        nn.utils.clip_grad_norm_(self.critic.parameters(), 1.0)
        optimiser.step()
        return float(wrong.detach())

    def _learn(self, loss: Tensor, rate: float) -> None:
        optimiser = self.optimisers["network"]
        set_rate(optimiser, rate)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        optimiser.step()
