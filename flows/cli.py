"""The command line: `flow run produce`, `flow ui`, `flow consent`, `flow verify`, `flow voices`, `flow doctor`.

Nothing heavy is imported before a command needs it, so that `flow --help` answers at once.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from av_models.domain.edit import Fit, Lips
from av_models.domain.production import Profile, Stage
from flows.align_cli import run_align
from flows.bench_cli import run_bench
from flows.clone_voice_cli import run_clone_voice
from flows.consent_cli import app as consent_app
from flows.faces_cli import run_faces
from flows.listening_cli import run_listening, run_listening_results, serve_listening
from flows.speak_cli import run_speak
from flows.swap_cli import run_swap
from flows.sync_cli import run_sync
from flows.train_face_cli import run_train_face
from flows.train_voice_cli import run_train_voice
from flows.verify_cli import verify_file

if TYPE_CHECKING:
    from av_models.domain.errors import UnderstudyError

__all__ = ["app", "main"]

INTERRUPTED = 130


app = typer.Typer(
    name="flow",
    help="From a script to a finished video of people who said yes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
run_app = typer.Typer(help="Run a flow.", no_args_is_help=True)
app.add_typer(run_app, name="run")
app.add_typer(consent_app, name="consent")
app.command("verify")(verify_file)
run_app.command("sync")(run_sync)
run_app.command("align")(run_align)
run_app.command("faces")(run_faces)
run_app.command("bench")(run_bench)
run_app.command("train-face")(run_train_face)
run_app.command("swap")(run_swap)
run_app.command("train-voice")(run_train_voice)
run_app.command("clone-voice")(run_clone_voice)
run_app.command("speak")(run_speak)
run_app.command("listening")(run_listening)
run_app.command("listening-results")(run_listening_results)
app.command("listen")(serve_listening)


@run_app.command("produce")
def run_produce(
    script: Annotated[str | None, typer.Option(help="Text file, or the text itself.", show_default=False)] = None,
    config: Annotated[Path | None, typer.Option(help="Settings, on top of configs/produce.yaml.")] = None,
    source: Annotated[str | None, typer.Option(metavar="VIDEO", help="The face that will be seen.")] = None,
    actor: Annotated[str | None, typer.Option(metavar="VIDEO", help="The performance that carries it.")] = None,
    voice: Annotated[str | None, typer.Option(metavar="NAME", help="One of `flow voices`.")] = None,
    style: Annotated[
        list[str] | None,
        typer.Option(metavar="[ROLE|LINE=]WAV", help="Recording whose pace and melody the voice takes on; repeatable."),
    ] = None,
    lips: Annotated[Lips | None, typer.Option(help="The actor's own, driven by the speech, or decided.")] = None,
    fit: Annotated[
        Fit | None, typer.Option(help="Drive the lips, conform the sound, retime the picture, or decide by phrase.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where results go; media/out/NAME if left out.")
    ] = None,
    bed: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="Music or effects under the dialogue; repeatable.")
    ] = None,
    profile: Annotated[Profile | None, typer.Option(help="Minutes, or with patience.")] = None,
    until: Annotated[Stage | None, typer.Option(help="Stop after this stage.")] = None,
    review: Annotated[bool, typer.Option("--review", help="Ask for approval after speech, model and swap.")] = False,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any setting of configs/produce.yaml.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON on stdout, nothing else.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and Prefect's log.")] = False,
) -> None:
    """Turn a script into a signed video. Finished stages are kept: run it again to go on after an interruption."""
    given: dict[str, Any] = {
        "script": script,
        "source": source,
        "actor": actor,
        "voice": voice,
        **_styles(style or ()),
        "lips": lips,
        "fit": fit,
        "out": str(out) if out else None,
        "sound": {"beds": bed} if bed else None,
        "profile": profile,
        "until": until,
        "review": review or None,
    }
    from flows.running import run_production

    raise typer.Exit(run_production(config, given, settings or (), as_json, debug))


def _styles(given: Sequence[str]) -> dict[str, Any]:
    """As `Production` takes them; None for what is not given."""
    if not given:
        return {}
    from flows.parameters import named_styles

    general, styles = named_styles(given)
    return {"style": general or None, "styles": styles or None}


@app.command("ui")
def serve_ui(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Of Prefect; the pages of results are at the next one.")] = 4200,
) -> None:
    """A Prefect server with the `produce` form, and the pages of finished productions, until Ctrl-C."""
    from flows.server import announced_server, prepare_prefect

    prepare_prefect(debug=True)
    from flows.deploy import ui

    with announced_server(f"http://127.0.0.1:{port}/api"):
        ui(host, port)


@app.command("voices")
def list_voices(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """All voices that can be given to --voice."""
    from av_models.io.voices import list_voices as known_voices
    from tasks.workspace import configs_dir, media_dir

    names = ("name", "engine", "language", "description", "licence")
    rows = [dict(zip(names, voice, strict=True)) for voice in known_voices(configs_dir(), media_dir())]
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(*names, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*row.values())
    Console().print(table)


@app.command("doctor")
def examine(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """What is installed, which backends and weights are there, and what to do about the rest."""
    from flows.doctor import doctor

    raise typer.Exit(doctor(json=as_json))


def main() -> None:
    """The console script. Exit codes are those of `av_models.domain.errors`; 130 after Ctrl-C."""
    from av_models.domain.errors import UnderstudyError

    # Threads of torch that spin long while they wait starve each other on shared cores (a step took up to 7 times as
    # long), and those that never spin lose a quarter on idle ones. Read when libgomp is loaded, so before torch is.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    debug = "--debug" in sys.argv
    try:
        app()
    except UnderstudyError as error:
        if debug:
            raise
        sys.exit(show_error(error))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def show_error(error: UnderstudyError) -> int:
    """The error in plain words on stderr; returns its exit code."""
    typer.secho(f"Error: {error.message}", fg="red", err=True)
    if error.remedy:
        typer.echo(error.remedy, err=True)
    return error.exit_code


if __name__ == "__main__":
    main()
