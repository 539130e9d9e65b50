"""How long each stage of a run took, and what was kept from an earlier run: a stopwatch hung on the tasks.

The watch runs inside the process of the flow. Asking the API instead would wait for its queue of events, which lags
behind by seconds, and in ephemeral mode loses rows.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from av_models.domain.quality import StageTime

if TYPE_CHECKING:
    from prefect import Task
    from prefect.client.schemas.objects import State, TaskRun

__all__ = ["record_stages", "stage_times"]


@dataclass(frozen=True, slots=True)
class _Run:
    stage: str
    start_s: float
    end_s: float
    cached: bool
    failed: bool


_runs: dict[str, list[_Run]] = defaultdict(list)
_lock = threading.Lock()


def record_stages(*tasks: Task[Any, Any]) -> None:
    """Hang the watch on tasks; once is enough, more does no harm."""
    for task in tasks:
        if _note not in task.on_completion_hooks:
            task.on_completion_hooks.append(_note)
            task.on_failure_hooks.append(_note)


def stage_times(flow_run_id: str) -> tuple[StageTime, ...]:
    """The stages of a run that have ended so far, in the order in which they began."""
    with _lock:
        runs = sorted(_runs.get(flow_run_id, ()), key=lambda run: run.start_s)
    by_stage: dict[str, list[_Run]] = defaultdict(list)
    for run in runs:
        by_stage[run.stage].append(run)
    return tuple(_summed(stage, parts) for stage, parts in by_stage.items())


def _note(task: Task[Any, Any], run: TaskRun, state: State[Any]) -> None:
    began = run.start_time or state.timestamp
    part = _Run(task.name, began.timestamp(), state.timestamp.timestamp(), state.name == "Cached", state.is_failed())
    with _lock:
        _runs[str(run.flow_run_id)].append(part)


def _summed(stage: str, parts: list[_Run]) -> StageTime:
    return StageTime(
        stage,
        len(parts),
        sum(part.cached for part in parts),
        sum(part.failed for part in parts),
        sum(part.end_s - part.start_s for part in parts),
        max(part.end_s for part in parts) - min(part.start_s for part in parts),
    )
