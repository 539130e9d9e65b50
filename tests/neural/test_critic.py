"""The critic of a vocoder's last phase: it learns to tell copies, the vocoder learns from it, and it can be resumed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import voice_made

from av_models.speech.neural.critic import Critic
from av_models.speech.neural.critic_training import train_with_critic
from av_models.speech.neural.training import TrainPlan, TrainProgress, TrainResult

CPU = torch.device("cpu")


def polished(folder: Path, steps: int, stop_at: int = 0) -> tuple[TrainResult, list[TrainProgress]]:
    """stop_at: leave off after that many steps, as a killed run would."""
    folder.mkdir(exist_ok=True)
    clips = voice_made.clips()
    seen: list[TrainProgress] = []
    plan = TrainPlan(max_steps=steps, batch=2, learning_rate=1e-3, checkpoint_s=1e9, evaluate_s=1e9)
    result = train_with_critic(
        clips[:3], clips[3:], voice_made.networks()[1], plan, folder, CPU,
        on_progress=seen.append, should_stop=lambda: bool(stop_at and seen and seen[-1].step >= stop_at),
    )  # fmt: skip
    return result, seen


def test_it_learns_to_tell_recordings_from_noise() -> None:
    torch.manual_seed(1)
    critic, chance = Critic(width=4), torch.Generator().manual_seed(2)
    tone = torch.sin(torch.arange(6000) * 0.05)[None].repeat(2, 1)
    optimiser = torch.optim.Adam(critic.parameters(), lr=3e-3)
    first = last = 0.0
    for step in range(25):
        optimiser.zero_grad()
        wrong = critic.error(tone, torch.randn(2, 6000, generator=chance) * 0.1)
        wrong.backward()
        optimiser.step()
        first, last = (float(wrong.detach()) if step == 0 else first), float(wrong.detach())
    assert last < 0.5 * first
    noise = torch.randn(4, 6000, generator=chance) * 0.1
    (sure_of_noise, far), (sure_of_tone, near) = critic.doubt(tone, noise), critic.doubt(tone, tone.repeat(2, 1))
    assert sure_of_noise > sure_of_tone and near < 1e-6 < far


def test_the_vocoder_waits_until_the_critic_knows_something(tmp_path: Path) -> None:
    result, seen = polished(tmp_path / "a", 10)
    assert set(seen[0].losses) == {"critic"} and {"distance", "sure", "apart"} <= set(seen[-1].losses)
    assert seen[-1].part == "critic" and result.step == 10
    start = voice_made.networks()[1].state_dict()
    assert any(not torch.equal(value, start[name]) for name, value in result.network.state_dict().items())


def test_a_stopped_phase_goes_on_to_the_bit(tmp_path: Path) -> None:
    whole, _ = polished(tmp_path / "whole", 5)
    stopped, _ = polished(tmp_path / "parted", 5, stop_at=2)
    assert stopped.stopped_by == "request"
    parted, _ = polished(tmp_path / "parted", 5)
    for one, other in zip(whole.network.parameters(), parted.network.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("width", [4, 8])
def test_it_hears_sounds_of_any_length(width: int) -> None:
    critic = Critic(width)
    for n in (3000, 4096, 12_288):
        assert torch.isfinite(critic.error(torch.zeros(1, n), torch.rand(2, n)))
