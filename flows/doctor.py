"""`flow doctor`: can the main job run here, what could be added, and what to do for each missing thing."""

from __future__ import annotations

import json as json_format
import os
from dataclasses import asdict
from pathlib import Path

from av_models.runtime.checks import (
    Check,
    State,
    check_disk,
    check_ffmpeg,
    check_machine,
    check_models,
    check_packages,
)

__all__ = ["doctor", "examine"]

_STYLES = {State.OK: "[green]ok[/]", State.OPTIONAL: "[yellow]optional[/]", State.PROBLEM: "[bold red]problem[/]"}


def doctor(json: bool = False) -> int:
    """Print all checks; 0 when the main job can run, else 1."""
    checks = examine()
    ready = all(check.state is not State.PROBLEM for check in checks)
    if json:
        print(json_format.dumps({"ready": ready, "checks": [asdict(check) for check in checks]}, indent=2))
    else:
        _print(checks, ready)
    return 0 if ready else 1


def examine() -> tuple[Check, ...]:
    """Every check, in the order of the table."""
    from tasks.workspace import configs_dir, media_dir

    media = media_dir()
    return (
        *check_packages(),
        check_ffmpeg(),
        *check_machine(),
        check_disk(media),
        _writable(media),
        *check_models(media),
        _samples(media, configs_dir()),
        *_prefect(),
    )


def _writable(media: Path) -> Check:
    existing = next(parent for parent in (media, *media.absolute().parents) if parent.exists())
    if os.access(existing, os.W_OK):
        return Check("machine", "media folder", State.OK, str(media))
    remedy = "Give yourself the right to write there, or set UNDERSTUDY_MEDIA to another folder."
    return Check("machine", "media folder", State.PROBLEM, f"{existing} cannot be written", remedy)


def _samples(media: Path, configs: Path) -> Check:
    """What `flow run produce` uses when nothing else is given."""
    wanted = (configs / "produce.yaml", configs / "consent")
    missing = [str(path) for path in wanted if not path.exists()]
    if missing:
        return Check("data", "configs", State.PROBLEM, f"missing: {', '.join(missing)}", "Fetch the repository again.")
    return Check(
        "data", "configs", State.OK, f"{len(list((configs / 'consent').glob('*.*')))} files of consent, {media}"
    )


def _prefect() -> tuple[Check, ...]:
    """Its version, and the server that is set, if any. None is needed: a run without one brings its own."""
    from importlib.metadata import version

    installed = Check("prefect", "version", State.OK, version("prefect"))
    address = os.environ.get("PREFECT_API_URL", "")
    if not address:
        remedy = "Not needed for `flow run`. For forms and pictures in a browser: flow ui."
        return installed, Check("prefect", "server", State.OPTIONAL, "none set: each run brings its own", remedy)
    if _answers(f"{address.rstrip('/')}/health"):
        return installed, Check("prefect", "server", State.OK, f"{address} answers")
    remedy = "Start it (flow ui), or unset PREFECT_API_URL."
    return installed, Check("prefect", "server", State.PROBLEM, f"{address} does not answer", remedy)


def _answers(address: str) -> bool:
    import httpx

    try:
        return httpx.get(address, timeout=5).is_success
    except httpx.HTTPError:
        return False


def _print(checks: tuple[Check, ...], ready: bool) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("", "what", "state", "found"):
        table.add_column(title, overflow="fold")
    group = ""
    for check in checks:
        table.add_row(
            "" if check.group == group else check.group, check.name, _STYLES[check.state], escape(check.detail)
        )
        group = check.group
        if check.remedy:
            table.add_row("", "", "", f"[dim]{escape(check.remedy)}[/]")
    console = Console(highlight=False)
    console.print(table)
    if ready:
        console.print("\n[green]Ready:[/] flow run produce --script media/samples/hello.txt", soft_wrap=True)
    else:
        console.print("\n[bold red]Not ready:[/] do what stands beside each problem, then run flow doctor again.")
