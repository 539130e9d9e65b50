"""The suite `produce`: a run with everything kept, one changed line, and what the orchestration costs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

from av_models.domain.bench import BenchRow, at_most, shown
from flows.parameters import load_production
from flows.produce import produce
from tasks.workspace import media_dir

__all__ = ["produce_rows"]

_SCRIPT = "The first line stays as it is.\n\nThe second line is changed {} times."


def produce_rows(quick: bool) -> Iterator[BenchRow]:
    """quick: up to the timeline only, without training and pictures."""
    until = "timeline" if quick else "report"
    note = f"until '{until}', samples, model trained before" if not quick else f"until '{until}'"
    stamp = time.time_ns() % 1000
    first_s, _ = _run(f"{stamp} or more", until)
    warm_s, stages = _run(f"{stamp} or more", until)
    changed_s, _ = _run(f"{stamp + 1} or fewer", until)
    yield shown("produce", "first run of a script", round(first_s, 2), "s", note)
    yield shown("produce", "the same again, all stages kept", round(warm_s, 2), "s", note)
    yield shown("produce", "one of two lines changed", round(changed_s, 2), "s", note)
    yield at_most("produce", "the same again over the first run", round(warm_s / first_s, 3), 0.5, "", note)
    kept = [stage for stage in stages if stage["cached"]]
    each = sum(stage["busy_s"] for stage in kept) / max(sum(stage["runs"] for stage in kept), 1)
    yield shown("produce", "orchestration of a kept stage", round(1000 * each, 1), "ms", f"{len(kept)} stages")
    yield shown("produce", "peak memory", _peak_mb(), "MB", "of this process and its children")


def _run(word: str, until: str) -> tuple[float, list[dict[str, float]]]:
    began_s = time.monotonic()
    out = media_dir() / "out" / "bench" / "produce"
    page: Path = produce(load_production(None, {"script": _SCRIPT.format(word), "out": str(out), "until": until}))
    took_s = time.monotonic() - began_s
    stages = json.loads(page.with_name("report.json").read_text(encoding="utf-8"))["stages"]
    return took_s, list(stages)


def _peak_mb() -> float:
    from av_models.runtime.machine import peak_memory_mb

    return peak_memory_mb()
