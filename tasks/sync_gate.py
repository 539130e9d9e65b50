"""Bad sync can stop a master: what is beyond the limits, and where a master lies that was refused."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from prefect import task
from prefect.cache_policies import NO_CACHE

from av_models.domain.errors import QualityError
from av_models.domain.quality import QualityReport
from av_models.domain.sync import LipSync, SyncGate, SyncLimits
from av_models.forensics.sync_rules import breaches, doubts
from tasks.artifacts import in_run
from tasks.delivery import note_outputs
from tasks.progress import announce
from tasks.quality import write_report

__all__ = ["REJECTED", "judge_sync", "refuse_master"]

REJECTED = "rejected"
"""Folder inside the output folder, which keeps its earlier results."""

_REMEDY = (
    "Look at the section 'Lips against speech' of that page; change script, footage or --lips, or let it pass with "
    "--set sync.gate=warn."
)


@task(name="judge_sync", cache_policy=NO_CACHE, persist_result=False)
def judge_sync(
    quality: QualityReport, gate: SyncGate, limits: SyncLimits, reference: LipSync | None = None
) -> tuple[str, ...]:
    """What is surely beyond the limits, a clause each; nothing with the gate off. What is doubtful is only told.

    reference: the actor's own clip by the same measure: lips that the actor did not close are not asked for.
    """
    if gate is SyncGate.OFF:
        return ()
    found = breaches(quality.sync, limits, reference)
    for clause in (*found, *(f"cannot tell whether {clause}" for clause in doubts(quality.sync, limits, reference))):
        announce("sync", clause)
    return found


def refuse_master(
    folder: Path, out: Path, findings: Sequence[str], production: dict[str, Any], **made: Any
) -> NoReturn:
    """Keep what the run made, with its report, in `out`/rejected, and end the run. The rest of `out` is left alone.

    folder: what was made.  made: as `write_report` takes it.  Raises QualityError.
    """
    from av_models.io.output_folder import output_folder

    place = out / REJECTED
    out.mkdir(parents=True, exist_ok=True)
    with output_folder(place) as part:
        shutil.copytree(folder, part, dirs_exist_ok=True)
    note, write = (note_outputs, write_report) if in_run() else (note_outputs.fn, write_report.fn)
    if clearance := made.get("clearance"):
        note(place, clearance.consent_ids, made)
    write(place, production, refused=tuple(findings), **made)
    raise QualityError("; ".join(findings), str(place), _REMEDY)
