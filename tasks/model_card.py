"""The finished model: measured, described, and kept in the store."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from av_models.domain.face import SwapModel
from av_models.domain.media import MediaRef
from tasks.artifacts import show_picture
from tasks.people import finder_facts
from tasks.training_job import TrainingJob
from tasks.training_material import raw_mouths
from tasks.workspace import store

if TYPE_CHECKING:
    from av_models.swap.train import Trainer, TrainResult

__all__ = ["stored_model"]


def stored_model(trainer: Trainer, result: TrainResult, job: TrainingJob) -> SwapModel:
    from av_models.io.preview import encode_jpeg
    from av_models.io.training_curve import curve_png

    weights = store().put_bytes(_weights(trainer, result, job), ".safetensors")
    picture = curve_png([asdict(point) for point in result.curve], _headline(job, result))
    show_picture("model-curve", picture, _headline(job, result))
    return SwapModel(
        weights=weights,
        card=store().put_json(_card(trainer, result, weights, job)),
        preview=store().put_bytes(encode_jpeg(trainer.preview(result.network)), ".jpg"),
        source=job.source,
        actor=job.actor,
        size_px=trainer.config.size_px,
        n_steps=result.step,
        train_s=round(result.train_s, 1),
        heldout_psnr_db=round(result.curve[-1].source_db, 2),
        stopped_by=result.stopped_by,
        curve=store().put_bytes(picture, ".png"),
        notes=tuple(result.notes),
    )


def _weights(trainer: Trainer, result: TrainResult, job: TrainingJob) -> bytes:
    """Everything that laying in needs, in one file."""
    from av_models.face.warp import mean_template
    from av_models.swap.finish import measure_finish
    from av_models.swap.render import Painter
    from av_models.swap.weights import Origin, save_weights

    arrays = store().arrays(job.source.track.data)
    template = mean_template(arrays["landmarks"][arrays["usable"]])
    painter = Painter(result.network, trainer.device)
    finish = measure_finish(painter, trainer.full["source"], trainer.full["actor"], template)
    return save_weights(result.network, finish, Origin(_origin(job), raw_mouths(job.source)))


def _origin(job: TrainingJob) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for name, faces in (("source", job.source), ("actor", job.actor)):
        footage = faces.track.footage
        facts |= {f"{name}_name": footage.name, f"{name}_digest": footage.media.digest}
        facts[f"{name}_consent"] = faces.consent_id
    return facts | {"identity": list(job.source.track.identity), "backend": job.source.track.backend}


def _headline(job: TrainingJob, result: TrainResult) -> str:
    faces = job.source.track.footage.name, job.actor.track.footage.name
    return f"{faces[0]} for {faces[1]}, {job.options.preset}, stopped by: {result.stopped_by}"


def _card(trainer: Trainer, result: TrainResult, weights: MediaRef, job: TrainingJob) -> dict[str, Any]:
    from av_models.swap.network import n_trained

    return {
        "kind": "face swap, one encoder and a mouth code, "
        + ("a decoder per person (DF)" if job.options.architecture == "df" else "a shared decoder (LIAE)"),
        "preset": job.options.preset,
        "weights_sha256": weights.digest,
        "network": json.loads(json.dumps(trainer.config.as_dict())),
        "plan": asdict(trainer.plan),
        "parameters": n_trained(result.network),
        "steps": result.step,
        "train_s": round(result.train_s, 1),
        "stopped_by": result.stopped_by,
        "notes": result.notes,
        "device": str(trainer.device),
        "curve": [asdict(point) for point in result.curve],
        "data": {
            name: {"footage": faces.track.footage.name, "faces": faces.n_faces, "consent": faces.consent_id}
            for name, faces in (("source", job.source), ("actor", job.actor))
        },
        "faces_by": finder_facts(job.source.track.backend),
        "licence": "as the consent records of the people shown permit; the weights hold the source's face",
    }
