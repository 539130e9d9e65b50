"""Style references, brought in: whose lines each is for, its sound into the store, its text from beside it."""

from __future__ import annotations

from collections.abc import Mapping

from av_models.domain.errors import MediaError
from av_models.domain.style import Reference
from tasks.texts import text_beside
from tasks.workspace import find_input, store

__all__ = ["open_references"]


def open_references(styles: Mapping[str, str]) -> tuple[Reference, ...]:
    """Recordings by whose lines they are for. The text of x.wav is x.txt beside it. MediaError where there is none."""
    found = []
    for of, name in sorted(styles.items()):
        path = find_input(name)
        if path is None:
            raise MediaError(name, "there is no such style reference", "Check the path.")
        found.append(Reference(of.strip().upper(), path.name, store().put_file(path), text_beside(path)))
    return tuple(found)
