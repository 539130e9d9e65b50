"""`flow run align --audio FILE --text FILE`: when is each word and each sound of a recording said?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["run_align"]


def run_align(
    audio: Annotated[str, typer.Option(metavar="FILE", help="Any sound or video file with speech.")],
    text: Annotated[str, typer.Option(help="What is said: text, or a text file.")],
    language: Annotated[str, typer.Option(help="Of the text, such as en-us or de.")] = "en-us",
    aligner: Annotated[str, typer.Option(help="auto, pocketsphinx, mfa, whisperx or textgrid.")] = "auto",
    times: Annotated[
        str, typer.Option(metavar="FILE", help="Times found elsewhere: WhisperX's .json, or a .TextGrid.")
    ] = "",
    out: Annotated[Path | None, typer.Option(help="Folder of the results; media/out/align/NAME if empty.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON, for programs.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Full error traces.")] = False,
) -> None:
    """When is each word and each sound of a recording said? Leaves a TextGrid, JSON and pictures."""
    from flows.running import run_command

    def call() -> dict[str, Any]:
        from flows.align import align

        folder = str(out.expanduser().absolute()) if out else ""
        return dict(align(audio, text, language, aligner, times, folder))

    raise typer.Exit(run_command(call, _show, as_json, debug))


def _show(found: dict[str, Any]) -> None:
    typer.echo(f"{found['name']}: {found['n_words']} words in {found['duration_s']:.1f} s, by {found['aligner']}.")
    for sentence in (found["verdict"]["sentence"], *found["warnings"]):
        if sentence:
            typer.echo(f"  {sentence}")
    for path in (found["textgrid"], found["json"], *found["pictures"]):
        typer.echo(f"  {path}")
