"""`python -m flows.train_irises`: the weights of `av_models.swap.irises`, made again.

It takes folders of labelled stills of many people, one a person: `labels.json` with a list `frames` of file,
lid_closure and irises (x and y in pixels of the middle of each, from the left of the picture). Minutes on one core.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from flows.train_reader import labelled_faces

__all__ = ["main"]

_HELD_OUT_EVERY = 6
_OFTEN = 6
"""Every eye is cut out so many times, a little differently."""

_OPEN = 0.4


def main(
    people: Annotated[list[Path], typer.Option(help="Folder of one folder a person; may be given several times.")],
    out: Annotated[Path, typer.Option(help="The .safetensors file to write.")],
    steps: Annotated[int, typer.Option(help="Of training, with 64 eyes each.")] = 1000,
    held_out: Annotated[bool, typer.Option("--held-out", help="Keep every sixth person back and measure.")] = False,
) -> None:
    """Train on all people and write the weights as float16."""
    from safetensors.torch import save_file

    from av_models.swap.iris_training import train_iris_finder

    rng = np.random.default_rng(0)
    files = [labels for folder in people for labels in sorted(folder.glob("*/labels.json"))]
    known = [_person(labels, rng) for labels in files]
    kept = [one for number, one in enumerate(known) if not held_out or number % _HELD_OUT_EVERY]
    lesson = _lesson([eye for one in kept for eye in one])
    typer.echo(f"{len(files)} people, {len(lesson.eyes)} pictures of eyes to learn from")
    finder = train_iris_finder(lesson, steps, on_step=_report)
    if held_out:
        _measure(finder, _lesson([eye for one in known[::_HELD_OUT_EVERY] for eye in one]))
    save_file({name: value.half().contiguous() for name, value in finder.state_dict().items()}, out)


def _report(step: int, loss: float) -> None:
    if step % 100 == 0:
        typer.echo(f"step {step}: loss {loss:.3f}")


def _person(labels: Path, rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray, float]]:
    """Picture, place and closure of every eye in the faces that are found well."""
    import cv2

    from av_models.swap.iris_training import labelled_eyes

    found = []
    for rgb, fit, frame in labelled_faces(labels):
        gray = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
        for _ in range(_OFTEN):
            eyes, places = labelled_eyes(gray, fit.landmarks, np.array(frame["irises"]), rng)
            found += [(eye, place, frame["lid_closure"]) for eye, place in zip(eyes, places, strict=True)]
    return found


def _lesson(eyes: list[tuple[np.ndarray, np.ndarray, float]]) -> Any:
    import torch

    from av_models.swap.iris_training import LabelledEyes

    pictures, places, shut = (np.array(column) for column in zip(*eyes, strict=True))
    as_tensors = torch.from_numpy(pictures)[:, None], torch.from_numpy(places), torch.from_numpy(shut).float()
    return LabelledEyes(*as_tensors)


def _measure(finder: Any, strangers: Any) -> None:
    """How well irises of people are found that training never saw."""
    import torch

    with torch.no_grad():
        said = torch.cat([finder(part.float() / 255) for part in strangers.eyes.split(256)]).numpy()
    opened = (strangers.shut < _OPEN).numpy()
    for k, name in enumerate(("across", "down")):
        told, true = said[opened, k], strangers.irises[opened, k].numpy()
        off = np.abs(told - true).mean()
        typer.echo(f"iris {name}: r = {np.corrcoef(told, true)[0, 1]:.3f}, mean error {off:.3f} of {true.std():.3f}")
    typer.echo(f"lids: r = {np.corrcoef(1 / (1 + np.exp(-said[:, 2])), strangers.shut)[0, 1]:.2f}")


if __name__ == "__main__":
    typer.run(main)
