"""Figures beside their targets, all measured now, on this machine, with this code."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

from prefect import flow

from av_models.domain.bench import BenchRow, shown
from av_models.domain.errors import InputError, UnderstudyError
from av_models.io.disk import new_file
from av_models.runtime.machine import machine_facts, versions
from tasks.artifacts import show_table
from tasks.progress import announce
from tasks.workspace import media_dir, repository_dir

__all__ = ["SUITES", "bench", "check_suites"]

Suite = Callable[..., Iterator[BenchRow]]

SUITES = {
    "sync": "flows.bench_sync:sync_rows",
    "produce": "flows.bench_produce:produce_rows",
    "voice": "flows.bench_voice:voice_rows",
    "clone": "flows.bench_clone:clone_rows",
    "faces": "flows.bench_faces:faces_rows",
}
"""Name -> where its rows come from: a function of `quick`, and of what else it names among the options of the bench,
that yields them. A new suite is one entry."""


@flow(name="bench", description="Figures beside their targets, measured now on this machine.", persist_result=False)
def bench(
    suites: list[str], quick: bool = False, out: str = "", options: dict[str, str] | None = None
) -> dict[str, Any]:
    """Run suites one after the other; bench.json is written into `out`, by default media/out/bench.

    options: for the suites that name them, such as the corpus of the suite `voice`.
    """
    check_suites(suites)
    began = datetime.now(UTC)
    rows = [_as_json(name, row) for name in suites for row in _rows(name, quick, {"out": out, **(options or {})})]
    facts = {
        "format": 1,
        "date": began.strftime("%Y-%m-%d %H:%M UTC"),
        "seconds": round((datetime.now(UTC) - began).total_seconds(), 1),
        "commit": _commit(),
        "machine": machine_facts(),
        "versions": versions(),
        "suites": suites,
        "quick": quick,
        "rows": rows,
        "n_missed": sum(row["met"] is False for row in rows),
    }
    path = (Path(out) if out else media_dir() / "out" / "bench") / "bench.json"
    with new_file(path) as part:
        part.write_text(json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    show_table("bench", rows, f"{', '.join(suites)}: {facts['n_missed']} targets missed")
    return {**facts, "report": str(path)}


def check_suites(names: Iterable[str]) -> None:
    """InputError for a suite that does not exist, with those that do."""
    for name in names:
        if name not in SUITES:
            raise InputError(f"There is no suite '{name}'.", f"Known suites: {', '.join(SUITES)}.")


def _rows(name: str, quick: bool, options: Mapping[str, str]) -> Iterator[BenchRow]:
    """The rows of a suite as they come; a suite that breaks off says why and leaves the others alone."""
    module, _, function = SUITES[name].partition(":")
    suite: Suite = getattr(import_module(module), function)
    known = signature(suite).parameters
    rows = suite(quick, **{key: value for key, value in options.items() if key in known})
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except UnderstudyError as error:
            yield shown("all", "broke off", None, note=f"{error.message} {error.remedy}")
            return
        announce(f"{name}, {row.part}", f"{row.name}: {row.measured} {row.unit}".strip())
        yield row


def _as_json(suite: str, row: BenchRow) -> dict[str, Any]:
    measured = row.measured if row.measured is not None and row.measured == row.measured else None
    return {"suite": suite, **asdict(row), "measured": measured, "sense": str(row.sense), "met": row.met}


def _commit() -> str:
    """With '+' for files that were changed since; '' outside of a repository."""
    command = ["git", "-C", str(repository_dir()), "describe", "--always", "--dirty=+"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
