"""A voice brought to another speaker: what learns, what stays, what is kept, and that it can be interrupted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import voice_made

from av_models.speech.neural import adaptation
from av_models.speech.neural.adaptation import (
    AdaptationScope,
    Adapted,
    adapt_acoustic,
    scope_for,
    with_upper_bands,
)
from av_models.speech.neural.clips import part_of
from av_models.speech.neural.mels import band_centres_hz
from av_models.speech.neural.shapes import SPEAKER_SIZE
from av_models.speech.neural.training import TrainPlan, TrainProgress

VECTOR = np.linspace(-1, 1, SPEAKER_SIZE, dtype=np.float32)


def adapted(folder: Path, scope: AdaptationScope, steps: int, held_out: int = 1, stop_at: int = 0) -> Adapted:
    """stop_at: die after that many steps, as a killed run would."""
    folder.mkdir(exist_ok=True)
    clips = voice_made.clips()
    plan = TrainPlan(max_steps=steps, batch=2, ema=0.5, checkpoint_s=1e9, evaluate_s=0)

    def watch(progress: TrainProgress) -> None:
        if stop_at and progress.step >= stop_at:
            raise KeyboardInterrupt

    base = voice_made.networks()[0]
    return adapt_acoustic(
        clips[:3], clips[3:][:held_out], base, VECTOR, scope, plan, folder, torch.device("cpu"), watch
    )


def changed(made: Adapted) -> set[str]:
    before = voice_made.networks()[0].state_dict()
    return {name for name, value in made.acoustic.state_dict().items() if not torch.equal(value, before[name])}


def test_only_as_much_learns_as_the_scope_allows(tmp_path: Path) -> None:
    vector = adapted(tmp_path / "vector", AdaptationScope.SPEAKER, 3, held_out=0)
    assert changed(vector) == set() and not np.array_equal(vector.vector, VECTOR)
    layers = changed(adapted(tmp_path / "layers", AdaptationScope.LAYERS, 3, held_out=0))
    assert "speaker.weight" in layers and any(".adapt." in name for name in layers)
    assert not any(name.startswith(("phone.", "stress.")) or ".widen." in name for name in layers)
    network = changed(adapted(tmp_path / "network", AdaptationScope.NETWORK, 3, held_out=0))
    assert layers < network and "phone.weight" in network


def test_held_out_speech_comes_nearer(tmp_path: Path) -> None:
    made = adapted(tmp_path / "a", AdaptationScope.NETWORK, 40)
    assert made.best_score < 0.98 * made.start_score
    assert made.result.stopped_by == "budget"


def test_what_gets_worse_is_given_up_and_the_start_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(adaptation._RATES, "network", 30.0)
    made = adapted(tmp_path / "a", AdaptationScope.NETWORK, 200)
    assert made.result.stopped_by == "request" and made.result.step < 50
    assert made.best_score == pytest.approx(made.start_score, rel=1e-5)
    assert changed(made) == set() and np.array_equal(made.vector, VECTOR)


def test_an_interrupted_adaptation_goes_on_to_the_bit(tmp_path: Path) -> None:
    whole = adapted(tmp_path / "whole", AdaptationScope.LAYERS, 5)
    with pytest.raises(KeyboardInterrupt):
        adapted(tmp_path / "parted", AdaptationScope.LAYERS, 5, stop_at=2)
    parted = adapted(tmp_path / "parted", AdaptationScope.LAYERS, 5)
    assert parted.result.step == 5 and np.array_equal(whole.vector, parted.vector)
    for one, other in zip(whole.acoustic.parameters(), parted.acoustic.parameters(), strict=True):
        assert torch.equal(one, other)


def test_what_a_narrow_recording_lacks_is_filled_in() -> None:
    clip, other = voice_made.clips()[:1] * 2
    other = replace(other, mel=np.full_like(other.mel, -3))
    (filled,) = with_upper_bands([clip], [other], 7000.0)
    above = band_centres_hz() >= 7000
    assert above.sum() > 5 and np.all(filled.mel[above] == -3) and np.array_equal(filled.mel[~above], clip.mel[~above])


def test_more_may_learn_from_more() -> None:
    assert [scope_for(seconds) for seconds in (7, 30, 90)] == list(AdaptationScope)


def test_a_clip_is_cut_where_a_phone_ends() -> None:
    clip = voice_made.clips()[0]
    ends = np.cumsum(clip.frames)
    cut = part_of(clip, 0, int(ends[4]) + 1)
    assert len(cut.symbols) == 5 and cut.n_frames == ends[4] == cut.mel.shape[1] == cut.samples.size // 256
    rest = part_of(clip, int(ends[4]), clip.n_frames)
    assert np.array_equal(np.concatenate([cut.mel, rest.mel], axis=1), clip.mel)
    assert np.array_equal(np.concatenate([cut.samples, rest.samples]), clip.samples)
    assert part_of(clip, 0, int(ends[0]) - 1).n_frames == 0
