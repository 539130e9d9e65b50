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
from typing import Annotated, Any, Self

from prefect import flow
from pydantic import Field, field_validator, model_validator

from av_models.domain.bench import BenchRow, shown
from av_models.domain.errors import InputError, UnderstudyError
from av_models.io.disk import new_file
from av_models.runtime.machine import machine_facts, versions
from flows.choices import Choice, TrainingChoice
from tasks.artifacts import show_table
from tasks.progress import announce
from tasks.workspace import media_dir, repository_dir

__all__ = ["SUITES", "Benchmark", "bench", "check_suites"]

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

_SEED = 7


class Benchmark(Choice):
    """What is measured, and what the suites can be asked for. Each takes what it knows."""

    suites: tuple[str, ...] = Field(min_length=1, description=f"Of {', '.join(SUITES)}; one after the other.")
    quick: bool = Field(default=False, description="Leave out what takes long; the table says what.")
    out: str = Field(default="", description="Folder of bench.json; media/out/bench if empty.")
    corpus: str = Field(default="", description="voice: folder of recordings with transcripts.")
    voice: str = Field(default="", description="voice, clone: name of the voice; the usual one if empty.")
    held_out: str = Field(default="", description="voice: pattern of the ids of recordings that trained nothing.")
    speakers: str = Field(default="", description="clone: a folder of a folder for each speaker.")
    clips: str = Field(
        default="",
        description="faces: folder of source_X.mp4, actor_Y.mp4 and truths; the samples and theirs if empty.",
    )
    minutes: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        default=(), description="faces: of training; 5 and 20 for a draft, else the preset's own, if empty."
    )
    training: TrainingChoice = Field(default_factory=TrainingChoice, description="faces: how models are trained.")
    head_start: bool = Field(
        default=False, description="faces: instead of all else, the same training with and without a head start."
    )
    kills: int = Field(
        default=0, ge=0, le=100, description="faces: instead of all else, a training that is killed so often in a row."
    )

    @field_validator("minutes", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        """'5,20' of the command line."""
        return [part for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _can_be_done(self) -> Self:
        check_suites(self.suites)
        return self

    @property
    def title(self) -> str:
        return ", ".join(self.suites)

    @property
    def options(self) -> dict[str, Any]:
        """What suites may name."""
        chosen = {name: getattr(self, name) for name in type(self).model_fields if name not in ("suites", "quick")}
        return chosen | {"training": self.training.options(0.0, _SEED)}


@flow(
    name="bench",
    description="Figures beside their targets, measured now on this machine.",
    flow_run_name="{run.title}",
    persist_result=False,
)
def bench(run: Benchmark) -> dict[str, Any]:
    """Run suites one after the other; bench.json is written into `run.out`, by default media/out/bench."""
    began = datetime.now(UTC)
    rows = [_as_json(name, row) for name in run.suites for row in _rows(name, run.quick, run.options)]
    facts = {
        "format": 1,
        "date": began.strftime("%Y-%m-%d %H:%M UTC"),
        "seconds": round((datetime.now(UTC) - began).total_seconds(), 1),
        "commit": _commit(),
        "machine": machine_facts(),
        "versions": versions(),
        "suites": list(run.suites),
        "quick": run.quick,
        "rows": rows,
        "n_missed": sum(row["met"] is False for row in rows),
    }
    path = (Path(run.out) if run.out else media_dir() / "out" / "bench") / "bench.json"
    with new_file(path) as part:
        part.write_text(json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    show_table("bench", rows, f"{run.title}: {facts['n_missed']} targets missed")
    return {**facts, "report": str(path)}


def check_suites(names: Iterable[str]) -> None:
    """InputError for a suite that does not exist, with those that do."""
    for name in names:
        if name not in SUITES:
            raise InputError(f"There is no suite '{name}'.", f"Known suites: {', '.join(SUITES)}.")


def _rows(name: str, quick: bool, options: Mapping[str, Any]) -> Iterator[BenchRow]:
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
