"""Each option of training does what its name says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from av_models.domain.errors import InputError, ModelError
from av_models.domain.face import TrainingOptions
from av_models.runtime import compiling
from av_models.swap.batches import Batch, Draw, FaceSampler, pose_rarity, successors_of
from av_models.swap.discriminator import PatchDiscriminator, judged_as
from av_models.swap.faces import FaceBank
from av_models.swap.liae import LiaeNetwork
from av_models.swap.light_transfer import in_light_of, lab_to_rgb, light_of, rgb_to_lab
from av_models.swap.objective import change_loss, fooling_loss, judge_loss
from av_models.swap.perceptual import load_perceptual
from av_models.swap.performance_map import PerformanceMap
from av_models.swap.plan import TrainPlan
from av_models.swap.presets import PRESETS, face_size, network_of, plan_of
from av_models.swap.train import Trainer
from tests.swap.faces_made import drawn_bank
from tests.swap.runs_made import CPU, SMALL, small_plan, small_trainer


def batch_of(bank: FaceBank, n_pairs: int = 0) -> Batch:
    target = bank.crops.float() / 255
    mask = bank.masks[:, None].float() / 255
    return Batch(target, target, target, mask, mask + 0.05, bank.mouths, n_pairs)


def sampler(bank: FaceBank, **changes: object) -> FaceSampler:
    return FaceSampler(bank, small_plan(**changes), torch.zeros(1, 1, 64, 64), CPU)


# neighbouring frames


def test_pairs_are_neighbours_in_the_footage() -> None:
    bank = drawn_bank("source", n=8)
    assert bank.frames is not None
    bank.frames[4:] += 10
    assert successors_of(bank).tolist() == [1, 2, 3, -1, 5, 6, 7, -1]
    seen = sampler(bank, temporal=1.0).draw(Draw(7, 3, "source", 0), 4)
    assert seen.n_pairs == 1
    rows = [int((bank.crops.float() / 255 - face).abs().flatten(1).sum(1).argmin()) for face in seen.target[:2]]
    assert rows[1] == rows[0] + 1 and rows[0] != 3


def test_flicker_costs_and_the_true_change_does_not() -> None:
    batch = batch_of(drawn_bank("source", n=4), n_pairs=2)
    brighter = batch.target + 0.1  # the same error in both frames is no flicker
    flickering = batch.target + torch.tensor([0.1, -0.1, 0.1, -0.1])[:, None, None, None]
    assert float(change_loss(brighter, batch)) == pytest.approx(0, abs=1e-6)
    assert float(change_loss(flickering, batch)) == pytest.approx(0.2, abs=1e-6)


# light and poses


def test_lab_comes_back_as_the_same_colours() -> None:
    colours = torch.rand(2, 3, 8, 8)
    assert torch.allclose(lab_to_rgb(rgb_to_lab(colours)), colours, atol=2e-3)
    white = rgb_to_lab(torch.ones(1, 3, 1, 1)).flatten()
    assert torch.allclose(white, torch.tensor([100.0, 0, 0]), atol=0.1)


def test_a_face_takes_on_the_light_of_another() -> None:
    (source, masks), (actor, _) = (
        (batch_of(drawn_bank(name, n=4)).target, batch_of(drawn_bank(name, n=4)).mask) for name in ("source", "actor")
    )
    own, other = light_of(source, masks), light_of(actor, masks)
    moved = in_light_of(source, own, other, torch.tensor([1.0, 1, 1, 0]))
    found = light_of(moved, masks)
    assert float((found[:3, 0] - other[:3, 0]).abs().max()) < 1.5 < float((own[:, 0] - other[:, 0]).abs().max())
    assert torch.allclose(moved[3], source[3])


def test_a_rare_turn_of_the_head_is_drawn_more_often() -> None:
    bank = drawn_bank("source", n=20)
    bank.landmarks[3, 30] += torch.tensor([8.0, 0.0])
    rarity = pose_rarity(bank)
    assert float(rarity[3]) > 3 * float(rarity[4])


# the judge


def test_the_judge_learns_to_tell_smooth_skin_from_filmed() -> None:
    torch.manual_seed(0)
    judge, batch = PatchDiscriminator((8, 8, 8)), batch_of(drawn_bank("source", n=2, size_px=32))
    painted = torch.nn.functional.avg_pool2d(batch.target, 5, stride=1, padding=2)
    optimiser = torch.optim.Adam(judge.parameters(), 4e-3)
    before = float(judge_loss(judge, batch, painted).detach())
    for _ in range(40):
        optimiser.zero_grad()
        judge_loss(judge, batch, painted).backward()
        optimiser.step()
    assert float(judge_loss(judge, batch, painted).detach()) < 0.8 * before
    assert judged_as(judge(batch.target), 1.0) < judged_as(judge(painted), 1.0)


def test_the_judge_does_not_learn_to_be_fooled() -> None:
    judge, batch = PatchDiscriminator(), batch_of(drawn_bank("source", n=2))
    painted = (batch.target * 0.5).requires_grad_()
    fooling_loss(judge, batch, painted).backward()
    assert painted.grad is not None and float(painted.grad.abs().sum()) > 0
    assert all(value.grad is None for value in judge.parameters())


def test_the_judge_starts_late_and_judges_the_source_only(tmp_path: Path) -> None:
    told: list[dict[str, float]] = []
    settings = {"max_steps": 6, "adversarial": 0.1, "adversarial_from": 0.5}
    small_trainer(tmp_path, **settings).run(lambda state: told.append(state.losses))
    assert ["adversarial" in losses for losses in told] == [False] * 3 + [True] * 3


# features of a network that is not ours


@pytest.fixture
def features(tmp_path: Path) -> Path:
    """Four convolutions in two blocks, named as torchvision names those of VGG."""
    torch.manual_seed(0)
    sizes = {0: (4, 3), 2: (4, 4), 5: (8, 4), 7: (8, 8)}
    state = {f"features.{n}.weight": torch.randn(out, into, 3, 3) * 0.2 for n, (out, into) in sizes.items()}
    state |= {f"features.{n}.bias": torch.zeros(out) for n, (out, _) in sizes.items()}
    save_file(state, tmp_path / "net.safetensors")
    return tmp_path / "net.safetensors"


def test_the_perceptual_loss_sees_what_is_missing(features: Path, tmp_path: Path) -> None:
    loss = load_perceptual(features)
    assert loss.pooled == {2}
    batch = batch_of(drawn_bank("source", n=2))
    blurred = torch.nn.functional.avg_pool2d(batch.target, 5, stride=1, padding=2)
    same, off = (float(loss(faces, batch.target, batch.mask)) for faces in (batch.target, blurred))
    assert same == pytest.approx(0, abs=1e-6) and off > 0.01
    plan = small_plan(max_steps=2, perceptual=0.5)
    trainer = Trainer(
        drawn_bank("source"), drawn_bank("actor"), SMALL, plan, tmp_path, CPU, perceptual=load_perceptual(features)
    )
    told: list[dict[str, float]] = []
    trainer.run(lambda state: told.append(state.losses))
    assert told[0]["perceptual"] > 0


def test_weights_that_are_not_there_or_are_something_else_are_named(features: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"weights\.lock\.yaml"):
        load_perceptual(tmp_path / "absent.pth")
    features.write_bytes(features.read_bytes()[:100])
    with pytest.raises(ModelError, match="fetch it again"):
        load_perceptual(features)
    save_file({"layers.weight": torch.zeros(3)}, features)
    with pytest.raises(ModelError, match="holds no VGG features"):
        load_perceptual(features)
    with pytest.raises(ModelError, match="no network"):
        small_trainer(tmp_path, perceptual=0.5)


def test_parts_that_do_not_divide_the_batch_are_refused() -> None:
    with pytest.raises(InputError, match="divides the batch"):
        TrainPlan(batch=8, accumulate=3)
    with pytest.raises(InputError, match="two faces"):
        TrainPlan(batch=1, temporal=0.5)


# compiling


@pytest.mark.parametrize(("wanted", "there", "does"), [(None, True, False), (True, True, True), (True, False, False)])
def test_nothing_is_compiled_without_a_compiler(monkeypatch, wanted, there, does) -> None:
    monkeypatch.setattr(compiling.shutil, "which", lambda name: "/usr/bin/g++" if there else None)
    assert compiling.compiles(CPU, wanted) is does


def test_a_compiler_that_fails_costs_nothing_but_its_try(monkeypatch) -> None:
    from torch._dynamo.exc import TorchDynamoException

    tries = []

    def no_compiler(function):
        def fast(x):
            tries.append(x)
            raise TorchDynamoException("no ptxas")

        return fast

    monkeypatch.setattr(torch, "compile", no_compiler)
    double = compiling.compiled(lambda x: 2 * x)
    assert (double(2), double(3), tries) == (4, 6, [2])


# presets, time


def test_presets_and_free_sizes() -> None:
    draft, standard = TrainingOptions(), TrainingOptions(preset="standard", size_px=0, batch=0, budget_s=0)
    assert (face_size(draft), face_size(standard), face_size(replace(draft, size_px=96))) == (256, 256, 192)
    assert network_of(standard).size_px == 256 and network_of(standard).widths > network_of(draft).widths
    assert plan_of(standard).temporal > 0 and plan_of(standard).budget_s == 3600 and plan_of(standard).batch == 16
    assert plan_of(replace(standard, temporal=0.0)).temporal == 0
    assert plan_of(standard).perceptual == 0 < plan_of(standard, has_perceptual=True).perceptual
    assert plan_of(replace(draft, perceptual=0.2)).perceptual == 0.2
    assert list(PRESETS) == ["draft", "standard", "fine"]
    with pytest.raises(InputError, match="draft, standard, fine"):
        plan_of(replace(draft, preset="best"))


def test_a_slow_machine_gets_up_to_twice_the_time_for_its_least_steps() -> None:
    plan = TrainPlan(budget_s=100, least_steps=130)
    assert plan.share(step=400, train_s=100) == 1 and plan.share(step=65, train_s=100) == 0.5
    assert plan.share(step=130, train_s=150) == 1 and plan.share(step=20, train_s=200) == 1
    assert plan.is_extended(150) and not plan.is_extended(101)
    assert not TrainPlan(budget_s=100).is_extended(150)


def test_the_extension_is_told(tmp_path: Path) -> None:
    result = small_trainer(tmp_path, max_steps=None, budget_s=0.02, least_steps=10**6).run()
    assert "The time was extended" in result.notes[-1] and result.train_s >= 0.04


# the shared decoder


def test_liae_shares_its_decoder_and_learns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Without what is known at first, which leaves drawn faces nothing to learn.
    monkeypatch.setattr(PerformanceMap, "fit", lambda self, features, outputs, weight=None: None)
    banks = drawn_bank("source"), drawn_bank("actor")
    trainer = Trainer(*banks, replace(SMALL, architecture="liae"), small_plan(max_steps=90), tmp_path, CPU)
    losses: list[float] = []
    network = trainer.run(lambda state: losses.append(state.losses["face"])).network
    assert isinstance(network, LiaeNetwork)
    assert network.decoder("source").heads is network.decoder("actor").heads
    assert sum(losses[-10:]) < 0.8 * sum(losses[:10])
    bank = banks[1].shrunk(SMALL.size_px)
    joint, grid = network.code(bank.crops[:2].float() / 255, bank.mouths[:2])
    shared, own = grid.chunk(2, 1)
    swapped = network.paint("source", joint, torch.cat([shared, own * 0], 1))[0]
    assert torch.allclose(swapped, network.paint("source", joint, grid)[0])
    assert not torch.allclose(
        network.paint("actor", joint, torch.cat([shared, own * 0], 1))[0], network.paint("actor", joint, grid)[0]
    )
