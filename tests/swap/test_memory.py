"""Memory that is full: less at once, in every place where it can happen, and a clear error where that does not help."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from av_models.domain.errors import ModelError, ResourceError
from av_models.domain.face import TrainingOptions
from av_models.swap.batches import Draw, FaceSampler
from av_models.swap.network import SwapNetwork
from av_models.swap.peers import Peers
from av_models.swap.presets import plan_of
from av_models.swap.state import TrainState
from av_models.swap.stepping import _forward
from flows.choices import TrainingChoice
from tests.swap.faces_made import drawn_bank
from tests.swap.runs_made import CPU, small_plan, small_trainer


def full_above(n_faces: int):
    def forward(network, person, shown, mouths, seen):
        if len(shown) > n_faces:
            raise torch.OutOfMemoryError("CUDA out of memory")
        painted, logits, _ = network.paint(person, *network.code(shown, mouths, seen))
        return painted, logits

    return forward


def test_a_batch_that_does_not_fit_is_taken_in_parts(tmp_path: Path) -> None:
    trainer = small_trainer(tmp_path, max_steps=3, batch=8)
    trainer.stepper._forward = full_above(2)
    result = trainer.run()
    assert result.step == 3 and trainer.state is not None and trainer.state.accumulate == 4
    assert "a batch of 8 is taken in 4 parts" in result.notes[-1]


def test_neighbours_are_compared_as_long_as_two_faces_fit(tmp_path: Path) -> None:
    for fits, compared in ((2, True), (1, False)):
        (tmp_path / str(fits)).mkdir()
        trainer = small_trainer(tmp_path / str(fits), max_steps=1, batch=4, temporal=0.5)
        trainer.stepper._forward = full_above(fits)
        told: list[dict[str, float]] = []
        result = trainer.run(lambda state, told=told: told.append(state.losses))
        assert ("temporal" in told[0]) is compared
        assert any("no neighbour" in note for note in result.notes) is not compared


def test_looking_at_faces_takes_as_many_at_once_as_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fits = 3
    forward = SwapNetwork.code

    def full(self, face, *rest):
        if not self.training and len(face) > fits:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(self, face, *rest)

    whole = small_trainer(tmp_path, max_steps=2)
    sheets: list[np.ndarray] = []
    expected = whole.run(on_preview=sheets.append).curve
    monkeypatch.setattr(SwapNetwork, "code", full)
    found = small_trainer(tmp_path, max_steps=2).run(on_preview=sheets.append).curve
    assert found[-1].source_db == pytest.approx(expected[-1].source_db, abs=1e-3)
    assert np.abs(sheets[0].astype(int) - sheets[1]).max() <= 1
    fits = 0
    with pytest.raises(ResourceError, match="one held-out face"):
        small_trainer(tmp_path, max_steps=2).run()


@pytest.mark.parametrize("message", ["CUDA out of memory", "DefaultCPUAllocator: can't allocate memory"])
def test_memory_that_is_full_elsewhere_is_an_error_with_a_remedy(tmp_path: Path, monkeypatch, message: str) -> None:
    kind = torch.OutOfMemoryError if "CUDA" in message else RuntimeError

    def full(*_: object, **__: object) -> None:
        raise kind(message)

    with monkeypatch.context() as patch, pytest.raises(ResourceError, match=r"to move the weights.*last checkpoint"):
        patch.setattr(torch.optim.AdamW, "step", full)
        small_trainer(tmp_path, max_steps=2).run()
    with monkeypatch.context() as patch, pytest.raises(ResourceError, match=r"for the networks.*smaller preset"):
        patch.setattr(TrainState, "begin", full)
        small_trainer(tmp_path, max_steps=2).run()


def test_a_loss_that_is_no_number_moves_no_weight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = small_trainer(tmp_path, max_steps=2)
    trainer.stepper._forward = lambda network, *rest: tuple(one * float("nan") for one in _forward(network, *rest))
    with pytest.raises(ModelError, match=r"training\.learning_rate"):
        trainer.run()
    assert trainer.state is not None
    assert all(bool(value.isfinite().all()) for value in trainer.state.network.parameters())
    assert plan_of(replace(TrainingOptions(), learning_rate=1e-4)).learning_rate == 1e-4
    assert "learning_rate" in TrainingChoice.model_fields


def test_a_process_of_less_memory_draws_faces_of_its_own(tmp_path: Path) -> None:
    """Until all agree, one takes two parts and the other one: of no part the faces are drawn twice."""
    drawn = FaceSampler(drawn_bank("source"), small_plan(batch=8), torch.zeros(1, 1, 64, 64), CPU)
    mine, others = drawn.draw(Draw(7, 0, "source", 1, smaller=4), 4), drawn.draw(Draw(7, 0, "source", 1), 8)
    assert not torch.equal(mine.target, others.target[:4])
    other = small_trainer(tmp_path, peers=TwoWithLess(), max_steps=2, batch=8)
    result = other.run()
    assert other.state is not None and other.state.accumulate == 4
    assert "another process" in result.notes[0]


class TwoWithLess(Peers):
    """The other process of two needs four parts."""

    def largest(self, numbers: list[float], device: torch.device) -> list[float]:
        return [*numbers[:-1], 4.0]


def test_memory_that_holds_not_even_one_face_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    trainer = small_trainer(tmp_path, max_steps=3, batch=4)
    trainer.stepper._forward = full_above(0)
    with pytest.raises(ResourceError, match="smaller preset"):
        trainer.run()
