"""A face trained on its own, and laid into footage that training never saw."""

from __future__ import annotations

import hashlib
import json
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from media_made import SAMPLES
from short_studio import Studio, open_studio

from av_models.domain.errors import ConsentError, InputError, ModelError
from av_models.io.consent import revoke_record
from av_models.io.consent_ledgers import outputs_under
from av_models.io.video import read_pictures
from flows.settings import from_settings
from flows.swap import Swapping, swap
from flows.swap_cli import models_by_person
from flows.train_face import FaceTraining, train_face
from tasks.model_files import model_folder

sys.path.append(str(Path(__file__).parents[1] / "provenance"))

from marked_files import encode, voice

N_FRAMES = 20


@dataclass(frozen=True)
class Trained:
    studio: Studio
    other: Path
    made: dict[str, Any]

    def ask(self, *settings: str, **given: Any) -> Swapping:
        names = {"video": str(self.other), "models": {"": "anna"}, "profile": "draft"}
        return from_settings(Swapping, names | {"out": str(self.studio.out)} | given, settings)


@pytest.fixture(scope="module")
def trained(prefect_api: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    from prefect.settings import PREFECT_RESULTS_LOCAL_STORAGE_PATH, temporary_settings

    studio = open_studio(tmp_path_factory.mktemp("studio"))
    pictures = [one.rgb for one in read_pictures(SAMPLES / "actor_b.mp4", range(60, 60 + N_FRAMES))]
    other = encode(studio.source.with_name("other.mp4"), pictures, voice(N_FRAMES / 25))
    studio.desk.issue("other-actor", ["performance"], [other])
    results = studio.desk.media_dir / "results"
    with pytest.MonkeyPatch.context() as patch, temporary_settings({PREFECT_RESULTS_LOCAL_STORAGE_PATH: results}):
        patch.setenv("UNDERSTUDY_MEDIA", str(studio.desk.media_dir))
        patch.setenv("UNDERSTUDY_CONFIGS", str(studio.desk.configs_dir))
        asked = {"source": str(studio.source), "actor": str(studio.actor), "name": "anna"}
        run = from_settings(FaceTraining, asked | {"training": {"max_steps": 2, "size_px": 64, "batch": 2}})
        yield Trained(studio, other, train_face(run))


def test_a_trained_face_is_a_folder_of_its_own(trained: Trained) -> None:
    folder = model_folder("anna")
    assert {path.name for path in folder.iterdir()} == {"model.safetensors", "card.json", "preview.jpg", "curve.png"}
    card = json.loads((folder / "card.json").read_text())
    assert card["steps"] == trained.made["steps"] == 2 and card["preset"] == "draft"
    assert card["data"]["source"]["consent"] == "test-source"
    assert card["faces_by"] == trained.made["faces_by"] and "300-W" in card["faces_by"]["licence"]
    assert (folder / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_it_is_laid_into_footage_that_training_never_saw(trained: Trained) -> None:
    import numpy as np

    from tasks.marks import verdict_of

    report = swap(trained.ask())
    assert (report["frames"], report["swapped"]) == (N_FRAMES, N_FRAMES)
    assert report["faces_by"]["backend"] == "dlib" and "300-W" in report["faces_by"]["licence"]
    rows = (trained.studio.out / report["figures"]).read_text().splitlines()
    assert len(rows) == 1 + N_FRAMES and rows[0].startswith("frame,timecode,person,face,confidence,reasons,yaw_deg")
    assert set(report["consent_ids"]) == {"test-source", "test-actor", "other-actor"}
    master = trained.studio.out / "master.mp4"
    desk = trained.studio.desk
    verdict = verdict_of(master, desk.configs_dir, desk.media_dir)
    assert verdict.provenance.actions[:2] == ("c2pa.opened", "c2pa.edited") and not verdict.altered
    assert verdict.label_found and set(verdict.consent_ids) == set(report["consent_ids"])
    before, after = (next(iter(read_pictures(path, [10]))).rgb.astype(int) for path in (trained.other, master))
    assert np.abs(before - after)[150:350, 150:350].max() > 20


def test_files_for_a_compositor_say_what_they_are_and_are_in_the_log(trained: Trained) -> None:
    """They show somebody's face as much as the master does: who takes the consent back has to find them."""
    swap(trained.ask("swap.handover=png"))
    made = outputs_under(trained.studio.desk.media_dir, "test-source")
    (patches,) = (one for one in made if one.what == "patches")
    data = Path(patches.place).read_bytes()
    assert hashlib.sha256(data).hexdigest() == patches.digest
    with zipfile.ZipFile(patches.place) as files:
        assert "AI-generated" in json.loads(files.read("frames-000000.json"))["made_by"]


def test_the_performers_leave_is_asked_for(trained: Trained) -> None:
    strange = trained.other.with_name("strange.mp4")
    strange.write_bytes(trained.other.read_bytes() + b"\0")
    with pytest.raises(ConsentError) as refused:
        swap(trained.ask(video=str(strange)))
    assert refused.value.rule == "missing"


def test_weights_that_nobody_here_made_speak_for_nobody(trained: Trained, tmp_path: Path) -> None:
    from safetensors import safe_open
    from safetensors.torch import load_file, save_file

    own = model_folder("anna") / "model.safetensors"
    with safe_open(own, "pt") as file:
        facts = file.metadata()
    state = load_file(own)
    state["source.mouths"][0, 0] += 1
    save_file(state, tmp_path / "model.safetensors", facts)
    with pytest.raises(ConsentError) as refused:
        swap(trained.ask(models={"": str(tmp_path)}))
    assert refused.value.rule == "media"


def test_damaged_and_absent_models_say_what_to_do(trained: Trained, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes((model_folder("anna") / "model.safetensors").read_bytes()[:5000])
    with pytest.raises(ModelError, match="Train it again"):
        swap(trained.ask(models={"": str(tmp_path)}))
    with pytest.raises(InputError, match="known: anna"):
        swap(trained.ask(models={"": "bob"}))


def test_two_people_need_a_record_each(trained: Trained) -> None:
    with pytest.raises(ConsentError, match="2 people in it get another face, and 1 have"):
        swap(trained.ask(models={"1": "anna", "2": "anna"}))


def test_a_revoked_source_is_shown_no_more(trained: Trained) -> None:
    """Last of all: it stays revoked."""
    desk = trained.studio.desk
    revoke_record(desk.configs_dir, desk.media_dir, "test-source", "changed my mind")
    with pytest.raises(ConsentError) as refused:
        swap(trained.ask())
    assert refused.value.rule == "revoked"


def test_who_gets_which_face() -> None:
    assert models_by_person("anna", ()) == {"": "anna"}
    assert models_by_person("", ("1=anna", "2=/x/ben")) == {"1": "anna", "2": "/x/ben"}
    for wrong in (("", ()), ("anna", ("1=ben",)), ("", ("anna",))):
        with pytest.raises(InputError):
            models_by_person(*wrong)
