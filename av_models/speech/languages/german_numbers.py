"""Numbers as spoken German, through num2words. Every function returns lower-case words without punctuation."""

from __future__ import annotations

import re

from .german_words import MONTHS

__all__ = ["NUMBER", "cardinal", "date", "decimal", "digits", "fraction", "ordinal", "plain", "year"]

NUMBER = r"(?:\d{1,3}(?:[.']\d{3})+|\d+)(?:,\d+)?"
"""1.000 and 1'000 are a thousand, 3,5 is three and a half."""


def _spoken(number: int, to: str = "cardinal") -> str:
    from num2words import num2words

    try:
        return str(num2words(number, lang="de", to=to)).lower()
    except (NotImplementedError, OverflowError) as error:
        raise ValueError(f"cannot say the number {number} in German") from error


def plain(text: str) -> str:
    """'1.234,5' -> '1234,5'."""
    return re.sub(r"[.']", "", text)


def cardinal(number: int | str, one: str = "eins") -> tuple[str, ...]:
    """42 -> zweiundvierzig. one: how a lone 1 is said, 'ein' or 'eine' before what is counted."""
    value = int(plain(str(number)))
    return (one,) if value == 1 else tuple(_spoken(value).split())


def decimal(text: str, one: str = "eins") -> tuple[str, ...]:
    """'-1.234,50' -> minus eintausendzweihundertvierunddreißig komma fünf null."""
    whole, _, part = text.lstrip("+-").partition(",")
    sign = {"-": ("minus",), "+": ("plus",)}.get(text[:1], ())
    words = (*sign, *cardinal(whole or "0", one if not part else "eins"))
    return (*words, "komma", *digits(part)) if part else words


def digits(text: str) -> tuple[str, ...]:
    """'0351' -> null drei fünf eins. Everything that is not a digit is skipped."""
    return tuple(_spoken(int(digit)) for digit in text if digit.isdecimal())


def year(number: int) -> tuple[str, ...]:
    """1984 -> neunzehnhundertvierundachtzig."""
    return tuple(_spoken(number, "year").split())


def ordinal(number: int, ending: str = "e") -> str:
    """(3, 'en') -> dritten."""
    return _spoken(number, "ordinal").removesuffix("e") + ending


def fraction(over: int, under: int) -> tuple[str, ...]:
    """(3, 4) -> drei viertel; (1, 2) -> ein halb."""
    part = ("halb" if over == 1 else "halbe") if under == 2 else ordinal(under, "el")
    return (*cardinal(over, "ein"), part)


def date(day: int, month: int, in_year: int | None, ending: str) -> tuple[str, ...]:
    """(3, 10, 2024, 'en') -> dritten oktober zweitausendvierundzwanzig. ValueError when it is in no calendar."""
    if not (1 <= month <= 12 and 1 <= day <= 31):
        raise ValueError(f"the date {day}.{month}., which is not in the calendar")
    return (ordinal(day, ending), MONTHS[month - 1], *(year(in_year) if in_year is not None else ()))
