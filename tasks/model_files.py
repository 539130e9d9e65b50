"""Trained faces as folders of their own, to be used on any footage, on this machine or on another.

media/models/NAME/model.safetensors     float16, whole by itself: network, laying in, whom it shows
                  card.json             data, consent, steps, curve, figures
                  preview.jpg  curve.png
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from av_models.domain.errors import InputError, ModelError
from av_models.domain.face import SwapModel, TrainedFace
from tasks.progress import announce
from tasks.workspace import find_input, media_dir, store

__all__ = ["WEIGHTS", "check_model_name", "model_folder", "note_model", "open_face", "write_model"]

WEIGHTS, CARD, PREVIEW, CURVE = "model.safetensors", "card.json", "preview.jpg", "curve.png"


def model_folder(name: str) -> Path:
    return media_dir() / "models" / name


def check_model_name(name: str) -> None:
    """InputError for a name that is no folder's, or that belongs to something else than a trained face."""
    if not re.fullmatch(r"\w[\w.-]{0,63}", name):
        raise InputError(f"'{name}' cannot name a model.", "Use letters, digits, dashes and dots.")
    folder = model_folder(name)
    if folder.exists() and not (folder / WEIGHTS).is_file():
        raise InputError(f"{folder} holds something else than a trained face.", "Choose another --name.")


@task(name="write_model", cache_policy=NO_CACHE, persist_result=False)
def write_model(model: SwapModel, folder: Path) -> None:
    """All files of a model into an empty folder."""
    files = {WEIGHTS: model.weights, CARD: model.card, PREVIEW: model.preview, CURVE: model.curve}
    for name, ref in files.items():
        if ref is not None:
            shutil.copyfile(store().path(ref), folder / name)
    announce("model", f"{model.n_steps} steps, held-out {model.heldout_psnr_db} dB, {model.stopped_by}")
    for note in model.notes:
        announce("note", note)


@task(name="note_model", cache_policy=NO_CACHE, persist_result=False)
def note_model(model: SwapModel, folder: Path) -> None:
    """Write into the audit log under whose consent these weights were made: without that nobody may use them."""
    from av_models.io.consent import MODEL_OUTPUT, record_output

    ids = dict.fromkeys((model.source.consent_id, model.actor.consent_id))
    record_output(media_dir(), ids, MODEL_OUTPUT, model.weights.digest, str(folder / WEIGHTS))


def open_face(name: str) -> TrainedFace:
    """A model by its name, its folder or its file. Raises InputError when there is none, ModelError when it is
    damaged, of another format, or does not say whom it shows."""
    from av_models.swap.weights import load_origin, load_weights

    path = _weights_file(name)
    data = path.read_bytes()
    try:
        network, _ = load_weights(data)
        origin = load_origin(data)
        texts = ("source_name", "source_digest", "source_consent", "actor_name", "actor_digest", "actor_consent")
        return TrainedFace(
            name=path.parent.name,
            weights=store().put_bytes(data, ".safetensors"),
            mouths=store().put_arrays(mouth=origin.mouths),
            **{key: str(origin.facts[key]) for key in (*texts, "backend")},
            identity=tuple(float(value) for value in origin.facts["identity"]),
            size_px=network.config.size_px,
        )
    except ModelError as error:
        raise ModelError(f"{path}: {error.message}", error.remedy) from None
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path} does not say whom it shows ({error!r}).", "Train it again.") from None


def _weights_file(name: str) -> Path:
    given = Path(name).expanduser()
    for place in (model_folder(name) / WEIGHTS, given / WEIGHTS, given, find_input(name)):
        if place is not None and place.is_file():
            return place.absolute()
    folder = media_dir() / "models"
    known = sorted(path.parent.name for path in folder.glob(f"*/{WEIGHTS}"))
    raise InputError(
        f"There is no model {name} (known: {', '.join(known) or 'none'}).", "Train one: flow run train-face."
    )
