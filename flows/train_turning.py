"""`python -m flows.train_turning`: the table of `av_models.swap.turning`, made again.

It takes folders of stills of many people with turned heads, one a person: `labels.json` with a list `frames` of file.
Turns are read from the pictures as a swap reads them. A minute, most of it for finding faces.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from flows.train_reader import labelled_faces

if TYPE_CHECKING:
    import torch

__all__ = ["main"]

_HELD_OUT_EVERY = 4
_FEWEST = 8
_PARTS = {"jaw": slice(0, 17), "brows": slice(17, 27), "nose": slice(27, 36), "eyes": slice(36, 40)}
_REMAINING = "mouth"
_SEEN = 0.98


@dataclass(frozen=True, slots=True)
class _Person:
    """One person's faces. performances (N,2): yaw and pitch as they are read.  points (N,K,2): in units of the crop."""

    performances: torch.Tensor
    points: torch.Tensor


def main(
    people: Annotated[list[Path], typer.Option(help="Folder of one folder a person; may be given several times.")],
    out: Annotated[Path, typer.Option(help="The .safetensors file to write.")],
    held_out: Annotated[bool, typer.Option("--held-out", help="Keep every fourth person back and measure.")] = False,
) -> None:
    """Fit on all people and write the table as float16."""
    from safetensors.torch import save_file

    files = [labels for folder in people for labels in sorted(folder.glob("*/labels.json"))]
    known = [one for one in map(_person, files) if one is not None]
    kept = [one for number, one in enumerate(known) if not held_out or number % _HELD_OUT_EVERY]
    typer.echo(f"{len(known)} people, {sum(len(one.points) for one in kept)} faces to learn from")
    found = _fitted(kept)
    if held_out:
        _measure(found, known[::_HELD_OUT_EVERY])
    save_file({name: value.half().contiguous() for name, value in found.items()}, out)


def _person(labels: Path) -> _Person | None:
    import torch

    from av_models.face.warp import align_matrix, mean_template, transform, warp_crop
    from av_models.swap.augment import hide_mouth, mouth_cover
    from av_models.swap.reader import READ_PX, load_reader
    from av_models.swap.shape import POINTS

    seen = list(labelled_faces(labels))
    if len(seen) < _FEWEST:
        return None
    landmarks = np.array([fit.landmarks for _, fit, _ in seen])
    matrices = align_matrix(landmarks, READ_PX, mean_template(landmarks))
    crops = np.stack([warp_crop(rgb, matrix, READ_PX) for (rgb, *_), matrix in zip(seen, matrices, strict=True)])
    shown = torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        read = load_reader()(hide_mouth(shown, mouth_cover(READ_PX)))[:, :2]
    points = (transform(landmarks, matrices)[:, list(POINTS)] + 0.5) / READ_PX
    return _Person(read.double(), torch.from_numpy(points))


def _fitted(people: list[_Person]) -> dict[str, torch.Tensor]:
    """Least squares over what turns change within each person: what sets people apart is none of it."""
    import torch

    most = torch.cat([one.performances for one in people]).abs().quantile(_SEEN, 0)
    terms, moves = (torch.cat(column) for column in zip(*(_within(one, most) for one in people), strict=True))
    return {"weight": torch.linalg.lstsq(terms, moves).solution.T, "most": most}


def _within(person: _Person, most: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    from av_models.swap.turning import turning_terms

    terms, points = turning_terms(person.performances, most), person.points.flatten(1)
    return terms - terms.mean(0), points - points.mean(0)


def _measure(found: dict[str, torch.Tensor], people: list[_Person]) -> None:
    """How far points go and how far from that the table is, on people that it was not fitted to."""
    import torch

    pairs = [_within(one, found["most"]) for one in people]
    moved = torch.cat([moves for _, moves in pairs]).unflatten(1, (-1, 2))
    left = moved - torch.cat([terms @ found["weight"].T for terms, _ in pairs]).unflatten(1, (-1, 2))
    for name, part in (*_PARTS.items(), (_REMAINING, slice(40, None))):
        way, off = (100 * one[:, part].square().sum(-1).mean().sqrt() for one in (moved, left))
        typer.echo(f"{name}: {way:.2f} % of the crop's side, {off:.2f} % beside the table")


if __name__ == "__main__":
    typer.run(main)
