"""What a training begins with: known in closed form, or nothing; and how much arithmetic a step of it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from av_models.swap.render import Painter
from av_models.swap.train import Trainer
from av_models.swap.unknown import unknown_person
from tasks.bench_faces_rate import step_flops
from tasks.bench_faces_start import _opened
from tests.swap.faces_made import drawn_bank
from tests.swap.test_train import CPU, SMALL, plan


def usual(folder: Path, **changes: object) -> Trainer:
    return Trainer(drawn_bank("source"), drawn_bank("actor"), SMALL, plan(**changes), folder, CPU)


def test_a_training_from_nothing_knows_nothing_and_learns_all_the_same(tmp_path: Path) -> None:
    """A grey that no performance moves, and no reader; it is looked at before its first step, and goes on in turns."""
    made = usual(tmp_path / "usual", max_steps=30)
    known, plain = (_opened(made, tmp_path / str(has), has) for has in (True, False))
    plain.keeps_checkpoint = True
    at_first = known.run(should_stop=lambda: True), plain.run(should_stop=lambda: True)
    assert [found.step for found in at_first] == [0, 0]
    assert at_first[0].curve[-1].source_db > at_first[1].curve[-1].source_db + 5
    assert plain.config.readings == 0 and plain.snapshot().reader is None
    before = at_first[1].curve[-1].source_db
    middle = plain.run(should_stop=lambda: plain.state is not None and plain.state.step >= 15)
    last = plain.run()
    assert (middle.step, last.step) == (15, 30)
    assert last.curve[-1].source_db > before + 1
    assert len(last.curve) == 3  # one look a turn, and none that training itself takes


def test_where_a_face_ends_is_known_before_the_first_step(tmp_path: Path) -> None:
    """A mask that begins with nothing laid nothing in after a short training, and every frame was called sure."""
    known = usual(tmp_path, max_steps=30).run(should_stop=lambda: True)
    bank = drawn_bank("source").shrunk(SMALL.size_px)
    painter = Painter(known.network, CPU)
    shown = bank.crops.permute(0, 2, 3, 1).numpy()
    found = torch.from_numpy(painter.paint(shown, bank.mouths.numpy()).masks) > 0.5
    right = torch.nn.functional.interpolate(bank.masks[:, None] / 255, size=found.shape[-2:])[:, 0] > 0.5
    assert known.step == 0
    assert float((found & right).sum() / (found | right).sum()) > 0.85


def test_an_unknown_person_is_grey(tmp_path: Path) -> None:
    known = unknown_person(drawn_bank("source"), replace(SMALL, readings=0))
    painted = known.basis(known.scores[:2] + 3)
    assert painted.shape[-1] == 64 and torch.equal(painted, torch.full_like(painted, 0.5))
    assert float(known.shape(known.performances[:2] + 1).abs().max()) == 0


def test_a_step_of_twice_the_faces_is_twice_the_arithmetic(tmp_path: Path) -> None:
    found = []
    for batch in (2, 4):
        (tmp_path / str(batch)).mkdir()
        made = usual(tmp_path / str(batch), max_steps=1, batch=batch)
        made.run()
        found.append(step_flops(made))
    n_weights = sum(one.numel() for one in made.state.network.encoder.parameters())
    assert found[1] == pytest.approx(2 * found[0], rel=0.02)
    assert found[0] > 2 * 2 * 3 * n_weights  # two people, two faces, and three passes over every weight
