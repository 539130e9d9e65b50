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
    clips: Annotated[
        Path | None, typer.Option(metavar="DIR", help="For faces, as told above; the samples and their truth if empty.")
    ] = None,
    minutes: Annotated[str, typer.Option(metavar="M,M", help="For faces: of training; for a draft 5,20.")] = "",
    preset: Annotated[str, typer.Option(help="For faces: draft, standard or fine.")] = "draft",
    size: Annotated[int | None, typer.Option(metavar="PX", help="For faces: of the network; the preset's.")] = None,
    head_start: Annotated[
        bool, typer.Option("--head-start", help="For faces: only what a head start saves, by two trainings in turns.")
    ] = False,
    kills: Annotated[
        int, typer.Option(metavar="N", min=0, max=100, help="For faces: only what N kills -9 in a row cost a training.")
    ] = 0,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Such as training.temporal=0.5.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of bench.json; media/out/bench if empty.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON, for programs.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Full error traces.")] = False,
) -> None:
    """Measure figures and put them beside their targets. Exit code 0 also when some are missed.

    --clips DIR for faces holds one source_X.mp4, whose face is wanted, and any number of actor_Y.mp4. Answers to them
    are truth_XY.mp4, the same performance with X's whole head, frame by frame; truth_XY_face.mp4, with X's face on Y's
    head; and truth_XY.json, what a renderer knows of each frame: a list "frames" of objects with "blink" (0 open to 1
    shut), "lip_gap" (opening over width of the mouth) and "landmarks", the corners of the eyes in pixels: "eye_l_in",
    "eye_l_out", "eye_r_in" and "eye_r_out", each x and y, l at the right of the picture.

    Answers lie in DIR or in DIR/truth, and may be left out: then only what needs none is told. Source and actors need
    consent records (flow consent new) for internal use; answers need none, and nothing trains on them.
    """
    from flows.running import run_command

    training: dict[str, Any] = {"preset": preset, "size_px": size}
    folders = {"out": out, "corpus": corpus, "speakers": speakers, "clips": clips}
    given: dict[str, Any] = {name: str(path.expanduser().absolute()) for name, path in folders.items() if path}
    given |= {"suites": suite, "quick": quick, "voice": voice, "held_out": held_out, "minutes": minutes}
    given |= {
        "kills": kills,
        "head_start": head_start,
        "training": {key: value for key, value in training.items() if value},
    }

    def call() -> dict[str, Any]:
        from flows.bench import Benchmark, bench
        from flows.settings import from_settings

        return dict(bench(from_settings(Benchmark, given, settings or ())))

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
