"""`flow run bench --suite faces`: figures beside their targets, measured now on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["run_bench"]

_FILE_COLUMNS = 160


def run_bench(
    suite: Annotated[
        list[str], typer.Option(help="faces, sync, produce, voice, clone; give it several times for several.")
    ],
    quick: Annotated[bool, typer.Option("--quick", help="Leave out what takes long; the table says what.")] = False,
    corpus: Annotated[Path | None, typer.Option(metavar="DIR", help="Recordings for the suite voice.")] = None,
    voice: Annotated[str, typer.Option(metavar="NAME", help="For voice and clone; the usual one if empty.")] = "",
    speakers: Annotated[Path | None, typer.Option(metavar="DIR", help="A folder each, for the suite clone.")] = None,
    held_out: Annotated[str, typer.Option(metavar="REGEX", help="Ids of recordings that trained nothing.")] = "",
    clips: Annotated[Path | None, typer.Option(metavar="DIR", help="For faces: source_a, actor_b, truths.")] = None,
    minutes: Annotated[str, typer.Option(metavar="M,M", help="For faces: of training; 5,20 if empty.")] = "",
    out: Annotated[Path | None, typer.Option(help="Folder of bench.json; media/out/bench if empty.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON, for programs.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Full error traces.")] = False,
) -> None:
    """Measure figures and put them beside their targets. Exit code 0 also when some are missed."""
    from flows.running import run_command

    def call() -> dict[str, Any]:
        from flows.bench import bench

        options = {
            "corpus": str(corpus.expanduser().absolute()) if corpus else "",
            "voice": voice,
            "speakers": str(speakers.expanduser().absolute()) if speakers else "",
            "held_out": held_out,
            "clips": str(clips.expanduser().absolute()) if clips else "",
            "minutes": minutes,
        }
        return dict(bench(suite, quick, str(out.expanduser().absolute()) if out else "", options))

    raise typer.Exit(run_command(call, _show, as_json, debug))


def _show(found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("suite", "part", "figure", "measured", "target", "met", "note"):
        table.add_column(title, overflow="fold", justify="right" if title in ("measured", "target") else "left")
    for row in found["rows"]:
        table.add_row(row["suite"], row["part"], row["name"], _value(row), _target(row), _met(row), row["note"])
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_FILE_COLUMNS)
    console.print(table)
    machine = found["machine"]
    console.print(
        f"\n{found['date']}, {found['seconds']} s, commit {found['commit'] or 'unknown'}, {machine['processor']}, "
        f"{machine['cores']} cores, load {machine['load_1min']}\n{found['report']}",
        soft_wrap=True,
    )


def _value(row: dict[str, Any]) -> str:
    return "-" if row["measured"] is None else f"{row['measured']:g} {row['unit']}".strip()


def _target(row: dict[str, Any]) -> str:
    return "" if row["target"] is None else f"{row['sense']} {row['target']:g}"


def _met(row: dict[str, Any]) -> str:
    return {True: "[green]yes[/]", False: "[bold red]no[/]", None: ""}[row["met"]]
