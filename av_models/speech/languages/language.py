"""What a language is to a script: how written words are said and which full stops end a sentence.

A further language is one module with a class that fulfils `Language`, and one line in `known.py`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

__all__ = ["SIGNS", "Language", "Place", "no_picture", "strip_punctuation"]

SIGNS = frozenset("&+=%@/×÷*<>°$€£#~§±≈")
"""Spoken although they are no words. Every language says them in its own way."""
_FIRST_PICTURE = 0x2190  # arrows, dingbats and emoji; ° and © lie below
_KEYCAP = 0x20E3
_INVISIBLE = dict.fromkeys(
    [
        0xAD,
        0x200B,
        0x2060,
        0xFE0E,
        0xFE0F,
        0xFEFF,
        *range(0x200E, 0x2010),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
    ]
)
"""Soft hyphens, zero spaces, choices of glyphs and marks of writing direction: they shape what is seen and say
nothing."""


@dataclass(frozen=True, slots=True)
class Place:
    """A written word among its neighbours.

    cores: all words of the line without their outer punctuation, '' for bare punctuation.  stops: which of them are
    followed by a full stop.  index: of this one.  shouting: the whole line is in capitals.
    """

    cores: tuple[str, ...]
    stops: tuple[bool, ...]
    index: int
    shouting: bool

    @property
    def core(self) -> str:
        return self.cores[self.index]

    @property
    def before(self) -> str:
        return self.core_at(-1)

    @property
    def after(self) -> str:
        return self.core_at(1)

    @property
    def stop(self) -> bool:
        return self.stops[self.index]

    @property
    def is_last(self) -> bool:
        return self.index == len(self.cores) - 1

    def core_at(self, offset: int) -> str:
        """The word so many places further on; '' beyond the ends of the line."""
        index = self.index + offset
        return self.cores[index] if 0 <= index < len(self.cores) else ""

    def stop_at(self, offset: int) -> bool:
        index = self.index + offset
        return 0 <= index < len(self.stops) and self.stops[index]


class Language(Protocol):
    """code: ISO 639-1, such as 'de'.  name: as users know it, 'German'.  ipa: sounds that espeak-ng writes unusually
    for this language, and what its phoneticians write."""

    code: str
    name: str
    ipa: Mapping[str, str]

    def speak(self, place: Place) -> tuple[str, ...]:
        """Lower-case spoken words of a word that is not bare punctuation; a ValueError says what cannot be spoken."""
        ...

    def ends_sentence(self, place: Place) -> bool:
        """Whether the full stop after this word ends a sentence, and does not only shorten the word or count."""
        ...


def strip_punctuation(word: str) -> str:
    """'("Hello!")' -> 'Hello'. Signs that are spoken (currency, %, °, -5) stay. Curly apostrophes become straight."""
    plain = "".join(map(_plain, unicodedata.normalize("NFC", word).translate(_INVISIBLE)))
    if plain in SIGNS:
        return plain
    core = re.sub(r"^(?![-+]?[$€£¥₹]?\d)[^\w$€£¥₹#@&%°+=~§±≈'<>]+", "", plain)
    core = core[: max((n for n, character in enumerate(core, 1) if _ends_word(character)), default=0)]
    return core.removeprefix("'") if not re.match(r"'\d0s|'[a-z]", core) else core


def no_picture(word: str) -> None:
    """Raise ValueError for emoji and other pictures."""
    for character in word:
        picture = unicodedata.category(character) == "So" and ord(character) >= _FIRST_PICTURE
        if picture or ord(character) == _KEYCAP:
            raise ValueError(f"'{word if ord(character) == _KEYCAP else character}', which cannot be spoken")


def _plain(character: str) -> str:
    """Wide, bold and joined letters ("Ｈ", "𝐇", "ﬁ") as usual ones, ½ as 1/2, curly apostrophes straight."""
    if character in "’‘":
        return "'"
    is_letter = character.isalpha() and unicodedata.name(character).startswith(
        ("FULLWIDTH", "MATHEMATICAL", "LATIN SM")
    )
    if (is_letter and ord(character) > 0x1EFF) or unicodedata.decomposition(character).startswith("<fraction>"):
        return unicodedata.normalize("NFKC", character).replace("⁄", "/")
    return character


def _ends_word(character: str) -> bool:
    """Letters, digits and vowel signs, and what is spoken after a number."""
    return character.isalnum() or character in "_%°²³€£$+" or unicodedata.category(character)[0] == "M"
