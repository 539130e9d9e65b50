"""English: numbers, dates, money, units, short forms, initials, numerals of kings.

Each written word keeps its place: "$5 million" becomes (("five",), ("million", "dollars")), so captions and speech stay
side by side.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from types import MappingProxyType

from . import english_numbers as numbers
from . import english_words as short
from .language import Place

__all__ = ["English"]

_NUMBER = r"\d[\d,]*(?:\.\d+)?"
_MONEY = rf"-?[$€£¥₹]({_NUMBER})(k|m|bn|b|tn)?"
_SHORT_MONTHS = tuple(month[:3] for month in numbers.MONTHS)
_NUMBERED = frozenset({
    "act", "book", "chapter", "episode", "level", "lesson", "mark", "part", "phase", "round", "scene",
    "section", "volume", "war",
})  # fmt: skip

_Rule = Callable[[Place], tuple[str, ...] | None]


class English:
    code, name = "en", "English"
    ipa: Mapping[str, str] = MappingProxyType({})

    def speak(self, place: Place) -> tuple[str, ...]:
        for rule in _RULES:
            said = rule(place)
            if said is not None:
                return tuple(part for word in said for part in word.split())
        return _compound(place)

    def ends_sentence(self, place: Place) -> bool:
        plain = place.core.lower()
        if place.is_last:
            return True
        if plain in short.NEVER_ENDS_A_SENTENCE or re.fullmatch(r"[A-Z]", place.core):
            return False
        if plain in short.PLAIN or re.fullmatch(r"(?:\w\.)+\w", place.core):
            return place.after[:1].isupper()
        return True


def _symbol(place: Place) -> tuple[str, ...] | None:
    if place.core == "*" and not (re.fullmatch(_NUMBER, place.before) and re.fullmatch(_NUMBER, place.after)):
        return ()
    if place.core in short.SYMBOLS:
        return (short.SYMBOLS[place.core],)
    if match := re.fullmatch(r"#(\d+)", place.core):
        return ("number", *numbers.cardinal(match[1]))
    return None


def _money(place: Place) -> tuple[str, ...] | None:
    if place.core.lower() in short.MAGNITUDES and (match := re.fullmatch(_MONEY, place.before)):
        return (place.core.lower(), numbers.currency_plural(place.before.lstrip("-")[0]))
    price, per, unit = place.core.partition("/")
    if per and unit.lower() in short.UNITS and re.fullmatch(_MONEY, price):
        return (*numbers.money(price[0], price[1:]), "per", short.UNITS[unit.lower()][0])
    match = re.fullmatch(_MONEY, place.core, re.IGNORECASE)
    if not match:
        return None
    symbol, sign = place.core.lstrip("-")[0], ("minus",) if place.core.startswith("-") else ()
    if match[2]:
        magnitude = short.MAGNITUDE_LETTERS[match[2].lower()]
        return (*sign, *numbers.decimal(match[1]), magnitude, numbers.currency_plural(symbol))
    return (*sign, *numbers.money(symbol, match[1], unit=place.after.lower() not in short.MAGNITUDES))


def _clock(place: Place) -> tuple[str, ...] | None:
    if match := re.fullmatch(r"(\d{1,2})(?::([0-5]\d))?\s*([ap])\.?m", place.core, re.IGNORECASE):
        hour, minute = int(match[1]), int(match[2] or 0)
        time = numbers.time_of_day(hour, minute) if minute else numbers.cardinal(hour)
        return (*time, match[3].lower(), "m")
    if match := re.fullmatch(r"([01]?\d|2[0-4]):([0-5]\d)", place.core):
        hour, minute = int(match[1]), int(match[2])
        short_of_half_day = re.fullmatch(r"[ap]\.?m", place.after, re.IGNORECASE)
        return numbers.cardinal(hour) if short_of_half_day and not minute else numbers.time_of_day(hour, minute)
    return ("a", "m") if place.core.lower() == "a.m" else ("p", "m") if place.core.lower() == "p.m" else None


def _date(place: Place) -> tuple[str, ...] | None:
    if match := re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", place.core):
        year, month, day = (int(group) for group in match.groups())
    elif match := re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", place.core):
        month, day, year = (int(group) for group in match.groups())
    elif re.fullmatch(r"\d{1,2}", place.core) and _is_month(place.before) and 1 <= int(place.core) <= 31:
        return numbers.ordinal(place.core)
    else:
        return None
    if not (1 <= month <= 12 and 1 <= day <= 31):
        raise ValueError(f"the date '{place.core}', which is not in the calendar")
    return (numbers.MONTHS[month - 1], *numbers.ordinal(day), *numbers.year(year))


def _is_month(word: str) -> bool:
    return word.lower() in numbers.MONTHS or word.lower() in _SHORT_MONTHS or word.lower() == "sept"


def _year(place: Place) -> tuple[str, ...] | None:
    if match := re.fullmatch(r"'?(\d\d|1\d\d\d|20\d\d)s", place.core):
        *head, last = numbers.year(int(match[1])) if len(match[1]) == 4 else numbers.cardinal(match[1])
        return (*head, last[:-1] + "ies" if last.endswith("y") else last + "s")
    if re.fullmatch(r"1[1-9]\d\d|20\d\d", place.core) and place.after.lower() not in short.UNITS:
        return numbers.year(int(place.core))
    return None


def _quantity(place: Place) -> tuple[str, ...] | None:
    """Numbers with a unit glued on ("5km", "20°C", "50%", "4K"), and units that follow a number."""
    plain = place.core.lower()
    number_before = re.fullmatch(_NUMBER, place.before)
    if number_before and plain in short.UNITS and plain not in short.GLUED_ONLY:
        return (short.UNITS[plain][place.before != "1"],)
    match = re.fullmatch(rf"([-+]?)({_NUMBER})([^\d\s]+)", place.core)
    if match and match[3].lower() in short.UNITS and match[3] not in {"K", "G", "M", "S", "H"}:
        sign = {"-": ("minus",), "+": ("plus",)}.get(match[1], ())
        return (*sign, *numbers.decimal(match[2]), short.UNITS[match[3].lower()][match[2] != "1"])
    return None


def _number(place: Place) -> tuple[str, ...] | None:
    core = place.core
    if match := re.fullmatch(r"(\d+)(?:st|nd|rd|th)", core, re.IGNORECASE):
        return numbers.ordinal(match[1])
    if re.fullmatch(r"\+?\d{2,}(?:[-.]\d{2,})*[-.]\d{4}|\+\d+|0\d+|\d{10,}", core):
        return (*(("plus",) if core.startswith("+") else ()), *numbers.digits(core))
    if re.fullmatch(rf"-?(?:{_NUMBER}|\.\d+)", core):
        return numbers.decimal(core)
    if match := re.fullmatch(r"(\d{1,2})/(\d{1,3})", core):
        over, under = int(match[1]), int(match[2])
        is_part = over < under and (under <= 10 or under in (12, 16, 20, 32, 50, 64, 100))
        return numbers.fraction(over, under) if is_part else (*numbers.cardinal(over), *numbers.cardinal(under))
    if match := re.fullmatch(rf"({_NUMBER})[-–]({_NUMBER})", core):
        return (*_either_number(match[1]), "to", *_either_number(match[2]))
    return None


def _either_number(text: str) -> tuple[str, ...]:
    return numbers.year(int(text)) if re.fullmatch(r"1[1-9]\d\d|20\d\d", text) else numbers.decimal(text)


def _roman(place: Place) -> tuple[str, ...] | None:
    value = numbers.roman_value(place.core)
    if value is None:
        return None
    if place.before.lower() in _NUMBERED:
        return numbers.cardinal(value)
    if len(place.core) > 1 and re.fullmatch(r"[A-Z][a-z]+", place.before):
        return ("the", *numbers.ordinal(value))
    return None


def _abbreviation(place: Place) -> tuple[str, ...] | None:
    plain = place.core.lower()
    if plain in {"st", "dr"} and place.core[:1].isupper():
        title = {"st": "saint", "dr": "doctor"}[plain]
        road = {"st": "street", "dr": "drive"}[plain]
        return (title if place.after[:1].isupper() or plain == "dr" else road,)
    if plain == "no" and place.stop and place.after[:1].isdigit():
        return ("number",)
    if plain in short.PLAIN and (place.stop or plain not in short.NEEDS_STOP):
        return (short.PLAIN[plain],)
    return None


def _initials(place: Place) -> tuple[str, ...] | None:
    if re.fullmatch(r"(?:[^\W\d_]\.)+[^\W\d_]", place.core) or place.core in {"PhD", "Ph.D"}:
        return tuple(letter.lower() for letter in place.core if letter.isalpha())
    match = re.fullmatch(r"([A-Z]{2,})('s|s)?", place.core)
    if not match or place.shouting:
        return None
    letters, ending = match[1], "'s" if match[2] else ""
    if letters in short.ALWAYS_SPELLED or not _is_word(letters):
        return (*letters[:-1].lower(), letters[-1].lower() + ending)
    return None


def _is_word(letters: str) -> bool:
    """Whether the dictionary says these capitals as one word ("NASA") and not letter by letter ("BBC")."""
    from ..arpabet import bare
    from ..phones import dictionary_pronunciations, letter_name

    entries = dictionary_pronunciations(letters.lower())
    names = tuple(bare(phone) for letter in letters.lower() for phone in letter_name(letter))
    return len(letters) > 5 or (bool(entries) and entries[0] != names)


_RULES: tuple[_Rule, ...] = (
    _symbol, _money, _clock, _date, _year, _quantity, _number, _roman, _abbreviation, _initials,
)  # fmt: skip


def _compound(place: Place) -> tuple[str, ...]:
    """A plain word, or parts joined by hyphens, dots, slashes and digits: "well-known", "mp3", "example.com"."""
    core = place.core
    words: list[str] = []
    for part in re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*'?|\d[\d,]*|[.@/&+%#=]|.", core):
        if part[0].isdigit():
            words += numbers.cardinal(part) if len(part) < 10 else numbers.digits(part)
        elif part == ".":
            words.append("dot")
        elif part in short.SYMBOLS:
            words += short.SYMBOLS[part].split()
        elif part[0].isalpha():
            words += _letters_or_word(part, core)
        elif unicodedata.category(part)[0] in "SC" and not part.isspace():
            raise ValueError(f"'{part}', which cannot be spoken")
    return tuple(words)


def _letters_or_word(part: str, core: str) -> tuple[str, ...]:
    if part != core and len(part) > 1 and part.isupper() and len(part) <= 3:
        return tuple(part.lower())
    return (part.lower(),)
