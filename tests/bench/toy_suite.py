"""Two figures, and then trouble."""

from __future__ import annotations

from collections.abc import Iterator

from av_models.domain.bench import BenchRow, at_least, at_most
from av_models.domain.errors import ModelError


def rows(quick: bool) -> Iterator[BenchRow]:
    yield at_most("part", "small is good", 3.0, 5, "ms", "quick" if quick else "all")
    yield at_least("part", "much is good", 3.0, 5)
    raise ModelError("The weights are gone.", "Fetch them.")
