"""Languages by their tag. A further language is one module and one line here."""

from __future__ import annotations

from collections.abc import Callable

from .english import English
from .german import German
from .language import Language
from .unknown import ReadByEspeak

__all__ = ["is_known", "known_names", "language_of"]

_LANGUAGES: dict[str, Callable[[], Language]] = {"en": English, "de": German}


def language_of(tag: str) -> Language:
    """The reader for a BCP-47 tag: our own, else the one that leaves numbers and short forms to espeak-ng."""
    code = tag.lower().partition("-")[0]
    return _LANGUAGES[code]() if code in _LANGUAGES else ReadByEspeak(code)


def is_known(tag: str) -> bool:
    """Whether numbers, dates and short forms of this language are spelled out here."""
    return tag.lower().partition("-")[0] in _LANGUAGES


def known_names() -> tuple[str, ...]:
    """'English', 'German'."""
    return tuple(make().name for make in _LANGUAGES.values())
