"""The samples come with the answers to their swap, and nothing that trains may look at them."""

from __future__ import annotations

from pathlib import Path

import pytest

from av_models.domain.consent import Purpose
from av_models.domain.errors import ConsentError
from av_models.io.consent import clear_faces
from av_models.io.probe import probe_footage
from av_models.io.settings_file import read_settings
from av_models.io.store import Store
from tasks.bench_faces_clips import TRUTHS, exact_eyes, exact_lips, open_exams
from tasks.workspace import configs_dir, find_input, media_dir, samples_dir

ANSWERS = sorted((samples_dir() / TRUTHS).glob("*.mp4"))


def test_the_samples_are_measured_against_their_truth(workshop: Path) -> None:
    (exam,) = open_exams(samples_dir())
    assert exam.truth is not None and exam.truth.name == "truth_ab.mp4"
    assert exam.face_truth is not None and exam.face_truth.name == "truth_ab_face.mp4"
    eyes, lips = exact_eyes(exam.labels, exam.actor.n_frames), exact_lips(exam.labels, exam.actor.n_frames)
    assert eyes is not None and 0 < (eyes.blink > 0.5).sum() < exam.actor.n_frames / 4
    assert lips is not None and lips.min() >= 0 and lips.std() > 0.02


def test_no_consent_lets_anybody_train_on_an_answer(store: Store) -> None:
    """Neither as the face that is learnt nor as the performance, whatever the other clip is."""
    assert len(ANSWERS) == 2
    sample = samples_dir() / "source_a.mp4", samples_dir() / "actor_b.mp4"
    opened = {path: probe_footage(path, store) for path in (*ANSWERS, *sample)}
    pairs = [(answer, sample[1]) for answer in ANSWERS] + [(sample[0], answer) for answer in ANSWERS]
    for source, actor in pairs:
        with pytest.raises(ConsentError):
            clear_faces(
                configs_dir(), media_dir(), opened[source], opened[actor], Purpose("internal", "worldwide", "en")
            )
    clear_faces(configs_dir(), media_dir(), *(opened[path] for path in sample), Purpose("internal", "worldwide", "en"))


def test_no_default_of_the_product_names_an_answer() -> None:
    settings = read_settings(configs_dir() / "produce.yaml")
    for name in (settings["source"], settings["actor"]):
        path = find_input(name)
        assert path is not None and path.parent == samples_dir()
    for answer in ANSWERS:
        assert find_input(answer.name) is None  # nor can it be named by mistake
