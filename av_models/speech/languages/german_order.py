"""Full stops after German numbers: whether "3." counts or ends the sentence, and how a counting number is inflected."""

from __future__ import annotations

import re

from .english_numbers import roman_value
from .german_words import FEMININE_ENDINGS, MONTHS, NEVER_ENDS, NUMBERED, STARTERS
from .language import Place

__all__ = ["begins", "ending", "ends_before", "is_order", "is_royal"]

_WITH_EN = frozenset({
    "am", "vom", "zum", "beim", "im", "den", "dem", "des", "ab", "seit", "nach", "bis", "jedem", "jeden", "einem",
    "einen", "diesem", "diesen", "meinem", "seinem", "ihrem", "unserem", "zur", "allen", "beiden",
})  # fmt: skip
_WITH_E = frozenset({
    "der", "die", "das", "diese", "dieser", "dieses", "jede", "jeder", "jedes", "eine", "keine", "meine", "seine",
    "ihre", "unsere", "ins", "welche", "welcher", "welches",
})  # fmt: skip
_WITH_ER = frozenset({"ein", "kein", "mein", "dein", "sein", "ihr", "unser", "euer"})
_DATIVE = frozenset({"in", "an", "auf", "mit", "bei", "nach", "von", "vor", "seit", "aus", "zu", "unter", "über"})
# After these a number at the very end is a day: "bis zum 3." but "um 3."
_OF_DAYS = frozenset({"am", "vom", "zum", "beim", "dem"})
_BETWEEN = frozenset({"und", "oder", "bis"})


def is_order(place: Place) -> bool:
    """ "am 3. Mai", "jeder 3. Mensch", "II. Weltkrieg": the full stop makes the number an order."""
    value = int(place.core) if re.fullmatch(r"\d{1,4}", place.core) else _numeral(place)
    if not place.stop or not value:
        return False
    before, after = place.before.lower(), place.after
    if place.is_last:
        return before in _OF_DAYS
    if _is_month(after) or after[:1].islower():
        return True
    if after[:1].isdigit():
        return place.stop_at(1) or (re.fullmatch(r"\d{4}", after) is not None and _follows_order(place))
    if begins(place) or (not place.core.isdecimal() and _goes_on_named(place)):
        return True
    return before in _WITH_EN | _WITH_E | _WITH_ER or _follows_order(place)


def begins(place: Place) -> bool:
    """Whether a sentence begins here: the line does, or a full stop that is neither of a number nor of a short form."""
    before = place.before
    is_word = before.isalpha() and len(before) > 1 and before.lower() not in NEVER_ENDS
    return not before or (place.stop_at(-1) and is_word)


def is_royal(place: Place) -> bool:
    """ "Ludwig XIV.", "Wilhelm I. war": a numeral after a name. "Peter V. Müller" is another first name."""
    before = place.before
    if not place.stop or _numeral(place) is None or not re.fullmatch(r"[A-ZÄÖÜ][a-zäöüß]+", before):
        return False
    return before.lower() not in NUMBERED | STARTERS | _WITH_EN and not _goes_on_named(place)


def ends_before(place: Place) -> bool:
    """Whether the next word begins a sentence: nouns are capitalised everywhere, so only known beginners count."""
    return place.is_last or (place.after[:1].isupper() and place.after.lower() in STARTERS)


def ending(place: Place, otherwise: str | None = None) -> str:
    """'en', 'e' or 'er', by what stands before. otherwise: when nothing before it decides."""
    before = place.before.lower()
    if before in _WITH_EN or (before == "der" and place.core_at(-2).lower() in _DATIVE):
        return "en"
    if before in _WITH_E:
        return "e"
    if before in _WITH_ER:
        return "er"
    if before in _BETWEEN or re.fullmatch(r"\d{1,2}", before):
        step = 2 if before in _BETWEEN else 1
        if place.index >= step and place.stop_at(-step):
            return ending(Place(place.cores, place.stops, place.index - step, place.shouting), otherwise)
    if otherwise is not None:
        return otherwise
    return "e" if place.after.endswith(FEMININE_ENDINGS) and not _is_month(place.after) else "er"


def _numeral(place: Place) -> int | None:
    return roman_value(place.core)


def _goes_on_named(place: Place) -> bool:
    return place.after[:1].isupper() and place.after.lower() not in STARTERS


def _is_month(word: str) -> bool:
    plain = word.lower()
    return plain in MONTHS or (word[:1].isupper() and plain in {*(month[:3] for month in MONTHS), "sept"})


def _follows_order(place: Place) -> bool:
    """ "3. 10. 2024", "der 1. und 2. Preis"."""
    step = 2 if place.before.lower() in _BETWEEN else 1
    return place.stop_at(-step) and place.core_at(-step).isdecimal()
