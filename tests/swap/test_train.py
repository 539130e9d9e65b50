"""Training: it learns, it obeys the mouth code, it survives being killed, it knows when to stop."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from av_models.domain.errors import ModelError
from av_models.swap.augment import hide_mouth, mouth_cover
from av_models.swap.checkpoint import NAME
from av_models.swap.faces import FaceBank
from av_models.swap.network import NetworkConfig
from av_models.swap.performance_map import PerformanceMap
from av_models.swap.train import Trainer, TrainPlan, TrainProgress, TrainResult
from av_models.swap.validation import held_out_db
from tests.swap.faces_made import drawn_bank

SMALL = NetworkConfig(
    size_px=32, detail=2, widths=(8, 12, 16, 16), code=24, grid=16, decoder_widths=(16, 12, 8), n_components=6
)
CPU = torch.device("cpu")


def plan(**changes: object) -> TrainPlan:
    return TrainPlan(
        **{
            "max_steps": 40,
            "batch": 4,
            "learning_rate": 2e-3,
            "evaluate_steps": 10**9,
            "checkpoint_s": 1e9,
            "preview_s": 1e9,
            "patience": 10**6,
            **changes,
        }
    )  # type: ignore[arg-type]


def trainer(folder: Path, source: FaceBank | None = None, **changes: object) -> Trainer:
    return Trainer(source or drawn_bank("source"), drawn_bank("actor"), SMALL, plan(**changes), folder, CPU)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> TrainResult:
    return trainer(tmp_path_factory.mktemp("train"), max_steps=150).run()


def test_held_out_faces_are_good_from_the_first_step_and_stay_so(
    trained: TrainResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Far better than the mean face, which is all that is known without the closed forms."""
    at_first = trainer(tmp_path / "fitted", max_steps=1).run().curve[-1]
    at_last = trained.curve[-1]
    monkeypatch.setattr(PerformanceMap, "fit", lambda self, features, outputs, weight=None: None)
    mean_face = trainer(tmp_path / "mean", max_steps=1).run().curve[-1]
    assert at_first.source_db > mean_face.source_db + 3 and at_first.actor_db > mean_face.actor_db + 3
    assert at_last.source_db > at_first.source_db - 0.3 and at_last.actor_db > at_first.actor_db - 0.3


def test_held_out_faces_get_better_where_nothing_is_known_at_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PerformanceMap, "fit", lambda self, features, outputs, weight=None: None)
    for name in ("short", "long"):
        (tmp_path / name).mkdir()
    at_first = trainer(tmp_path / "short", max_steps=1).run().curve[-1]
    at_last = trainer(tmp_path / "long", max_steps=150).run().curve[-1]
    assert at_last.source_db > at_first.source_db + 1 and at_last.actor_db > at_first.actor_db + 1


def test_a_snapshot_is_as_good_on_held_out_faces_as_what_training_measures(tmp_path: Path) -> None:
    """It paints at full size, and training looks at the network's own."""
    made = trainer(tmp_path, max_steps=4)
    result = made.run()
    found = held_out_db(made.snapshot(), made.held["source"], "source", made.cover, CPU)
    assert made.snapshot().bases["source"].mean.shape[-1] == 64
    assert found > result.curve[-1].source_db - 0.3


def opening_of(faces: torch.Tensor) -> float:
    """Dark pixels in the lower middle of painted faces (B,3,D,D)."""
    side = faces.shape[-1]
    region = faces[:, 0, int(0.6 * side) : int(0.82 * side), int(0.4 * side) : int(0.6 * side)]
    return float((region < 0.5).float().mean())


def test_the_mouth_code_is_obeyed(trained: TrainResult) -> None:
    bank = drawn_bank("actor").shrunk(SMALL.size_px)
    faces = hide_mouth(bank.crops[:8].float() / 255, mouth_cover(SMALL.size_px))
    with torch.no_grad():
        wide, shut = (trained.network(faces, torch.full((8, 8), v), "source")[0] for v in (1.5, -1.5))
    assert opening_of(wide) > opening_of(shut) + 0.1


def test_the_encoder_never_sees_the_mouth() -> None:
    bank = drawn_bank("source")
    shut, wide = bank.mouths[:, 0].argmin(), bank.mouths[:, 0].argmax()
    cover = mouth_cover(64)
    hidden = hide_mouth(bank.crops[torch.stack([shut, wide])].float() / 255, cover)
    middle = hidden[:, :, 40:51, 24:40]
    assert float((middle[0] - middle[1]).abs().max()) < 0.06


def test_a_swap_has_the_sources_colour(trained: TrainResult) -> None:
    bank = drawn_bank("actor").shrunk(SMALL.size_px)
    faces = hide_mouth(bank.crops[:8].float() / 255, mouth_cover(SMALL.size_px))
    with torch.no_grad():
        painted = trained.network(faces, bank.mouths[:8], "source")[0]
    cheek = painted[:, :, 36:40, 22:26].mean((0, 2, 3)) * 255
    assert np.linalg.norm(cheek.numpy() - (205, 160, 130)) < np.linalg.norm(cheek.numpy() - (150, 180, 205))


class Killed(BaseException):
    """Stands for the power going off: nothing may be saved on the way out."""


def killed_at(step: int):
    def report(progress: TrainProgress) -> None:
        if progress.step == step:
            raise Killed

    return report


def test_a_killed_run_resumes_to_the_bit(tmp_path: Path) -> None:
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
    whole = trainer(tmp_path / "whole", checkpoint_s=0.0).run()
    with pytest.raises(Killed):
        trainer(tmp_path / "killed", checkpoint_s=0.0).run(killed_at(23))
    steps: list[int] = []
    resumed = trainer(tmp_path / "killed", checkpoint_s=0.0).run(lambda progress: steps.append(progress.step))
    assert steps[0] == 24
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[name]), name


def test_ctrl_c_saves_the_very_step(tmp_path: Path) -> None:
    def stop(progress: TrainProgress) -> None:
        if progress.step == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trainer(tmp_path).run(stop)
    steps: list[int] = []
    trainer(tmp_path).run(lambda progress: steps.append(progress.step))
    assert steps[0] == 8


def test_other_faces_do_not_resume_from_a_strangers_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(Killed):
        trainer(tmp_path, checkpoint_s=0.0).run(killed_at(5))
    steps: list[int] = []
    trainer(tmp_path, source=drawn_bank("source", n=40)).run(lambda progress: steps.append(progress.step))
    assert steps[0] == 1


def test_a_damaged_checkpoint_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "training.pt").write_bytes(b"not a checkpoint")
    assert trainer(tmp_path, max_steps=3).run().step == 3


def test_it_stops_when_held_out_faces_gain_no_more(tmp_path: Path) -> None:
    result = trainer(tmp_path, max_steps=5000, evaluate_steps=1, patience=3, patience_steps=0, min_gain_db=50.0).run()
    assert result.stopped_by == "no more gain"
    assert result.step < 20


def test_a_busy_machine_is_no_reason_to_stop(tmp_path: Path) -> None:
    """Evaluations come by the clock: where a step takes long, five of them see no gain and mean nothing."""
    result = trainer(tmp_path, max_steps=12, evaluate_steps=1, patience=3, patience_steps=50, min_gain_db=50.0).run()
    assert (result.stopped_by, result.step) == ("budget", 12)


def test_faces_of_the_wrong_size_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="128 px, the network wants 64 px"):
        trainer(tmp_path, source=drawn_bank("source", size_px=128))


def test_held_out_frames_are_not_trained_on(tmp_path: Path) -> None:
    made = trainer(tmp_path)
    seen = {crop.numpy().tobytes() for crop in made.train["source"].crops}
    assert len(made.held["source"]) > 0
    assert not any(crop.numpy().tobytes() in seen for crop in made.held["source"].crops)


def test_frames_beside_held_out_ones_are_not_trained_on_either() -> None:
    """They would show what is on trial. In a clip with gaps it is the footage's frames that count."""
    for n, gap in ((48, 2), (450, 5)):
        bank = drawn_bank("source", n=n, size_px=16)
        assert bank.frames is not None
        bank.frames[n // 2 :] += 100
        train, held = bank.split()
        assert train.frames is not None and held.frames is not None
        assert int((train.frames[:, None] - held.frames[None]).abs().min()) == gap + 1
        assert n // 16 <= len(held) and len(train) >= 0.8 * n


def test_a_longer_budget_goes_on_where_the_shorter_one_ended(tmp_path: Path) -> None:
    short = trainer(tmp_path, max_steps=None, budget_s=0.5).run()
    steps: list[int] = []
    longer_s = short.train_s + 1.0  # however slow the machine is
    trainer(tmp_path, max_steps=None, budget_s=longer_s).run(lambda progress: steps.append(progress.step))
    assert steps[0] == short.step + 1


def test_a_checkpoint_of_other_bases_is_not_gone_on_from(tmp_path: Path) -> None:
    """Its decoders would ask for components that are no longer there."""
    trainer(tmp_path, max_steps=None, budget_s=0.5).run()
    path = tmp_path / NAME
    state = torch.load(path, weights_only=True)
    for name, value in state["parts"]["network"].items():
        if name == "bases.source.components":
            value.copy_(-value)
    torch.save(state, path)
    steps: list[int] = []
    again = trainer(tmp_path, max_steps=None, budget_s=0.5)
    result = again.run(lambda progress: steps.append(progress.step))
    assert steps[0] == 1
    assert any("other bases" in note for note in result.notes)
