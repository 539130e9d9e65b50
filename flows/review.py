"""The gates: a run stops after speech, model or swap until somebody approves, asks for another take, or rejects.

The question appears where the run was started: in the terminal, or as a form of the Prefect UI. Gates stand in the
parent flow only, and each has a key of its own, so that a branch that is skipped does not shift the others.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from prefect.input import RunInput
from pydantic import Field, ValidationError

from av_models.domain.errors import RejectedError

__all__ = ["Decision", "Gate", "ModelReview", "SpeechReview", "SwapReview", "Verdict", "ask", "line_numbers"]

_WAIT_S = 7 * 24 * 3600
_POLL_S = 2
_LINES = r"^[0-9,\s-]*$"
_DATA_PICTURE = re.compile(r"!\[[^\]]*\]\(data:[^)]*\)\s*")

Choice = Literal["approve", "redo", "reject"]


class Gate(StrEnum):
    SPEECH = "speech"
    MODEL = "model"
    SWAP = "swap"


class Verdict(StrEnum):
    APPROVE = "approve"
    REDO = "redo"
    REJECT = "reject"


class SpeechReview(RunInput):
    """Listen to the lines, then decide."""

    verdict: Choice = Field(
        default="approve", description="redo speaks lines again with another seed; reject ends the run"
    )
    lines: str = Field(
        default="", pattern=_LINES, description="For redo: line numbers, such as 2, 5-7; empty means all"
    )
    notes: str = Field(default="", description="Kept with the run")


class ModelReview(RunInput):
    """Look at the preview of the swap model, then decide."""

    verdict: Choice = Field(default="approve", description="redo trains on; reject ends the run")
    more_minutes: float = Field(default=5.0, gt=0, le=600, description="For redo: minutes of further training")
    notes: str = Field(default="", description="Kept with the run")


class SwapReview(RunInput):
    """Look at the swapped pictures, then decide."""

    verdict: Choice = Field(default="approve", description="redo trains on and swaps again; reject ends the run")
    more_minutes: float = Field(default=5.0, gt=0, le=600, description="For redo: minutes of further training")
    notes: str = Field(default="", description="Kept with the run")


Review = SpeechReview | ModelReview | SwapReview
_FORMS: dict[Gate, type[Review]] = {Gate.SPEECH: SpeechReview, Gate.MODEL: ModelReview, Gate.SWAP: SwapReview}


@dataclass(frozen=True, slots=True)
class Decision:
    """lines: to speak again, from 1; empty means all.  more_minutes: of training."""

    verdict: Verdict = Verdict.APPROVE
    lines: tuple[int, ...] = ()
    more_minutes: float = 0.0
    notes: str = ""

    @property
    def redo(self) -> bool:
        return self.verdict is Verdict.REDO

    def reseed(self, seeds: tuple[int, ...]) -> tuple[int, ...]:
        """The seeds of the next take: changed for the lines that are to be spoken again, kept for the others."""
        again = set(self.lines or range(1, len(seeds) + 1))
        return tuple(seed + (number in again) for number, seed in enumerate(seeds, start=1))

    def budget_s(self, before_s: float) -> float:
        """The training budget of the next take."""
        return before_s + 60 * self.more_minutes


def ask(gate: Gate, description: str, *, take: int = 1, review: bool = True, n_lines: int = 0) -> Decision:
    """Ask for a verdict on `description` (markdown) and wait for it. Raises RejectedError on reject.

    take: from 1, part of the pause's key.  review: False answers with the default verdict at once, as does a run
    that nobody can reach (no terminal and no Prefect server).  n_lines: of the script, to check line numbers.
    """
    if not review:
        return Decision()
    if _at_terminal():
        decision = _ask_terminal(gate, description, n_lines)
    elif _has_page():
        decision = _ask_form(gate, description, take, n_lines)
    else:
        _log("Nobody can answer the %s gate here (no terminal, no Prefect server): approved by default.", gate)
        decision = Decision()
    _log("The %s gate, take %s: %s. %s", gate, take, decision.verdict, decision.notes)
    if decision.verdict is Verdict.REJECT:
        raise RejectedError(str(gate), decision.notes)
    return decision


def line_numbers(text: str, n_lines: int) -> tuple[int, ...]:
    """'2, 5-7' -> (2, 5, 6, 7). Raises ValueError with a sentence for people; n_lines 0 checks no upper bound."""
    numbers: set[int] = set()
    for part in filter(None, re.split(r"[,\s]+", re.sub(r"\s*-\s*", "-", text.strip()))):
        if not (found := re.fullmatch(r"(\d+)(?:-(\d+))?", part)):
            raise ValueError(f"'{part}' is no line number; write numbers such as 2, 5-7.")
        first, last = int(found[1]), int(found[2] or found[1])
        if not 1 <= first <= last or (n_lines and last > n_lines):
            raise ValueError(f"There is no line {part}; the script has lines 1 to {n_lines or last}.")
        numbers.update(range(first, last + 1))
    return tuple(sorted(numbers))


def _ask_form(gate: Gate, description: str, take: int, n_lines: int) -> Decision:
    """Pause the run with a form; an answer that cannot be used is asked for again, with the reason on top."""
    from prefect import pause_flow_run
    from prefect.runtime import flow_run

    attempt, trouble = 0, ""
    while True:
        attempt += 1
        form = _FORMS[gate].with_initial_data(description=f"{trouble}{description}")
        # A retried run is asked again, because its run count is part of the key.
        key = f"{gate}-take-{take}-run-{flow_run.run_count or 1}-{attempt}"
        try:
            answer = pause_flow_run(wait_for_input=form, timeout=_WAIT_S, poll_interval=_POLL_S, key=key)
            return _decision(answer or _FORMS[gate](), n_lines)
        except (ValidationError, ValueError) as error:
            trouble = f"**That answer could not be used.** {error}\n\n"


def _ask_terminal(gate: Gate, description: str, n_lines: int) -> Decision:
    import typer

    typer.echo(_DATA_PICTURE.sub("", description).strip(), err=True)
    letters = {"a": "approve", "r": "redo", "x": "reject"}
    while True:
        typed = typer.prompt(f"{gate}: [a]pprove, [r]edo, re[x]ject", default="a", err=True).strip().lower()
        verdict = letters.get(typed, typed)
        if verdict in tuple(Verdict):
            break
        typer.echo("Type a, r or x.", err=True)
    given: dict[str, object] = {"verdict": verdict}
    if verdict == "redo" and gate is Gate.SPEECH:
        given["lines"] = _typed_lines(n_lines)
    elif verdict == "redo":
        given["more_minutes"] = typer.prompt("Minutes of further training", default=5.0, type=float, err=True)
    if verdict != "approve":
        given["notes"] = typer.prompt("Notes", default="", show_default=False, err=True)
    return _decision(_FORMS[gate].model_validate(given), n_lines)


def _typed_lines(n_lines: int) -> str:
    import typer

    while True:
        typed: str = typer.prompt("Lines, such as 2, 5-7 (empty: all)", default="", show_default=False, err=True)
        try:
            line_numbers(typed, n_lines)
        except ValueError as error:
            typer.echo(str(error), err=True)
            continue
        return typed


def _decision(answer: Review, n_lines: int) -> Decision:
    lines = line_numbers(answer.lines, n_lines) if isinstance(answer, SpeechReview) else ()
    minutes = 0.0 if isinstance(answer, SpeechReview) else answer.more_minutes
    return Decision(Verdict(answer.verdict), lines, minutes, answer.notes)


def _at_terminal() -> bool:
    """The run was started by hand in this terminal, not by a deployment."""
    from prefect.runtime import deployment

    return deployment.id is None and sys.stdin.isatty() and sys.stderr.isatty()


def _has_page() -> bool:
    """A server with pages on which to answer: a run that brings its own server has none."""
    import httpx
    from prefect.settings import PREFECT_API_URL

    root = str(PREFECT_API_URL.value() or "").removesuffix("/").removesuffix("/api")
    try:
        return bool(root) and httpx.get(root, timeout=10, follow_redirects=True, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _log(message: str, *values: object) -> None:
    from prefect.exceptions import MissingContextError
    from prefect.logging import get_logger, get_run_logger

    try:
        logger = get_run_logger()
    except MissingContextError:
        logger = get_logger("flows.review")
    logger.info(message, *values)
