"""`python -m flows.train_lips`: the weights of `av_models.face.lip_reader`, made again.

It takes folders of labelled stills of many people, one a person: `labels.json` with a list `frames` of file and
landmarks (px): lip_inner_top, lip_inner_bottom, lip_outer_top, lip_outer_bottom, lip_corner_l, lip_corner_r, eye_l_out
and eye_r_out. Minutes on one core.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from flows.train_reader import labelled_faces

if TYPE_CHECKING:
    from av_models.face.lip_network import LipReader

__all__ = ["main"]

_HELD_OUT_EVERY = 6
_FEWEST = 4
_NEARLY_SHUT = 0.1
"""Inner gap over the distance of the outer corners of the eyes."""

_ENDS = (
    ("lip_inner_top", "lip_inner_bottom"),
    ("lip_outer_top", "lip_outer_bottom"),
    ("lip_corner_l", "lip_corner_r"),
)


@dataclass(slots=True)
class _Person:
    """crops (N,320,320) uint8 grey; labels (N,3); inner, outer (N,): the gaps as landmarks have them."""

    crops: np.ndarray
    labels: np.ndarray
    inner: np.ndarray
    outer: np.ndarray


def main(
    people: Annotated[list[Path], typer.Option(help="Folder of one folder a person; may be given several times.")],
    out: Annotated[Path, typer.Option(help="The .safetensors file to write.")],
    steps: Annotated[int, typer.Option(help="Of training, with 48 faces each.")] = 1500,
    held_out: Annotated[bool, typer.Option("--held-out", help="Keep every sixth person back and measure.")] = False,
) -> None:
    """Train on all people and write the weights as float16."""
    import torch
    from safetensors.torch import save_file

    from av_models.face.lip_network import LabelledLips, train_lip_reader

    files = [labels for folder in people for labels in sorted(folder.glob("*/labels.json"))]
    known = [one for one in map(_person, files) if one is not None]
    apart = known[::_HELD_OUT_EVERY] if held_out else []
    kept = [one for number, one in enumerate(known) if not held_out or number % _HELD_OUT_EVERY]
    crops, labels = (np.concatenate([getattr(one, name) for one in kept]) for name in ("crops", "labels"))
    typer.echo(f"{len(known)} people, {len(crops)} faces to learn from")
    reader = train_lip_reader(LabelledLips(torch.from_numpy(crops), torch.from_numpy(labels)), steps, on_step=_report)
    if apart:
        _measure(reader, apart)
    save_file({name: value.half().contiguous() for name, value in reader.state_dict().items()}, out)


def _report(step: int, loss: float) -> None:
    if step % 100 == 0:
        typer.echo(f"step {step}: loss {loss:.3f}")


def _person(labels: Path) -> _Person | None:
    import cv2

    from av_models.lips.mouth import GAP, OUTER_GAP, mouth_codes

    seen = list(labelled_faces(labels))
    if len(seen) < _FEWEST:
        return None
    codes = mouth_codes(np.array([fit.landmarks for _, fit, _ in seen]))
    return _Person(
        np.stack([cv2.cvtColor(fit.crop, cv2.COLOR_RGB2GRAY) for _, fit, _ in seen]),
        np.array([_label(frame["landmarks"]) for *_, frame in seen], np.float32),
        codes[:, GAP],
        codes[:, OUTER_GAP],
    )


def _label(points: dict[str, Any]) -> list[float]:
    """In the order of LABELS."""

    def apart(one: str, other: str) -> float:
        return float(np.hypot(*np.subtract(points[one], points[other])))

    return [apart(*ends) / apart("eye_l_out", "eye_r_out") for ends in _ENDS]


def _measure(reader: LipReader, people: list[_Person]) -> None:
    """How well gaps of people are told that training never saw, each person's about their own mean."""
    import torch

    from av_models.face.lip_reader import COLUMNS, ROWS

    lips = [torch.from_numpy(one.crops[:, None, ROWS, COLUMNS]).float() / 255 for one in people]
    with torch.no_grad():
        read = [reader(part)[:, 0].numpy() for part in lips]
    told = {
        "landmarks, inner": _about_mean([one.inner for one in people]),
        "landmarks, outer": _about_mean([one.outer for one in people]),
        "read": _about_mean(read),
    }
    scaled = [values / values.std() for values in told.values()]
    told["0.1 inner, 0.2 outer, 0.7 read"] = 0.1 * scaled[0] + 0.2 * scaled[1] + 0.7 * scaled[2]
    true = _about_mean([one.labels[:, 0] for one in people])
    shut = np.concatenate([one.labels[:, 0] for one in people]) < _NEARLY_SHUT
    for name, values in told.items():
        every, nearly = (float(np.corrcoef(values[part], true[part])[0, 1]) for part in (slice(None), shut))
        typer.echo(f"{name}: r = {every:.3f}, nearly shut {nearly:.3f}")


def _about_mean(values: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([one - one.mean() for one in values])


if __name__ == "__main__":
    typer.run(main)
