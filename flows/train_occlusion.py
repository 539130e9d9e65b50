"""`python -m flows.train_occlusion`: the weights of `av_models.face.occlusion_network`, made again.

It takes clips of one person each, of people who agreed to that or were made up; things in front of their faces are
drawn (`av_models.face.occluders`). Twenty minutes on two cores.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from av_models.face.occlusion_training import Clip
    from av_models.io.video import Picture

__all__ = ["main"]

_MOST_FRAMES = 130
_CROP_PX = 128
_EXAM_LESSONS = 100


def main(
    clip: Annotated[list[Path], typer.Option(help="A video of one person; may be given many times.")],
    out: Annotated[Path, typer.Option(help="The .safetensors file to write.")],
    apart: Annotated[list[Path] | None, typer.Option(help="A video to measure on, of somebody else.")] = None,
    models: Annotated[int, typer.Option(help="Of every clip, each in other colours and of another part.")] = 5,
    lessons: Annotated[int, typer.Option(help="For every model.")] = 80,
    steps: Annotated[int, typer.Option(help="Of training, with 24 faces each.")] = 2600,
) -> None:
    """Train on all clips and write the weights as float16."""
    from safetensors.torch import save_file

    from av_models.face.occlusion_training import front_error, lessons_of, train_front_reader

    known = lessons_of([_clip(path) for path in clip], models, lessons)
    typer.echo(f"{len(clip)} clips, {len(known.crops)} lessons")
    reader = train_front_reader(known, steps, on_step=_report)
    if apart:
        overlap, false = front_error(reader, lessons_of([_clip(path) for path in apart], 3, _EXAM_LESSONS, seed=11))
        typer.echo(f"people apart: overlap {overlap:.3f}; of faces with nothing in front {false:.4f} taken for hidden")
    save_file({name: value.half().contiguous() for name, value in reader.state_dict().items()}, out)


def _report(step: int, loss: float) -> None:
    if step % 100 == 0:
        typer.echo(f"step {step}: loss {loss:.3f}")


def _clip(path: Path) -> Clip:
    """Every usable frame's crop and hull."""
    from itertools import islice

    import numpy as np

    from av_models.face.backend import get_backend
    from av_models.face.gather import gather
    from av_models.face.occlusion_training import Clip
    from av_models.face.track import follow
    from av_models.io.video import read_pictures

    def pictures() -> Iterator[Picture]:
        return islice(read_pictures(path), _MOST_FRAMES)

    batches = list(gather(pictures(), follow(pictures(), get_backend("dlib")).arrays, _CROP_PX))
    return Clip(*(np.concatenate([batch[name] for batch in batches]) for name in ("crop", "mask")))


if __name__ == "__main__":
    typer.run(main)
