"""`flow run sync --video FILE`: are sound and lips of a file together?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["run_sync"]


def run_sync(
    video: Annotated[str, typer.Option(metavar="FILE", help="Any video with sound and a speaking face.")],
    text: Annotated[
        str, typer.Option(help="What is said: text, or a text file. A .txt beside the video is found.")
    ] = "",
    language: Annotated[str, typer.Option(help="Of the text, such as en-US or de-DE.")] = "en-US",
    timeline: Annotated[
        str, typer.Option(metavar="FILE", help="Known times instead: .TextGrid with phones, or .otio with words.")
    ] = "",
    out: Annotated[Path | None, typer.Option(help="Folder of the findings; media/out/sync/NAME if empty.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON, for programs.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Full error traces.")] = False,
) -> None:
    """Are sound and lips of a file together? Offset, drift, every p, b and m, and a verdict."""
    from flows.running import run_command

    def call() -> dict[str, Any]:
        from flows.sync import sync

        return dict(sync(video, text, language, timeline, str(out.expanduser().absolute()) if out else ""))

    raise typer.Exit(run_command(call, _show, as_json, debug))


def _show(found: dict[str, Any]) -> None:
    typer.echo(f"{found['name']}: {found['sentences'][0]}")
    for sentence in found["sentences"][1:]:
        typer.echo(f"  {sentence}")
    for one in found["verdicts"]:
        limits = f"{one['early_ms']:.0f} ms early, {one['late_ms']:.0f} ms late"
        typer.echo(f"  {one['outcome']:<12}{one['rule']} ({limits})")
    n, hits = len(found["closures"]), found["n_hits"]
    if n:
        typer.echo(f"  lips closed on {hits} of {n} p, b, m")
    for one in found["closures"]:
        if not one["hit"] and found["times"] != "heard":
            typer.echo(f"    {one['sentence']}")
    if found["reason"] and found["offset_ms"] is not None:
        typer.echo(f"  {found['reason']}")
    typer.echo(f"  {found['picture']}")
