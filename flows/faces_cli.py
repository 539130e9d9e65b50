"""`flow run faces --video FILE`: who is in it, what can be used, and what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from av_models.domain.face import FaceFinder

__all__ = ["run_faces"]

_MOST_PROBLEMS = 12


def run_faces(
    video: Annotated[str, typer.Option(metavar="FILE", help="Any video with a face.")],
    pick: Annotated[
        str, typer.Option(help="One person: number on the sheet (2), place and time (0.3,0.5@2.4s), or a picture.")
    ] = "",
    backend: Annotated[FaceFinder, typer.Option(help="By what faces are found.")] = "dlib",
    search_every: Annotated[int, typer.Option(min=1, max=60, help="Frames between two full searches.")] = 5,
    out: Annotated[Path | None, typer.Option(help="Folder of the results; media/out/faces-NAME if empty.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON, for programs.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Full error traces.")] = False,
) -> None:
    """Who is in a video? A numbered sheet, frames that cannot be used, and what the clip does not show of a face."""
    from flows.running import run_command

    def call() -> dict[str, Any]:
        from flows.faces import faces

        folder = str(out.expanduser().absolute()) if out else ""
        return dict(faces(video, pick, backend, search_every, folder))

    raise typer.Exit(run_command(call, _show, as_json, debug))


def _show(found: dict[str, Any]) -> None:
    n = found["n_people"]
    typer.echo(f"{found['name']}: {n} {'person' if n == 1 else 'people'} in {found['n_frames']} frames")
    for person in found["people"]:
        typer.echo(f"  person {person['person']}: {person['coverage']}")
        missing = "; ".join(person["lacks"]) or "nothing that training needs"
        typer.echo(f"    missing: {missing}")
        for problem in person["problems"][:_MOST_PROBLEMS]:
            typer.echo(f"    frames {problem['first']}-{problem['last']}: {problem['reason']}")
        left = len(person["problems"]) - _MOST_PROBLEMS
        if left > 0:
            typer.echo(f"    and {left} more in faces.json")
    typer.echo(f"  {found['backend']}: {found['licence']}")
    typer.echo(f"  {found['sheet']}")
    typer.echo(f"  {found['frames']}")
