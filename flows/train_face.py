"""A consented face becomes a model that can be laid into footage: leave first, then faces, training, a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow, unmapped
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field, model_validator

from av_models.domain.consent import Clearance, Purpose
from av_models.domain.errors import InputError
from av_models.domain.face import SwapModel, TrainingOptions
from av_models.domain.media import Footage
from av_models.io.output_folder import output_folder
from av_models.swap.presets import face_size, preset_of
from flows.choices import Choice, FaceChoice, FaceConsentChoice, FileName, PurposeChoice, TrainingChoice
from tasks.consent import check_faces_consent
from tasks.faces import gather_faces, start_tracking, track_faces
from tasks.footage import open_footage
from tasks.model_files import check_model_name, model_folder, note_model, write_model
from tasks.people import finder_facts, open_pick, require_pair
from tasks.progress import stopping_together
from tasks.stages import record_stages
from tasks.training import train_swapper
from tasks.training_material import MIN_FACES

__all__ = ["FaceTraining", "train_face"]

_THREADS = 2

record_stages(open_footage, check_faces_consent, track_faces, gather_faces, train_swapper, write_model)


class FaceTraining(Choice):
    """What the training of a face can be asked for."""

    source: FileName = Field(description="Video of the face that is to be seen.")
    actor: FileName = Field(description="Video of a performance that will carry it.")
    name: str = Field(default="", description="Of the model; the source's and the actor's names if empty.")
    training: TrainingChoice = Field(default_factory=TrainingChoice)
    face: FaceChoice = Field(default_factory=FaceChoice)
    consent: FaceConsentChoice = Field(default_factory=FaceConsentChoice)
    purpose: PurposeChoice = Field(default_factory=PurposeChoice)
    language: str = Field(default="en", description="In which the results will be spoken; the consents must allow it.")
    seed: int = Field(default=7, ge=0, lt=2**31, description="Of everything that draws lots.")

    @model_validator(mode="after")
    def _can_be_done(self) -> FaceTraining:
        if self.source == self.actor:
            raise InputError(
                f"source and actor are the same file ({self.source}).", "A swap needs two: a face, and a performance."
            )
        check_model_name(self.model_name)
        return self

    @property
    def model_name(self) -> str:
        return self.name or f"{Path(self.source).stem}-{Path(self.actor).stem}"[:64]

    @property
    def options(self) -> TrainingOptions:
        return self.training.options(preset_of(self.training.preset).plan.budget_s, self.seed)

    @property
    def cleared_for(self) -> Purpose:
        return Purpose(self.purpose.use, self.purpose.territory, self.language, self.purpose.date)


@flow(
    name="train-face",
    description="A consented face becomes a model that `flow run swap --model NAME` lays into footage.",
    flow_run_name="{run.model_name}",
    task_runner=ThreadPoolTaskRunner(max_workers=_THREADS),  # type: ignore[arg-type]
    persist_result=False,
)
def train_face(run: FaceTraining) -> dict[str, Any]:
    """Train a face, or go on where an interrupted run stopped; returns the model's folder and figures."""
    out = model_folder(run.model_name)
    with stopping_together():
        source, actor = open_footage(run.source), open_footage(run.actor)
        clearance = check_faces_consent(source, actor, run.cleared_for, run.consent.source, run.consent.actor)
        model = _trained(run, [source, actor], clearance)
        # Asked again: training takes long, and what was revoked meanwhile must not become a model.
        check_faces_consent(source, actor, run.cleared_for, *_both(clearance))
        with output_folder(out) as folder:
            write_model(model, folder)
        note_model(model, out)
    return _facts(run, model, clearance, out)


def _trained(run: FaceTraining, footages: list[Footage], clearance: Clearance) -> SwapModel:
    picks = [open_pick(run.face.source), open_pick(run.face.actor)]
    tracks = start_tracking(footages, run.face.backend, run.face.search_every, picks).result()
    require_pair(tracks[0], tracks[1], MIN_FACES)
    source, actor = gather_faces.map(tracks, unmapped(face_size(run.options)), _both(clearance)).result()
    return train_swapper(source, actor, run.options)


def _both(clearance: Clearance) -> list[str]:
    return [clearance.consent_id(role) for role in ("source", "actor")]


def _facts(run: FaceTraining, model: SwapModel, clearance: Clearance, out: Path) -> dict[str, Any]:
    return {
        "model": run.model_name,
        "folder": str(out),
        "preset": run.training.preset,
        "size_px": model.size_px,
        "steps": model.n_steps,
        "train_s": model.train_s,
        "heldout_psnr_db": model.heldout_psnr_db,
        "stopped_by": model.stopped_by,
        "notes": list(model.notes),
        "consent_ids": list(clearance.consent_ids),
        "faces_by": finder_facts(model.source.track.backend),
    }
