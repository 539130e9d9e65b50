"""`python -m flows.train_relight`: the weights of `av_models.swap.relight`, made again.

It takes folders of labelled stills of many people, one a person: `labels.json` with a list `frames` of file and light.
The same name of a light means the same light on everybody. Faces are found and cut out as for a swap.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from flows.train_reader import labelled_faces

if TYPE_CHECKING:
    from av_models.swap.relight_training import LitFaces

__all__ = ["main"]

CROP_PX = 96
_HELD_OUT_EVERY = 6
_EXAMS = 400

People = Annotated[Path, typer.Option(help="Folder of one folder a person, with labels.json and the pictures.")]


def main(
    people: People,
    out: Annotated[Path, typer.Option(help="The .safetensors file to write.")],
    steps: Annotated[int, typer.Option(help="Of training, with 24 pairs of people each.")] = 4000,
    held_out: Annotated[
        bool, typer.Option("--held-out", help="Keep every sixth person and light back, measure.")
    ] = False,
) -> None:
    """Train on all people and write the weights as float16."""
    import torch
    from safetensors.torch import save_file

    from av_models.swap.relight_training import train_relighter

    faces = _all_faces(people)
    typer.echo(
        f"{len(set(faces.person.tolist()))} people, {len(set(faces.light.tolist()))} lights, {len(faces.light)} faces"
    )
    strange = torch.stack([_every_sixth(faces.person), _every_sixth(faces.light)]) if held_out else None
    known = faces if strange is None else faces.part(~strange.any(0))
    network = train_relighter(known, steps, on_step=_report)
    if strange is not None:
        _measure(network, faces.part(strange[0]), faces.light[strange.all(0)])
    save_file({name: value.half().contiguous() for name, value in network.state_dict().items()}, out)


def _report(step: int, loss: float) -> None:
    if step % 250 == 0:
        typer.echo(f"step {step}: loss {loss:.4f}")


def _every_sixth(names: Any) -> Any:
    import torch

    return torch.isin(names, torch.unique(names)[::_HELD_OUT_EVERY])


def _all_faces(people: Path) -> LitFaces:
    import torch

    from av_models.face.warp import align_matrix, mean_template, warp_crop
    from av_models.swap.relight_training import LitFaces

    seen = list(_faces(people))
    template = mean_template(np.array([points for _, points, *_ in seen]))
    parts = []
    for rgb, points, *_ in seen:
        matrix = align_matrix(points, CROP_PX, template)
        parts.append(_in_cells(warp_crop(rgb, matrix, CROP_PX), points @ matrix[:, :2].T + matrix[:, 2]))
    cells, skin, face = (torch.from_numpy(np.stack(values).astype(np.float32)) for values in zip(*parts, strict=True))
    lights = {name: number for number, name in enumerate(sorted({light for *_, light in seen}))}
    person, light = torch.tensor([one for *_, one, _ in seen]), torch.tensor([lights[name] for *_, name in seen])
    return LitFaces(cells.permute(0, 3, 1, 2).contiguous(), skin[:, None], face[:, None], person, light)


def _in_cells(crop: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Colours (G,G,3) of a crop's cells, of skin where there is some, and where skin and face are (G,G)."""
    from av_models.swap.grain import bare_skin
    from av_models.swap.matte import hull_masks
    from av_models.swap.relight import SKIN_SHARE, cells_of

    picture = crop[None].astype(np.float32) / 255
    face = (hull_masks(points[None], CROP_PX) > 0.5).astype(np.float32)
    skin = face * (bare_skin(points[None], CROP_PX) > 0.5)
    (of_skin, bare), (of_face, hull), (of_all, _) = (cells_of(picture, one) for one in (skin, face, np.ones_like(face)))
    is_skin, is_face = bare > SKIN_SHARE, hull > SKIN_SHARE
    colours = np.where(is_skin[..., None], of_skin, np.where(is_face[..., None], of_face, of_all))
    return colours, is_skin, is_face


def _faces(people: Path) -> Iterator[tuple[np.ndarray, np.ndarray, int, str]]:
    """Picture, landmarks (68,2), person and light of each still in which a face is found."""
    for person, labels in enumerate(sorted(people.glob("*/labels.json"))):
        for rgb, fit, frame in labelled_faces(labels):
            yield rgb, fit.landmarks, person, str(frame["light"])


def _measure(network: Any, strangers: LitFaces, lights: Any) -> None:
    """How well light is told on people, and from lights, that training never saw."""
    import torch

    from av_models.swap.relight_training import exam, light_error

    lesson = exam(strangers, set(lights.tolist()), _EXAMS)
    with torch.no_grad():
        told = network(lesson.clues)
    typer.echo(f"nothing told: error {light_error(torch.zeros_like(told), lesson):.3f}")
    typer.echo(f"told: error {light_error(told, lesson):.3f}")


if __name__ == "__main__":
    typer.run(main)
