"""Written short forms of English and what is said for them. Keys are lower case, without their last full stop."""

from __future__ import annotations

__all__ = ["ALWAYS_SPELLED", "MAGNITUDES", "NEVER_ENDS_A_SENTENCE", "PLAIN", "SYMBOLS", "TITLES", "UNITS"]

# Said as a word although followed by a full stop; "st", "dr", "no" and "sat" need their neighbours and are rules.
PLAIN = {
    "mr": "mister", "mrs": "missus", "ms": "miz", "prof": "professor", "jr": "junior", "sr": "senior", "vs": "versus",
    "etc": "et cetera", "e.g": "for example", "i.e": "that is", "inc": "incorporated", "ltd": "limited",
    "co": "company", "corp": "corporation", "approx": "approximately", "dept": "department", "est": "established",
    "gen": "general", "col": "colonel", "lt": "lieutenant", "sgt": "sergeant", "capt": "captain", "rev": "reverend",
    "hon": "honourable", "gov": "governor", "sen": "senator", "rep": "representative", "ave": "avenue", "rd": "road",
    "blvd": "boulevard", "mt": "mount", "ft": "fort", "jan": "january", "feb": "february", "apr": "april",
    "aug": "august", "sept": "september", "sep": "september", "oct": "october", "nov": "november", "dec": "december",
    "mon": "monday", "tue": "tuesday", "tues": "tuesday", "wed": "wednesday", "thu": "thursday", "thurs": "thursday",
    "fri": "friday", "vol": "volume", "fig": "figure", "min": "minutes", "max": "maximum", "misc": "miscellaneous",
}  # fmt: skip
# These are words of their own without the full stop: "the gen", "he sat", "a fig".
NEEDS_STOP = frozenset({
    "co", "col", "gen", "est", "hon", "rev", "rep", "gov", "sen", "ave", "mt", "ft", "jan", "apr", "mon", "wed",
    "fri", "sat", "sun", "fig", "min", "max", "vol", "corp", "inc", "ms", "misc", "dec", "oct", "nov", "aug",
    "sep", "tue", "thu", "capt", "lt",
})  # fmt: skip
TITLES = frozenset({
    "mr", "mrs", "ms", "dr", "prof", "st", "gen", "col", "lt", "sgt", "capt", "rev", "hon", "gov", "sen", "rep",
    "mt", "ft", "no", "fig", "vol", "vs", "e.g", "i.e",
})  # fmt: skip
NEVER_ENDS_A_SENTENCE = TITLES | {"approx"}

MAGNITUDES = frozenset({"hundred", "thousand", "million", "billion", "trillion"})
MAGNITUDE_LETTERS = {"k": "thousand", "m": "million", "bn": "billion", "b": "billion", "tn": "trillion"}

# Singular, plural. Only after a number; two-letter units without one stay words.
UNITS = {
    "mm": ("millimeter", "millimeters"), "cm": ("centimeter", "centimeters"), "m": ("meter", "meters"),
    "km": ("kilometer", "kilometers"), "in": ("inch", "inches"), "ft": ("foot", "feet"), "yd": ("yard", "yards"),
    "mi": ("mile", "miles"), "mg": ("milligram", "milligrams"), "g": ("gram", "grams"), "kg": ("kilogram", "kilograms"),
    "lb": ("pound", "pounds"), "lbs": ("pound", "pounds"), "oz": ("ounce", "ounces"), "l": ("liter", "liters"),
    "ml": ("milliliter", "milliliters"), "ms": ("millisecond", "milliseconds"), "s": ("second", "seconds"),
    "sec": ("second", "seconds"), "min": ("minute", "minutes"), "h": ("hour", "hours"), "hr": ("hour", "hours"),
    "hrs": ("hour", "hours"), "hz": ("hertz", "hertz"), "khz": ("kilohertz", "kilohertz"),
    "mhz": ("megahertz", "megahertz"), "ghz": ("gigahertz", "gigahertz"), "kb": ("kilobyte", "kilobytes"),
    "mb": ("megabyte", "megabytes"), "gb": ("gigabyte", "gigabytes"), "tb": ("terabyte", "terabytes"),
    "w": ("watt", "watts"), "kw": ("kilowatt", "kilowatts"), "kwh": ("kilowatt hour", "kilowatt hours"),
    "v": ("volt", "volts"), "db": ("decibel", "decibels"), "fps": ("frame per second", "frames per second"),
    "px": ("pixel", "pixels"), "mph": ("mile per hour", "miles per hour"),
    "km/h": ("kilometer per hour", "kilometers per hour"), "m/s": ("meter per second", "meters per second"),
    "%": ("percent", "percent"), "°": ("degree", "degrees"), "°c": ("degree celsius", "degrees celsius"),
    "°f": ("degree fahrenheit", "degrees fahrenheit"), "m²": ("square meter", "square meters"),
    "km²": ("square kilometer", "square kilometers"), "m³": ("cubic meter", "cubic meters"),
}  # fmt: skip
# A lone "a 6 in" or "in 5 h": these read as units only when glued to the number ("6in").
GLUED_ONLY = frozenset({"in", "m", "g", "s", "l", "h", "w", "v"})

SYMBOLS = {
    "&": "and", "+": "plus", "=": "equals", "%": "percent", "@": "at", "/": "slash", "×": "times", "÷": "divided by",
    "*": "times", "<": "less than", ">": "greater than", "°": "degrees", "$": "dollars", "€": "euros", "£": "pounds",
    "#": "number", "~": "about", "§": "section", "±": "plus or minus", "≈": "about",
}  # fmt: skip

# Capitals that are spelled although the dictionary has a word of those letters.
ALWAYS_SPELLED = frozenset({"AI", "CD", "DJ", "EU", "HR", "ID", "IT", "PC", "PR", "TV", "UK", "UN", "US", "VIP"})
