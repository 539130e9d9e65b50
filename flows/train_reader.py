"""`python -m flows.train_reader`: the weights of `av_models.swap.reader`, made again.

It takes folders of labelled stills of many people, one a person: `labels.json` with a list `frames` of file,
pose_deg (yaw, pitch), gaze (x, y) and lid_closure. Faces are found and cut out as for a swap. Minutes on one core.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

if TYPE_CHECKING:
    from av_models.face.fit import Fit

__all__ = ["labelled_faces", "main"]

CROP_PX = 128
_FEWEST = 4
"""Faces of a person; fewer make no mean shape to cut them out by."""

_MOST_SPREAD = 0.04
_HELD_OUT_EVERY = 6


def main(
    people: Annotated[Path, typer.Option(help="Folder of one folder a person, with labels.json and the pictures.")],
    out: Annotated[Path, typer.Option(help="The .safetensors file to write.")],
    steps: Annotated[int, typer.Option(help="Of training, with 48 faces each.")] = 700,
    held_out: Annotated[bool, typer.Option("--held-out", help="Keep every sixth person back and measure.")] = False,
) -> None:
    """Train on all people and write the weights as float16."""
    import torch
    from safetensors.torch import save_file

    from av_models.swap.reader_training import LabelledFaces, train_reader

    parts = [part for part in map(_person, sorted(people.glob("*/labels.json"))) if part is not None]
    apart = parts[::_HELD_OUT_EVERY] if held_out else []
    kept = [part for number, part in enumerate(parts) if not held_out or number % _HELD_OUT_EVERY]
    crops, labels = (torch.from_numpy(np.concatenate(values)) for values in zip(*kept, strict=True))
    typer.echo(f"{len(parts)} people, {len(crops)} faces to learn from")
    faces = LabelledFaces(crops, labels)
    reader = train_reader(faces, steps, on_step=_report)
    if apart:
        _measure(reader, faces, *(np.concatenate(values) for values in zip(*apart, strict=True)))
    save_file({name: value.half().contiguous() for name, value in reader.state_dict().items()}, out)


def _report(step: int, loss: float) -> None:
    if step % 100 == 0:
        typer.echo(f"step {step}: loss {loss:.3f}")


def _person(labels: Path) -> tuple[np.ndarray, np.ndarray] | None:
    """Crops (N,3,128,128) uint8 and labels (N,5) float32 of the faces that were found well."""
    from av_models.face.warp import align_matrix, mean_template, warp_crop

    seen = list(labelled_faces(labels))
    if len(seen) < _FEWEST:
        return None
    template = mean_template(np.array([fit.landmarks for _, fit, _ in seen]))
    crops = [warp_crop(rgb, align_matrix(fit.landmarks, 2 * CROP_PX, template), 2 * CROP_PX) for rgb, fit, _ in seen]
    small = np.stack(crops).reshape(-1, CROP_PX, 2, CROP_PX, 2, 3).mean((2, 4)).round().astype(np.uint8)
    return small.transpose(0, 3, 1, 2).copy(), np.array([_label(frame) for *_, frame in seen], np.float32)


def labelled_faces(labels: Path) -> Iterator[tuple[np.ndarray, Fit, dict[str, Any]]]:
    """Picture, landmarks and entry in `labels` of each still in which a face is found well."""
    from av_models.face.backend import get_backend
    from av_models.face.fit import fit_detection
    from av_models.io.preview import decode_image

    backend = get_backend("dlib")
    for frame in json.loads(labels.read_text(encoding="utf-8"))["frames"]:
        rgb = decode_image((labels.parent / frame["file"]).read_bytes())
        found = backend.detect(rgb)
        if found and (fit := fit_detection(rgb, found[0], backend)).spread <= _MOST_SPREAD:
            yield rgb, fit, frame


def _label(frame: dict[str, Any]) -> list[float]:
    """In the order of READINGS."""
    pose = frame["pose_deg"]
    return [pose["yaw"], pose["pitch"], *frame["gaze"], frame["lid_closure"]]


def _measure(reader: Any, faces: Any, crops: np.ndarray, labels: np.ndarray) -> None:
    """How well faces of people are read that training never saw."""
    import torch

    from av_models.swap.augment import hide_mouth, mouth_cover
    from av_models.swap.reader import READINGS

    with torch.no_grad():
        read = reader(hide_mouth(torch.from_numpy(crops).float() / 255, mouth_cover(CROP_PX)))
    told = (read * faces.labels.std(0)).numpy()
    for name, said, true in zip(READINGS, told.T, labels.T, strict=True):
        correlation = float(np.corrcoef(said, true)[0, 1])
        typer.echo(f"{name}: r = {correlation:.2f}, mean error {np.abs(said - true).mean():.2f} of {true.std():.2f}")


if __name__ == "__main__":
    typer.run(main)
