"""German: numbers, orders ("am 3."), dates, times, money, units, short forms, initials, numerals of kings.

Each written word keeps its place: "17:30 Uhr" becomes (("siebzehn", "uhr"), ("dreißig",)), so captions and speech stay
side by side. A full stop after a number can count ("3. Mai") or end the sentence, and nouns are capitalised like
beginnings: `german_order` tells them apart.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from types import MappingProxyType

from . import german_numbers as numbers
from . import german_words as short
from .english_numbers import roman_value
from .german_order import begins, ending, ends_before, is_order, is_royal
from .language import Place

__all__ = ["German"]

_NUMBER = numbers.NUMBER
_TIME = r"([01]?\d|2[0-4])[:.]([0-5]\d)"
_SIGNED = "€$£¥₹"

_Rule = Callable[[Place], tuple[str, ...] | None]


class German:
    code, name = "de", "German"
    ipa: Mapping[str, str] = MappingProxyType({"ɜ": "ɐ", "ɔø": "ɔʏ", "ɾ": "ʁ", "r": "ʁ", "ɑ": "a"})

    def speak(self, place: Place) -> tuple[str, ...]:
        for rule in _RULES:
            said = rule(place)
            if said is not None:
                return tuple(part for word in said for part in word.split())
        return _compound(place)

    def ends_sentence(self, place: Place) -> bool:
        core = place.core
        if place.is_last:
            return True
        if re.fullmatch(r"\d{1,4}", core) or is_royal(place):
            return ends_before(place) if is_order(place) or is_royal(place) else True
        if (phrase := _phrase(place)) is not None:
            words, is_end = phrase
            return is_end and words in short.MAY_END and ends_before(place)
        if core.lower() in short.NEVER_ENDS or re.fullmatch(r"[^\W\d_]", core):
            return False
        if core.lower() in short.MAY_END or core.lower().endswith("str") or re.fullmatch(r"(?:\w\.)+\w", core):
            return ends_before(place)
        return True


def _sign(place: Place) -> tuple[str, ...] | None:
    if place.core == "*" and not (re.fullmatch(_NUMBER, place.before) and re.fullmatch(_NUMBER, place.after)):
        return ()
    if place.core in short.CURRENCIES and re.search(r"\d$", place.before):
        return None
    if place.core in short.SIGNS:
        return (short.SIGNS[place.core],)
    if match := re.fullmatch(r"#(\w+)", place.core):
        return ("nummer", *numbers.cardinal(match[1])) if match[1].isdecimal() else ("hashtag", match[1].lower())
    if match := re.fullmatch(r"(§§?)(\d+)(\w*)", place.core):
        return (short.SIGNS[match[1]], *numbers.cardinal(match[2]), match[3].lower())
    return None


def _phrase(place: Place) -> tuple[str, bool] | None:
    """What "z. B." stands for, and whether this is its last part; None when it is no such short form."""
    if "." in place.core:
        words = short.PHRASES.get(tuple(place.core.split(".")))
        return (words, True) if words else None
    for parts, words in short.PHRASES.items():
        for at, part in enumerate(parts):
            if part == place.core and all(
                place.core_at(n - at) == other and place.stop_at(n - at) for n, other in enumerate(parts)
            ):
                return words, at == len(parts) - 1
    return None


def _short_phrase(place: Place) -> tuple[str, ...] | None:
    phrase = _phrase(place)
    if phrase is None:
        return None
    words = phrase[0].split()
    if "." in place.core:
        return tuple(words)
    at = next(
        at
        for parts, said in short.PHRASES.items()
        for at, part in enumerate(parts)
        if said == phrase[0] and part == place.core and place.core_at(-at) == parts[0]
    )
    return (words[at],)


def _money(place: Place) -> tuple[str, ...] | None:
    """An amount and its currency share the cents: "5,20 €" is (fünf euro) (zwanzig)."""
    core = place.core
    if match := re.fullmatch(rf"(-?)([{_SIGNED}])({_NUMBER})|(-?)({_NUMBER})([{_SIGNED}])", core):
        sign, currency, amount = match[1] or match[4], match[2] or match[6], match[3] or match[5]
        return (*(("minus",) if sign else ()), *_amount(amount, currency), *_coins(amount, currency))
    if re.fullmatch(rf"-?{_NUMBER}", core) and place.after.lower() in short.CURRENCIES:
        sign = ("minus",) if core.startswith("-") else ()
        amount = core.lstrip("-")
        words = _amount(amount, place.after)
        return (*sign, *(words if _coins(amount, place.after) else words[:-1]))
    if core.lower() in short.CURRENCIES and re.fullmatch(rf"-?{_NUMBER}", place.before):
        amount = place.before.lstrip("-")
        return _coins(amount, core) or _amount(amount, core)[-1:]
    if core.lower() in short.CURRENCIES and (core in _SIGNED or core.isupper()):
        return (short.CURRENCIES[core.lower()][0],)
    return None


def _amount(amount: str, currency: str) -> tuple[str, ...]:
    """The whole part with its currency; of less than one, the coins alone: '5,20' -> fünf euro, '0,99' -> 99 cent."""
    money, coin = short.CURRENCIES[currency.lower()]
    whole, _, part = numbers.plain(amount).partition(",")
    if len(part) == 2 and coin:
        if int(whole) == 0 and int(part):
            return (*numbers.cardinal(part, "ein"), coin)
        return (*numbers.cardinal(whole, "ein"), money)
    return (*numbers.decimal(amount, "ein"), money)


def _coins(amount: str, currency: str) -> tuple[str, ...]:
    """What follows the currency: '5,20' -> zwanzig."""
    whole, _, part = numbers.plain(amount).partition(",")
    has_coins = len(part) == 2 and short.CURRENCIES[currency.lower()][1] and int(part) and int(whole)
    return numbers.cardinal(part) if has_coins else ()


def _clock(place: Place) -> tuple[str, ...] | None:
    if place.core.lower() == "uhr" and (match := re.search(rf"(?:^|[-–]){_TIME}$", place.before)):
        return numbers.cardinal(int(match[2])) if int(match[2]) else ("uhr",)
    before_uhr = place.after.lower() == "uhr"
    if match := re.fullmatch(rf"{_TIME}[-–]{_TIME}", place.core):
        first = _time(int(match[1]), int(match[2]), whole=True)
        return (*first, "bis", *_time(int(match[3]), int(match[4]), whole=not before_uhr))
    if match := re.fullmatch(_TIME, place.core):
        if ":" in place.core or before_uhr:
            return _time(int(match[1]), int(match[2]), whole=not before_uhr)
    elif match := re.fullmatch(r"(\d{1,2}):(\d{1,2})", place.core):
        return (*numbers.cardinal(match[1]), "zu", *numbers.cardinal(match[2]))
    if before_uhr and place.core == "1":
        return ("ein",)
    return None


def _time(hour: int, minute: int, *, whole: bool) -> tuple[str, ...]:
    """whole: with all that is said; else up to where the written "Uhr" takes over."""
    said = numbers.cardinal(hour, "ein")
    if whole:
        return (*said, "uhr", *(numbers.cardinal(minute) if minute else ()))
    return (*said, "uhr") if minute else said


def _date(place: Place) -> tuple[str, ...] | None:
    if match := re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", place.core):
        return numbers.date(int(match[3]), int(match[2]), int(match[1]), ending(place))
    if match := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2})", place.core):
        return numbers.date(int(match[1]), int(match[2]), int(match[3]), ending(place))
    match = re.fullmatch(r"(\d{1,2})\.(\d{1,2})", place.core)
    if match and place.stop and 1 <= int(match[2]) <= 12 and (ending(place, "") or not place.before):
        return numbers.date(int(match[1]), int(match[2]), None, ending(place))
    return None


def _order(place: Place) -> tuple[str, ...] | None:
    """ "3." where the full stop counts; "Ludwig XIV."; "1." at the head of a list is erstens."""
    if is_royal(place):
        value = roman_value(place.core) or 0
        dative = place.core_at(-2).lower() in {"von", "mit", "unter", "bei", "seit", "nach", "zu"}
        return ("dem", numbers.ordinal(value, "en")) if dative else ("der", numbers.ordinal(value))
    if not is_order(place):
        return None
    number = int(place.core) if place.core.isdecimal() else roman_value(place.core) or 0
    if begins(place) and ends_before(place):
        return (numbers.ordinal(number, "ens"),)
    return (numbers.ordinal(number, ending(place)),)


def _year(place: Place) -> tuple[str, ...] | None:
    if match := re.fullmatch(r"'?(\d{2}|1\d\d\d|20\d\d)er", place.core):
        words = numbers.year(int(match[1])) if len(match[1]) == 4 else numbers.cardinal(match[1])
        return (words[0] + "er",)
    if re.fullmatch(r"1[1-9]\d\d", place.core) and place.after.lower() not in short.UNITS:
        return numbers.year(int(place.core))
    return None


def _quantity(place: Place) -> tuple[str, ...] | None:
    """Units glued to a number ("5km", "20°C", "50%") or after one, and words that a number makes: "5fach"."""
    plain = place.core.lower()
    if re.fullmatch(rf"[-+]?{_NUMBER}(?:[-–]{_NUMBER})?", place.before):
        if plain in short.UNITS:
            return (short.UNITS[plain][place.before != "1"],)
        if plain in short.MAGNITUDES:
            return (short.MAGNITUDES[plain][place.before != "1"],)
    if match := re.fullmatch(r"(\d+)-?(fach\w*|mal|jährig\w*|prozentig\w*|stöckig\w*)", plain):
        return (numbers.cardinal(match[1], "ein")[-1] + match[2],)
    match = re.fullmatch(rf"([-+]?{_NUMBER})([^\d\s]+)", place.core)
    if match and match[2].lower() in short.UNITS and match[2] not in {"G", "M", "S", "H"}:
        one, many, article = short.UNITS[match[2].lower()]
        return (*numbers.decimal(match[1], article), one if match[1] == "1" else many)
    return None


def _number(place: Place) -> tuple[str, ...] | None:
    core = place.core
    if re.fullmatch(r"\+?\d{2,}(?:[-/]\d{3,})+|\+\d{4,}|0\d+(?:[-/]\d+)*|\d{10,}", core):
        return (*(("plus",) if core.startswith("+") else ()), *numbers.digits(core))
    if re.fullmatch(rf"[-+]?(?:{_NUMBER}|,\d+)", core):
        return numbers.decimal(core, _article(place))
    if match := re.fullmatch(r"(\d{1,2})/(\d{1,3})", core):
        over, under = int(match[1]), int(match[2])
        is_part = over < under and (under <= 10 or under in (12, 16, 20, 32, 50, 64, 100))
        return numbers.fraction(over, under) if is_part else (*numbers.cardinal(over), *numbers.cardinal(under))
    if match := re.fullmatch(rf"({_NUMBER})[-–]({_NUMBER})", core):
        return (*_either_number(match[1]), "bis", *_either_number(match[2]))
    return None


def _either_number(text: str) -> tuple[str, ...]:
    return numbers.year(int(text)) if re.fullmatch(r"1[1-9]\d\d", text) else numbers.decimal(text)


def _article(place: Place) -> str:
    """How a lone 1 is said: "1 Kilo", "1 Stunde", "Platz 1"."""
    after = place.after
    if after.lower() in short.UNITS:
        return short.UNITS[after.lower()][2]
    if after.lower() in short.MAGNITUDES:
        return "eine"
    if place.stop or not after[:1].isupper() or place.before.lower() in short.NUMBERED:
        return "eins"
    return "eine" if after.endswith(short.FEMININE_ENDINGS) else "ein"


def _roman(place: Place) -> tuple[str, ...] | None:
    value = roman_value(place.core)
    named = place.before.lower() in short.NUMBERED or (len(place.core) > 1 and place.before[:1].isupper())
    return numbers.cardinal(value) if value is not None and named else None


def _abbreviation(place: Place) -> tuple[str, ...] | None:
    plain = place.core.lower()
    if plain.endswith("str") and place.stop and len(plain) > 3:
        return (plain + "aße",)
    if plain == "s" and place.stop and place.after[:1].isdigit():
        return ("seite",)
    if plain in {"f", "ff"} and place.stop and place.before[-1:].isdigit():
        return ("folgende",)
    if plain in short.PLAIN and (place.stop or plain not in short.NEEDS_STOP):
        return (short.PLAIN[plain],)
    return None


def _initials(place: Place) -> tuple[str, ...] | None:
    core = place.core
    if re.fullmatch(r"(?:[^\W\d_]\.)+[^\W\d_]", core) or core in {"GmbH", "PhD"}:
        return tuple(letter.lower() for letter in core if letter.isalpha())
    match = re.fullmatch(r"([A-ZÄÖÜ]{2,5})(s?)", core)
    if not match or place.shouting or match[1] in short.SAID_AS_WORDS:
        return None
    return (*match[1][:-1].lower(), match[1][-1].lower() + ("'s" if match[2] else ""))


_RULES: tuple[_Rule, ...] = (
    _short_phrase, _sign, _money, _clock, _date, _order, _year, _quantity, _number, _roman, _abbreviation, _initials,
)  # fmt: skip


def _compound(place: Place) -> tuple[str, ...]:
    """A plain word, or parts joined by hyphens, dots, slashes and digits: "E-Mail", "mp3", "beispiel.de"."""
    words: list[str] = []
    for part in re.findall(rf"[^\W\d_]+(?:'[^\W\d_]+)*'?|{_NUMBER}|.", place.core):
        if part[0].isdigit():
            words += numbers.decimal(part) if len(part) < 10 else numbers.digits(part)
        elif part == ".":
            words.append("punkt")
        elif part in short.SIGNS:
            words += short.SIGNS[part].split()
        elif part[0].isalpha():
            spelled = part != place.core and 1 < len(part) <= 3 and part.isupper()
            words += part.lower() if spelled else (part.lower(),)
        elif unicodedata.category(part)[0] in "SC" and not part.isspace():
            raise ValueError(f"'{part}', which cannot be spoken")
    return tuple(words)
