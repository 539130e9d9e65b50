"""Languages without a table of their own: words as they stand, numbers and short forms as espeak-ng reads them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

from .language import Place

__all__ = ["ReadByEspeak"]


class ReadByEspeak:
    """espeak-ng has rules for the numbers of some hundred languages, but neither dates nor most short forms."""

    ipa: Mapping[str, str] = MappingProxyType({})

    def __init__(self, code: str) -> None:
        self.code = self.name = code

    def speak(self, place: Place) -> tuple[str, ...]:
        """The word itself in lower case; what has neither letters nor digits says nothing."""
        said = place.core.lower()
        return (said,) if any(unicodedata.category(character)[0] in "LN" for character in said) else ()

    def ends_sentence(self, place: Place) -> bool:
        """Not after initials, nor before a word that goes on in small letters."""
        initials = re.fullmatch(r"(?:[^\W\d_]\.)*[^\W\d_]", place.core) and place.core.isupper()
        return place.is_last or not (initials or place.after[:1].islower())
