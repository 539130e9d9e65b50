"""The page of a listening test and the page of its results, each whole in one file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from av_models.domain.listening import ListeningTest, Part, plan_of

from .disk import new_file
from .report import page_template

__all__ = ["test_page", "write_results"]


def test_page(test: ListeningTest, nonce: str, withdrawn: str) -> str:
    """What a listener gets first. nonce: of the response's content security policy.  withdrawn: '' while it goes on."""
    return str(
        page_template("listening.html.j2").render(
            title=test.title,
            nonce=nonce,
            withdrawn=withdrawn,
            key=hashlib.sha256(f"{test.name}/{test.made_at}".encode()).hexdigest()[:12],
            n_trials=len(plan_of(test, 0)),
            some_recorded=bool(test.of(Part.JUDGE)),
            headphones=bool(test.of(Part.HEADPHONES)),
        )
    )


def write_results(folder: Path, facts: Mapping[str, Any]) -> None:
    """report.json and report.html beside results.png and clips/. facts: JSON values."""
    with new_file(folder / "report.json") as part:
        part.write_text(json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    page = page_template("listening_results.html.j2").render(facts=facts)
    with new_file(folder / "report.html") as part:
        part.write_text(page, encoding="utf-8")
