"""A training that several processes do together, as a machine with several accelerators does it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from av_models.domain.errors import ModelError, ResourceError
from av_models.domain.face import FaceSet, FaceTrack, TrainingOptions
from av_models.domain.media import Footage, MediaRef
from av_models.lips.mouth import mouth_scale
from av_models.swap.faces import FaceBank
from av_models.swap.plan import TrainProgress
from tasks import training_job, training_material
from tasks.training_job import TrainingJob, open_training, train_together
from tasks.training_material import load_bank, raw_mouths
from tasks.workspace import store
from tests.swap.faces_made import drawn_bank

NOTHING = MediaRef("0" * 64, ".jpg")


def faces_of(person: str, n: int = 30) -> FaceSet:
    return stored(person, drawn_bank(person, n=n, size_px=128))


def stored(person: str, bank: FaceBank) -> FaceSet:
    n = len(bank)
    arrays = {
        "crop": bank.crops.permute(0, 2, 3, 1).numpy(),
        "mask": bank.masks.numpy(),
        "landmarks": bank.landmarks.numpy(),
        "mouth": bank.mouths.numpy(),
        "frame": np.arange(n, dtype=np.int32),
    }
    footage = Footage(NOTHING, f"{person}.mp4", 128, 128, n, Fraction(25), Fraction(n, 25), False, 8, 0, None)
    track = FaceTrack(footage, NOTHING, NOTHING, (0.0,) * 128, n, 1, (), "dlib")
    return FaceSet(track, (store().put_arrays(**arrays),), n, 128, f"{person}-consent")


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrainingJob:
    monkeypatch.setenv("UNDERSTUDY_MEDIA", str(tmp_path / "media"))
    options = TrainingOptions(size_px=64, batch=2, max_steps=3)
    return TrainingJob(faces_of("source"), faces_of("actor"), options)


def test_two_processes_train_and_this_one_makes_the_model_of_it(job: TrainingJob) -> None:
    told: list[TrainProgress] = []
    sheets: list[np.ndarray] = []
    train_together(job, 2, told.append, sheets.append)
    assert [state.step for state in told] == [1, 2, 3] and told[-1].share == 1
    assert sheets and sheets[-1].shape[2] == 3
    more: list[TrainProgress] = []
    result = open_training(job, torch.device("cpu")).run(more.append)
    assert (result.step, more) == (3, [])
    assert not list(job.folder.glob("training.pt"))


def test_what_ends_the_processes_is_told(job: TrainingJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_job.sys, "executable", "/bin/false")
    with pytest.raises(ResourceError, match="2 processes that train together failed"):
        train_together(job, 2, lambda state: None, lambda sheet: None)


def test_a_loss_whose_weights_are_not_there_is_refused_only_if_asked_for(job: TrainingJob) -> None:
    from dataclasses import replace

    assert open_training(job, torch.device("cpu")).plan.perceptual == 0
    asked = replace(job, options=replace(job.options, perceptual=0.1))
    with pytest.raises(ModelError, match="vgg16-397923af"):
        open_training(asked, torch.device("cpu"))


def test_a_blink_in_a_long_clip_is_trained_on(job: TrainingJob, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its three frames among two hundred, of which forty are taken; landmarks say nothing of it."""
    bank = drawn_bank("source", n=200, size_px=128)
    bank.crops[100:103, :, 42:56, 30:98] = bank.crops[100:103, :, 60:61, 64:65]
    monkeypatch.setattr(training_material, "MAX_FACES", 40)
    for in_pairs in (False, True):
        chosen = load_bank(stored("source", bank), in_pairs).frames
        assert chosen is not None and len(chosen) <= 40
        assert {100, 101, 102} & {*chosen.tolist()}
        neighbours = int((chosen.diff() == 1).sum())
        assert neighbours >= 15 if in_pairs else neighbours < 15


def test_mouths_of_a_long_clip_are_normalised_as_they_are_asked_for_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those chosen open wider than is usual; a scale of their own would open every mouth too far."""
    faces = stored("source", drawn_bank("source", n=200, size_px=128))
    monkeypatch.setattr(training_material, "MAX_FACES", 40)
    bank, raw = load_bank(faces), raw_mouths(faces)
    assert bank.frames is not None
    wanted = mouth_scale(raw).normalise(raw[bank.frames.numpy()])
    assert np.allclose(bank.mouths.numpy(), wanted, atol=1e-5)


def test_a_short_clip_is_trained_on_as_it_is(job: TrainingJob) -> None:
    bank = load_bank(job.source)
    assert bank.frames is not None and bank.frames.tolist() == list(range(30))


def test_no_component_is_stored_that_the_faces_cannot_fill(job: TrainingJob) -> None:
    trainer = open_training(job, torch.device("cpu"))
    bases = [known.basis.components for known in trainer.likenesses.values()]
    assert all(float(components.flatten(1).norm(dim=1).min()) > 0 for components in bases)
    assert trainer.config.n_components == len(bases[0]) < 64
