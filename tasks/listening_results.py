"""The answers to a listening test are read, judged and shown: figures, picture and page in the output folder."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.artifacts import show_markdown, show_picture, show_table
from tasks.listening_prompts import listening_dir
from tasks.progress import announce
from tasks.reporting import show_link

__all__ = ["read_answers", "show_results", "write_listening_report"]

Facts = dict[str, Any]


@task(name="read_answers", cache_policy=NO_CACHE, persist_result=False)
def read_answers(name: str) -> Facts:
    """Figures, and every answer, as they are now: the test may be going on. InputError when there is no such test."""
    from av_models.forensics.listening import Heard, judge_answers
    from av_models.io.listening_answers import Answers
    from av_models.io.listening_folder import read_test

    test = read_test(listening_dir(name))
    people = Answers(listening_dir(name)).everybody()
    heard = [
        Heard(one.number, tuple((trial, given.answer) for trial, given in one.answered), one.done) for one in people
    ]
    known = ("name", "title", "voice", "against", "rate_hz", "lufs", "recordings", "made_at")
    return {
        "format": 1,
        **{key: getattr(test, key) for key in known},
        "consent_ids": list(test.consent_ids),
        "read_at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        **judge_answers(test, heard),
        "answers": [
            {
                "listener": one.number,
                "trial": number,
                "item": trial.item,
                "part": str(trial.part),
                "shown": list(trial.shown),
                "answer": trial.chosen(given.answer),
                "plays": list(given.plays),
                "took_ms": given.took_ms,
                "at": given.answered_at,
            }
            for one in people
            for number, (trial, given) in enumerate(one.answered, start=1)
        ],
    }


@task(name="write_listening_report", cache_policy=NO_CACHE, persist_result=False)
def write_listening_report(folder: Path, facts: Facts) -> None:
    """report.json, results.png, report.html and the clips with their marks."""
    from av_models.io.disk import new_file
    from av_models.io.listening_folder import CLIPS
    from av_models.io.listening_pages import write_results
    from av_models.io.listening_pictures import results_png

    if facts["n_answers"]:
        with new_file(folder / "results.png") as part:
            part.write_bytes(results_png(facts))
    shutil.copytree(listening_dir(facts["name"]) / CLIPS, folder / CLIPS, dirs_exist_ok=True)
    write_results(folder, facts)


@task(name="show_results", cache_policy=NO_CACHE, persist_result=False)
def show_results(folder: Path, facts: Facts) -> None:
    """Sentences, picture, tables and the link as artifacts of the run."""
    show_markdown("listening", "\n\n".join(facts["sentences"]), facts["title"])
    if facts["n_answers"]:
        show_picture("listening-results", (folder / "results.png").read_bytes(), facts["sentences"][0])
    if facts["judged"]:
        show_table("listening-clips", _rows(facts["judged"]["clips"]), "How often each clip was taken for a recording")
    if facts["preferred"]:
        said = f"How often {facts['voice']} was chosen before {facts['against']}"
        show_table("listening-pairs", _rows(facts["preferred"]["pairs"]), said)
    show_link(folder / "report.html")
    announce("listening", facts["sentences"][0])


def _rows(clips: list[Facts]) -> list[Facts]:
    return [
        {key: one[key] for key in ("truth", "text", "k", "n", "share", "low", "high") if key in one} for one in clips
    ]
