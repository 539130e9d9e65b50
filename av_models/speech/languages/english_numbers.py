"""Numbers as spoken words, through num2words. Every function returns lower-case words without punctuation."""

from __future__ import annotations

import re

__all__ = [
    "MONTHS", "cardinal", "currency_plural", "decimal", "digits", "fraction", "money", "ordinal", "roman_value",
    "time_of_day", "year",
]  # fmt: skip

MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip

_ROMAN = {"I": 1, "V": 5, "X": 10}
_FRACTIONS = {2: ("half", "halves"), 4: ("quarter", "quarters")}
_CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "€": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "¥": ("yen", "yen", "", ""),
    "₹": ("rupee", "rupees", "paisa", "paise"),
}


def _spoken(number: int | str, language: str, to: str = "cardinal") -> tuple[str, ...]:
    from num2words import num2words

    locale = language.replace("-", "_")
    try:
        text = num2words(number, lang=locale if locale == "en_in" else locale.split("_")[0], to=to)
    except (NotImplementedError, OverflowError) as error:
        raise ValueError(f"cannot say the number {number} in {language}") from error
    words = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*", str(text).lower())
    return tuple(word for word in words if not (language == "en-us" and word == "and"))


def cardinal(number: int | str, language: str = "en-us") -> tuple[str, ...]:
    """42 -> forty two. A leading minus is spoken."""
    return _spoken(int(str(number).replace(",", "")), language)


def ordinal(number: int | str, language: str = "en-us") -> tuple[str, ...]:
    """21 -> twenty first."""
    return _spoken(int(number), language, to="ordinal")


def digits(text: str, language: str = "en-us") -> tuple[str, ...]:
    """'007' -> zero zero seven. Everything that is not a digit is skipped."""
    return tuple(word for digit in text if digit.isdecimal() for word in _spoken(int(digit), language))


def decimal(text: str, language: str = "en-us") -> tuple[str, ...]:
    """'1,234.50' -> one thousand two hundred thirty four point five zero."""
    whole, _, part = text.replace(",", "").partition(".")
    sign = ("minus",) if whole.startswith("-") else ()
    words = sign + cardinal(whole.lstrip("-") or "0", language)
    return (*words, "point", *digits(part, language)) if part else words


def year(number: int) -> tuple[str, ...]:
    """1984 -> nineteen eighty four; 2005 -> two thousand five; 1900 -> nineteen hundred."""
    century, rest = divmod(number, 100)
    if number % 1000 < 10:
        return cardinal(number)
    if rest == 0:
        return (*cardinal(century), "hundred")
    return (*cardinal(century), *(("oh",) if rest < 10 else ()), *cardinal(rest))


def fraction(over: int, under: int) -> tuple[str, ...]:
    """(3, 4) -> three quarters."""
    singular, plural = _FRACTIONS.get(under, (None, None))
    if singular is None:
        *head, last = ordinal(under)
        singular, plural = " ".join((*head, last)), " ".join((*head, last + "s"))
    return (*cardinal(over), *(singular if over == 1 else str(plural)).split())


def time_of_day(hour: int, minute: int) -> tuple[str, ...]:
    """(5, 30) -> five thirty; (5, 5) -> five oh five; (17, 0) -> seventeen hundred; (5, 0) -> five o'clock."""
    if minute == 0:
        return (*cardinal(hour), "hundred") if hour > 12 else (*cardinal(hour), "o'clock")
    return (*cardinal(hour), *(("oh",) if minute < 10 else ()), *cardinal(minute))


def money(symbol: str, amount: str, *, unit: bool = True) -> tuple[str, ...]:
    """('$', '5.20') -> five dollars twenty cents. unit=False: the amount alone, for '$5 million'."""
    one, many, small_one, small_many = _CURRENCIES[symbol]
    whole, _, part = amount.replace(",", "").partition(".")
    if not unit:
        return decimal(amount)
    if len(part) != 2 or not small_one:
        return (*decimal(amount), many if amount != "1" else one)
    small = int(part)
    cents = (*cardinal(small), small_one if small == 1 else small_many) if small else ()
    if int(whole or 0) == 0 and cents:
        return cents
    return (*cardinal(whole), one if int(whole) == 1 else many, *cents)


def currency_plural(symbol: str) -> str:
    """'$' -> dollars."""
    return _CURRENCIES[symbol][1]


def roman_value(text: str) -> int | None:
    """'VIII' -> 8; None when it is no well-formed Roman numeral from 1 to 39."""
    if not re.fullmatch(r"X{0,3}(IX|IV|V?I{0,3})", text) or not text:
        return None
    values = [_ROMAN[letter] for letter in text]
    return sum(-v if v < following else v for v, following in zip(values, [*values[1:], 0], strict=True))
