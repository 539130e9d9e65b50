"""What the attributes of SSML's elements ask for. Every function raises Unheard for what cannot be done."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from fractions import Fraction

from av_models.domain.script import PLAIN, Direction

from .arpabet import check_phones
from .ipa import only_sounds, read_ipa
from .pieces import LONGEST_PAUSE_MS
from .wishes import DIRECTIONS, Unheard, direction_of

__all__ = ["SAY_AS", "break_ms", "directed", "emphasis_of", "phones_of", "read_as"]

_STRENGTHS_MS = {"none": 0, "x-weak": 100, "weak": 200, "medium": 400, "strong": 700, "x-strong": 1200}
_REDUCED = Direction(rate=1.1, pitch_st=-1.0, volume_db=-2.0)
_LEVELS = {"strong": (2, PLAIN), "moderate": (1, PLAIN), "none": (0, PLAIN), "reduced": (0, _REDUCED)}
_ARPABETS = ("x-arpabet", "arpabet", "x-cmu", "cmu-arpabet")
_LETTERS = ("characters", "spell-out", "verbatim", "letters")
_DIGITS = ("digits", "telephone")
_USUAL = ("cardinal", "number", "date", "time", "currency", "unit", "fraction", "address")
SAY_AS: Mapping[str, bool] = dict.fromkeys((*_LETTERS, *_DIGITS, "ordinal"), True) | dict.fromkeys(_USUAL, False)
"""Kinds of <say-as>, and whether they change how the text is read: dates, times and sums are told by how they look."""


def break_ms(attributes: Mapping[str, str]) -> int:
    """Milliseconds of a <break>; 0 for strength 'none'."""
    if "time" in attributes:
        match = re.fullmatch(r"\s*\+?(\d+(?:\.\d+)?)\s*(ms|s)\s*", attributes["time"].lower())
        length_ms = round(Fraction(match[1]) * (1000 if match[2] == "s" else 1)) if match else 0
        if not 0 < length_ms <= LONGEST_PAUSE_MS:
            longest = LONGEST_PAUSE_MS // 1000
            raise Unheard(f"a break of '{attributes['time']}'", f"a time such as 400ms or 0.4s, at most {longest} s")
        return length_ms
    strength = attributes.get("strength", "medium").lower()
    if strength not in _STRENGTHS_MS:
        raise Unheard(f"a break of strength '{strength}'", f"one of {', '.join(_STRENGTHS_MS)}")
    return _STRENGTHS_MS[strength]


def directed(attributes: Mapping[str, str]) -> tuple[Direction, tuple[str, ...]]:
    """What a <prosody> asks for, and the names of attributes that no voice here obeys."""
    together = PLAIN
    for name in DIRECTIONS:
        if name in attributes:
            together = direction_of(name, attributes[name]).within(together)
    return together, tuple(name for name in attributes if name not in DIRECTIONS)


def emphasis_of(attributes: Mapping[str, str]) -> tuple[int, Direction]:
    """Of an <emphasis>, which is moderate where it says nothing."""
    level = attributes.get("level", "moderate").lower()
    if level not in _LEVELS:
        raise Unheard(f"emphasis of level '{level}'", f"one of {', '.join(_LEVELS)}")
    return _LEVELS[level]


def phones_of(attributes: Mapping[str, str]) -> tuple[str, ...]:
    """ARPAbet of a <phoneme> in IPA or ARPAbet."""
    alphabet, written = attributes.get("alphabet", "ipa").lower(), attributes.get("ph", "").strip()
    if alphabet in _ARPABETS:
        phones = tuple(written.upper().split())
        if problem := check_phones(phones):
            raise Unheard(f"a phoneme with {problem}", "ARPAbet such as AH0 B AW1 T, vowels with 0, 1 or 2")
        return phones
    if alphabet != "ipa":
        raise Unheard(f"the alphabet '{alphabet}'", "ipa or x-arpabet")
    sounds = read_ipa(unicodedata.normalize("NFC", written.replace("'", "ˈ").replace(".", "")), "en-us")
    strange = [sound.text for sound in sounds if not sound.phones and sound.text.isalnum() and sound.text not in "ːˑˈˌ"]
    phones = tuple(phone for sound in only_sounds(sounds) for phone in sound.phones)
    if not phones or strange:
        raise Unheard(f"the pronunciation '{written}'", "IPA such as təˈmeɪtoʊ")
    return phones


def read_as(kind: str, text: str) -> tuple[str, ...]:
    """The words that are read for the text of a <say-as> of a kind that SAY_AS knows; () for the text itself."""
    if kind in _LETTERS or kind in _DIGITS:
        return tuple(character.upper() for character in text if character.isalnum())
    plain = text.strip()
    return (_ordinal(plain),) if kind == "ordinal" and plain.isdecimal() else ()


def _ordinal(digits: str) -> str:
    teen = digits[-2:-1] == "1"
    return digits + ("th" if teen else {"1": "st", "2": "nd", "3": "rd"}.get(digits[-1], "th"))
