"""Who of several people in one clip gave which performance: told, or clear from the records, never guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from av_models.domain.consent import Clearance
from av_models.domain.errors import ConsentError
from av_models.domain.face import TrainedFace
from av_models.domain.media import MediaRef
from av_models.io.consent import revoke_record
from av_models.io.consent_records import file_digest
from av_models.io.consent_swap import clear_swap
from tests.consent.records import PURPOSE, TODAY, Desk, footage_of, make_desk


class Stage:
    """One clip, two models whose weights the source's records name."""

    def __init__(self, folder: Path) -> None:
        self.desk: Desk = make_desk(folder)
        self.clip, self.lesson = folder / "clip.mp4", folder / "lesson.mp4"
        self.clip.write_bytes(b"two people")
        self.lesson.write_bytes(b"who taught the models")
        self.desk.issue("lesson", ["performance"], [self.lesson])
        self.models = {str(number): self._model(folder, name) for number, name in ((1, "anna"), (2, "ben"))}

    def _model(self, folder: Path, name: str) -> TrainedFace:
        weights = folder / f"{name}.safetensors"
        weights.write_bytes(name.encode())
        self.desk.issue(name, ["face"], [weights])
        refs = MediaRef(file_digest(weights), weights.suffix), MediaRef("0" * 64, ".npz")
        taught_by = (self.lesson.name, file_digest(self.lesson), "lesson")
        return TrainedFace(name, *refs, f"{name}.mp4", "1" * 64, name, *taught_by, (), "dlib", 128)

    def performed(self, name: str, **changes: str) -> None:
        self.desk.issue(name, ["performance"], [self.clip], **changes)

    def clear(self, n_models: int = 2, **consents: str) -> Clearance:
        models = dict(list(self.models.items())[:n_models])
        given = {person[1:]: name for person, name in consents.items()}
        desk = self.desk
        return clear_swap(desk.configs_dir, desk.media_dir, models, footage_of(self.clip), given, PURPOSE, TODAY)

    def refused(self, n_models: int = 2, **consents: str) -> str:
        with pytest.raises(ConsentError) as caught:
            self.clear(n_models, **consents)
        return caught.value.rule


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_two_people_and_their_two_records(stage: Stage) -> None:
    stage.performed("left")
    assert stage.refused() == "missing"
    stage.performed("right")
    assert {"left", "right"} <= set(stage.clear().consent_ids)
    assert stage.clear(p1="right").consent_id("actor 2") == "left"
    assert stage.refused(p1="left", p2="left") == "missing", "one record speaks for one person"


def test_two_records_of_one_person_do_not_speak_for_two(stage: Stage) -> None:
    stage.performed("older", subject="Lea", valid_until="2026-12-01")
    stage.performed("newer", subject="Lea")
    assert stage.refused() == "missing"
    stage.performed("right")
    assert {"newer", "right"} <= set(stage.clear().consent_ids)


def test_a_revoked_record_does_not_hide_one_that_holds(stage: Stage) -> None:
    stage.performed("left")
    stage.performed("longest", subject="Lea")
    stage.performed("renewed", subject="Lea", valid_until="2027-01-01")
    revoke_record(stage.desk.configs_dir, stage.desk.media_dir, "longest", "another agreement")
    assert {"left", "renewed"} <= set(stage.clear().consent_ids)


def test_who_has_a_damaged_record_is_not_taken_for_another(stage: Stage) -> None:
    for name in ("left", "middle", "right"):
        stage.performed(name)
    (stage.desk.configs_dir / "consent" / "evidence" / "right.txt").write_text("I do not consent.\n")
    assert stage.refused() == stage.refused(p1="left") == "ambiguous"
    assert stage.refused(p1="left", p2="right") == "evidence"
    assert {"left", "middle"} <= set(stage.clear(p1="left", p2="middle").consent_ids)


def test_a_damaged_record_of_the_models_is_not_replaced_by_anothers(stage: Stage) -> None:
    stage.performed("left")
    stage.desk.issue("another", ["performance"], [stage.lesson])
    evidence = stage.desk.configs_dir / "consent" / "evidence" / "lesson.txt"
    evidence.write_text("I do not consent.\n")
    assert stage.refused(1) == "evidence"


def test_of_three_people_it_is_said_who_is_meant(stage: Stage) -> None:
    for name in ("left", "middle", "right"):
        stage.performed(name)
    assert stage.refused() == stage.refused(p1="left") == stage.refused(n_models=1) == "ambiguous"
    found = stage.clear(p1="left", p2="right")
    assert (found.consent_id("actor"), found.consent_id("actor 2")) == ("left", "right")


def test_who_took_it_back_is_not_shown_under_anothers_record(stage: Stage) -> None:
    stage.performed("left")
    stage.performed("right")
    revoke_record(stage.desk.configs_dir, stage.desk.media_dir, "right", "changed my mind")
    assert stage.refused() == "revoked"
    assert stage.refused(n_models=1) == "ambiguous"
    assert stage.clear(1, p1="left").consent_id("actor") == "left"
