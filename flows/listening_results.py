"""What the answers to a listening test say so far."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow

from av_models.io.output_folder import output_folder
from tasks.listening_prompts import listening_dir
from tasks.listening_results import read_answers, show_results, write_listening_report
from tasks.stages import record_stages
from tasks.workspace import media_dir

__all__ = ["listening_results"]

record_stages(read_answers, write_listening_report, show_results)


@flow(
    name="listening-results",
    description="What the answers to a listening test say so far: shares with intervals, d', preference.",
    flow_run_name="{name}",
    persist_result=False,
)
def listening_results(name: str, out: str = "") -> dict[str, Any]:
    """Figures, picture and page of the test `name` into `out`, by default media/out/listening/NAME."""
    listening_dir(name)
    target = Path(out).expanduser().absolute() if out else media_dir() / "out" / "listening" / name
    facts = read_answers(name)
    with output_folder(target) as folder:
        write_listening_report(folder, facts)
    show_results(target, facts)
    return {
        "out": str(target),
        "page": str(target / "report.html"),
        **{k: v for k, v in facts.items() if k != "answers"},
    }
