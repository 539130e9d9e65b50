"""Training of the swap model as a stage: material from the store, a folder that survives interruption, a model to the
store."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from av_models.domain.errors import MediaError
from av_models.domain.face import FaceSet, SwapModel, TrainingOptions
from av_models.domain.media import MediaRef
from tasks.artifacts import inline_picture, show_markdown
from tasks.caching import stage
from tasks.progress import Progress
from tasks.workspace import store

if TYPE_CHECKING:
    from av_models.swap.faces import FaceBank
    from av_models.swap.train import Trainer, TrainPlan, TrainProgress, TrainResult

MIN_FACES = 24
MAX_FACES = 450
"""More than this many frames of one clip teach no more; they are thinned evenly, so that memory stays bounded."""


@stage("5")
def train_swapper(source: FaceSet, actor: FaceSet, options: TrainingOptions) -> SwapModel:
    """Train on both people's faces, or go on where an interrupted run stopped. Returns the model with its card."""
    from av_models.io.disk import disk_errors
    from av_models.runtime.device import best_device
    from av_models.swap.network import NetworkConfig
    from av_models.swap.train import Trainer

    banks = {"source": load_bank(source), "actor": load_bank(actor)}
    folder = store().workdir("train-" + _key(source, actor, options))
    config = NetworkConfig(size_px=options.size_px)
    trainer = Trainer(banks["source"], banks["actor"], config, _plan(options), folder, best_device())
    with disk_errors(folder / "training.pt"), Progress("train_swapper", 1000, "‰ of the budget") as progress:
        result = trainer.run(partial(_report, progress), _preview)
    return _stored(trainer, result, banks, source, actor)


def load_bank(faces: FaceSet) -> FaceBank:
    """The crops of one person in memory, mouths normalised to the person's own range; at most MAX_FACES of them."""
    from av_models.lips.mouth import mouth_scale
    from av_models.swap.faces import FaceBank

    if faces.n_faces < MIN_FACES:
        raise MediaError(
            faces.track.footage.name,
            f"it has only {faces.n_faces} usable faces; training needs {MIN_FACES}",
            "Use a longer clip in which the face looks towards the camera.",
        )
    chosen = np.unique(np.linspace(0, faces.n_faces - 1, min(faces.n_faces, MAX_FACES)).round().astype(int))
    parts: dict[str, list[np.ndarray]] = {name: [] for name in ("crop", "mask", "landmarks", "mouth")}
    first = 0
    for shard in faces.shards:
        arrays = store().arrays(shard)
        rows = chosen[(chosen >= first) & (chosen < first + len(arrays["frame"]))] - first
        first += len(arrays["frame"])
        for name, values in parts.items():
            values.append(arrays[name][rows])
    joined = {name: np.concatenate(parts.pop(name)) for name in tuple(parts)}
    joined["mouth"] = mouth_scale(joined["mouth"]).normalise(joined["mouth"])
    return FaceBank.from_arrays(joined["crop"], joined["mask"], joined["landmarks"], joined["mouth"])


def _plan(options: TrainingOptions) -> TrainPlan:
    from av_models.swap.train import TrainPlan

    return TrainPlan(
        budget_s=options.budget_s, max_steps=options.max_steps or None, batch=options.batch, seed=options.seed
    )


def _key(source: FaceSet, actor: FaceSet, options: TrainingOptions) -> str:
    import hashlib

    budget = (
        options.max_steps or "time"
    )  # a longer time goes on where a shorter one ended; counted steps are repeatable
    text = repr(([ref.digest for ref in (*source.shards, *actor.shards)], options.size_px, options.batch, budget))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _report(progress: Progress, state: TrainProgress) -> None:
    quality = f", held-out {state.latest.source_db:.1f} dB" if state.latest else ""
    progress.reach(round(1000 * state.share), f"step {state.step}{quality}")


def _preview(sheet: np.ndarray) -> None:
    rows = "Held-out faces, from the top: source, repainted; actor, repainted, with the source's face"
    show_markdown("model-preview", inline_picture(sheet, rows), rows)


def _stored(
    trainer: Trainer, result: TrainResult, banks: dict[str, FaceBank], source: FaceSet, actor: FaceSet
) -> SwapModel:
    from av_models.face.warp import mean_template
    from av_models.io.preview import encode_jpeg
    from av_models.swap.finish import measure_finish
    from av_models.swap.render import Painter
    from av_models.swap.weights import save_weights

    sheet = trainer.preview(result.network)
    painter = Painter(result.network, trainer.device)
    arrays = store().arrays(source.track.data)
    template = mean_template(arrays["landmarks"][arrays["usable"]])
    finish = measure_finish(painter, banks["source"], banks["actor"], template)
    weights = store().put_bytes(save_weights(result.network, finish), ".safetensors")
    return SwapModel(
        weights=weights,
        card=store().put_json(_card(trainer, result, weights, source, actor)),
        preview=store().put_bytes(encode_jpeg(sheet), ".jpg"),
        source=source,
        actor=actor,
        size_px=trainer.config.size_px,
        n_steps=result.step,
        train_s=round(result.train_s, 1),
        heldout_psnr_db=round(result.curve[-1].source_db, 2),
        stopped_by=result.stopped_by,
    )


def _card(trainer: Trainer, result: TrainResult, weights: MediaRef, source: FaceSet, actor: FaceSet) -> dict[str, Any]:
    from av_models.swap.network import n_trained

    return {
        "kind": "face swap, one encoder and a decoder per person, mouth code",
        "weights_sha256": weights.digest,
        "network": json.loads(json.dumps(trainer.config.as_dict())),
        "plan": asdict(trainer.plan),
        "parameters": n_trained(result.network),
        "steps": result.step,
        "train_s": round(result.train_s, 1),
        "stopped_by": result.stopped_by,
        "device": str(trainer.device),
        "curve": [asdict(point) for point in result.curve],
        "data": {
            "source": {"footage": source.track.footage.name, "faces": source.n_faces, "consent": source.consent_id},
            "actor": {"footage": actor.track.footage.name, "faces": actor.n_faces, "consent": actor.consent_id},
        },
        "licence": "as the consent records of the people shown permit; the weights hold the source's face",
    }


__all__ = ["load_bank", "train_swapper"]
