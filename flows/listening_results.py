"""What the answers to a listening test say so far."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow
from pydantic import BaseModel, ConfigDict, Field

from av_models.io.output_folder import output_folder
from tasks.listening_results import read_answers, show_results, write_listening_report
from tasks.stages import record_stages
from tasks.workspace import media_dir

__all__ = ["ListeningResults", "listening_results"]

record_stages(read_answers, write_listening_report, show_results)


class ListeningResults(BaseModel):
    """Which answers to read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, description="Of the test.")
    out: str = Field(default="", description="Folder of the page; media/out/listening/NAME if empty.")

    @property
    def out_dir(self) -> Path:
        return Path(self.out).expanduser().absolute() if self.out else media_dir() / "out" / "listening" / self.name


@flow(
    name="listening-results",
    description="What the answers to a listening test say so far: shares with intervals, d', preference.",
    flow_run_name="{asked.name}",
    persist_result=False,
)
def listening_results(asked: ListeningResults) -> dict[str, Any]:
    """Figures, picture and page of a test, which may be going on."""
    facts, target = read_answers(asked.name), asked.out_dir
    with output_folder(target) as folder:
        write_listening_report(folder, facts)
    show_results(target, facts)
    told = {key: value for key, value in facts.items() if key != "answers"}
    return {"out": str(target), "page": str(target / "report.html"), **told}
