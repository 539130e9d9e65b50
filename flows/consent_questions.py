"""What `flow consent new` asks in a terminal, when an option was not given."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from av_models.domain.errors import InputError

__all__ = ["Questions"]


class Questions:
    """interactive: ask for what is missing; otherwise name the option that was left out."""

    def __init__(self, interactive: bool) -> None:
        self.interactive = interactive

    def text(self, option: str, question: str, given: str) -> str:
        if given:
            return given
        self._need(option)
        return str(typer.prompt(question)).strip()

    def several(self, option: str, question: str, given: Sequence[str] | None) -> list[str]:
        if given:
            return list(given)
        self._need(option)
        return str(typer.prompt(f"{question}, separated by commas")).replace(",", " ").split()

    def with_default(self, question: str, given: Sequence[str] | None, default: str) -> list[str]:
        if given or not self.interactive:
            return list(given or [default])
        return str(typer.prompt(f"{question}, separated by commas", default=default)).replace(",", " ").split()

    def file(self, question: str, given: Path | None) -> Path | None:
        if given or not self.interactive:
            return given
        return Path(str(typer.prompt(question)).strip()).expanduser()

    def files(self, question: str, given: Sequence[Path] | None) -> list[Path]:
        if given or not self.interactive:
            return list(given or [])
        answers = str(typer.prompt(f"{question}, separated by commas", default="", show_default=False))
        return [Path(one.strip()).expanduser() for one in answers.split(",") if one.strip()]

    def confirmed(self, question: str, given: bool) -> bool:
        return given or (self.interactive and typer.confirm(question))

    def _need(self, option: str) -> None:
        if not self.interactive:
            raise InputError(
                f"--{option} is missing.", "Give it, or run `flow consent new` in a terminal, where it asks for it."
            )
