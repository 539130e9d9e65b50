"""`flow run speak --script x.txt`: sound without a picture, line by line and as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["run_speak"]


def run_speak(
    script: Annotated[str, typer.Option(help="Text file, plain or SSML, or the text itself.")],
    voice: Annotated[str, typer.Option(metavar="NAME", help="One of `flow voices`; that of produce if left out.")] = "",
    role: Annotated[
        list[str] | None, typer.Option(metavar="ROLE=NAME", help="Voice of a role of the script; repeatable.")
    ] = None,
    style: Annotated[
        list[str] | None,
        typer.Option(metavar="[ROLE|LINE=]WAV", help="Recording whose pace and melody are taken on; repeatable."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of everything that draws lots.")] = 7,
    use: Annotated[str, typer.Option(help="What it is made for; the consent must allow it.")] = "demonstration",
    territory: Annotated[str, typer.Option(help="Where it is heard: country code, EU or worldwide.")] = "worldwide",
    pictures: Annotated[bool, typer.Option(help="A picture of every line.")] = True,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="media/out/NAME-speech if left out.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON on stdout, nothing else.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and Prefect's log.")] = False,
) -> None:
    """Speak a script: WAV, TextGrid and a picture of every line and of the whole, watermarked and signed."""
    from flows.running import run_command

    def call() -> dict[str, Any]:
        from flows.speak import load_speaking, speak

        return dict(speak(load_speaking(script, voice, role or (), seed, use, territory, pictures, out, style or ())))

    raise typer.Exit(run_command(call, _show, as_json, debug))


def _show(made: dict[str, Any]) -> None:
    typer.echo(f"Speech:  {made['speech']} ({made['seconds']:.1f} s, {made['n_lines']} lines)")
    typer.echo(f"Folder:  {made['out']}")
    for one in made["self_check"]:
        left = "; ".join(one["left"]) or "good now"
        typer.echo(f"  line {one['line']}: {one['takes']} takes, {left}")
    for note in made["notes"]:
        typer.echo(f"  {note}")
