"""Written short forms of German and what is said for them. Keys are lower case, without their last full stop."""

from __future__ import annotations

__all__ = [
    "CURRENCIES", "FEMININE_ENDINGS", "MAGNITUDES", "MAY_END", "MONTHS", "NEVER_ENDS", "NUMBERED", "PHRASES", "PLAIN",
    "SAID_AS_WORDS", "SIGNS", "STARTERS", "UNITS",
]  # fmt: skip

MONTHS = (
    "januar", "februar", "märz", "april", "mai", "juni", "juli", "august", "september", "oktober", "november",
    "dezember",
)  # fmt: skip

# Said as the word although followed by a full stop.
PLAIN = {
    "dr": "doktor", "prof": "professor", "hr": "herr", "fr": "frau", "nr": "nummer", "nrn": "nummern", "st": "sankt",
    "str": "straße", "bzw": "beziehungsweise", "ca": "circa", "evtl": "eventuell", "ggf": "gegebenenfalls",
    "inkl": "inklusive", "exkl": "exklusive", "max": "maximal", "min": "minimal", "jan": "januar", "feb": "februar",
    "febr": "februar", "apr": "april", "jun": "juni", "jul": "juli", "aug": "august", "sept": "september",
    "sep": "september", "okt": "oktober", "nov": "november", "dez": "dezember", "mo": "montag", "di": "dienstag",
    "mi": "mittwoch", "do": "donnerstag", "sa": "samstag", "so": "sonntag", "abs": "absatz", "art": "artikel",
    "bd": "band", "kap": "kapitel", "tel": "telefon", "vgl": "vergleiche", "sog": "sogenannte", "zzgl": "zuzüglich",
    "bes": "besonders", "geb": "geboren", "gest": "gestorben", "jh": "jahrhundert", "jhd": "jahrhundert",
    "ing": "ingenieur", "dipl": "diplom", "allg": "allgemein", "abb": "abbildung", "anm": "anmerkung",
    "aufl": "auflage", "hrsg": "herausgeber", "usw": "und so weiter", "usf": "und so fort", "etc": "et cetera",
    "u": "und", "vs": "versus", "mind": "mindestens", "insg": "insgesamt", "verh": "verheiratet", "zit": "zitiert",
    "chr": "christus", "tsd": "tausend", "bspw": "beispielsweise", "sen": "senior", "ggü": "gegenüber",
    "einschl": "einschließlich", "urspr": "ursprünglich", "gem": "gemäß", "mag": "magister", "hl": "heilige",
}  # fmt: skip
# Words of their own without the full stop: "die Art", "so", "das Band", "an der Min".
NEEDS_STOP = frozenset({
    "art", "bes", "chr", "di", "do", "gem", "hl", "mag", "max", "mi", "min", "mind", "mo", "sa", "sen", "so", "u",
    "st", "jan", "nov", "apr", "jun", "jul", "gest", "geb",
})  # fmt: skip

# Short forms of several letters, spaced ("z. B.") or not ("z.B."). One spoken word for each part.
PHRASES = {
    ("z", "B"): "zum beispiel", ("d", "h"): "das heißt", ("u", "a"): "unter anderem", ("u", "ä"): "und ähnliches",
    ("u", "Ä"): "und ähnliches", ("o", "ä"): "oder ähnliches", ("o", "Ä"): "oder ähnliches", ("v", "a"): "vor allem",
    ("z", "T"): "zum teil", ("z", "Zt"): "zur zeit", ("u", "U"): "unter umständen", ("m", "E"): "meines erachtens",
    ("i", "A"): "im auftrag", ("s", "o"): "siehe oben", ("s", "u"): "siehe unten", ("o", "g"): "oben genannte",
    ("v", "Chr"): "vor christus", ("n", "Chr"): "nach christus", ("a", "D"): "außer dienst",
    ("e", "V"): "eingetragener verein", ("i", "d", "R"): "in der regel", ("u", "v", "m"): "und vieles mehr",
    ("u", "v", "a"): "und viele andere", ("m", "a", "W"): "mit anderen worten", ("i", "d", "F"): "in der fassung",
}  # fmt: skip
# These can be the last words of a sentence; all other short forms go on.
MAY_END = frozenset({
    "usw", "usf", "etc", "str", "jh", "jhd", "mio", "mrd", "std", "sek", "chr", "tsd", "min",
    "unter anderem", "und ähnliches", "oder ähnliches", "und vieles mehr", "und viele andere", "vor christus",
    "nach christus", "außer dienst", "eingetragener verein", "zum teil", "siehe oben", "siehe unten",
})  # fmt: skip
NEVER_ENDS = frozenset(PLAIN) - MAY_END

# Short or sign: singular, plural, article of one ("ein" or "eine"). Only after a number.
UNITS = {
    "mm": ("millimeter", "millimeter", "ein"), "cm": ("zentimeter", "zentimeter", "ein"),
    "m": ("meter", "meter", "ein"), "km": ("kilometer", "kilometer", "ein"), "mg": ("milligramm", "milligramm", "ein"),
    "g": ("gramm", "gramm", "ein"), "kg": ("kilogramm", "kilogramm", "ein"), "t": ("tonne", "tonnen", "eine"),
    "l": ("liter", "liter", "ein"), "ml": ("milliliter", "milliliter", "ein"),
    "ms": ("millisekunde", "millisekunden", "eine"), "s": ("sekunde", "sekunden", "eine"),
    "sek": ("sekunde", "sekunden", "eine"), "min": ("minute", "minuten", "eine"), "h": ("stunde", "stunden", "eine"),
    "std": ("stunde", "stunden", "eine"), "hz": ("hertz", "hertz", "ein"), "khz": ("kilohertz", "kilohertz", "ein"),
    "mhz": ("megahertz", "megahertz", "ein"), "ghz": ("gigahertz", "gigahertz", "ein"),
    "kb": ("kilobyte", "kilobyte", "ein"), "mb": ("megabyte", "megabyte", "ein"),
    "gb": ("gigabyte", "gigabyte", "ein"), "tb": ("terabyte", "terabyte", "ein"), "w": ("watt", "watt", "ein"),
    "kw": ("kilowatt", "kilowatt", "ein"), "kwh": ("kilowattstunde", "kilowattstunden", "eine"),
    "v": ("volt", "volt", "ein"), "db": ("dezibel", "dezibel", "ein"), "px": ("pixel", "pixel", "ein"),
    "ha": ("hektar", "hektar", "ein"), "km/h": ("kilometer pro stunde", "kilometer pro stunde", "ein"),
    "m/s": ("meter pro sekunde", "meter pro sekunde", "ein"), "%": ("prozent", "prozent", "ein"),
    "‰": ("promille", "promille", "ein"), "°": ("grad", "grad", "ein"), "°c": ("grad celsius", "grad celsius", "ein"),
    "°f": ("grad fahrenheit", "grad fahrenheit", "ein"), "m²": ("quadratmeter", "quadratmeter", "ein"),
    "km²": ("quadratkilometer", "quadratkilometer", "ein"), "m³": ("kubikmeter", "kubikmeter", "ein"),
}  # fmt: skip
MAGNITUDES = {
    "mio": ("million", "millionen"), "mrd": ("milliarde", "milliarden"), "million": ("million", "millionen"),
    "millionen": ("million", "millionen"), "milliarde": ("milliarde", "milliarden"),
    "milliarden": ("milliarde", "milliarden"),
}  # fmt: skip
# Sign, code or word: the money, and its hundredth ('' where there is none).
CURRENCIES = {
    "€": ("euro", "cent"), "eur": ("euro", "cent"), "euro": ("euro", "cent"), "$": ("dollar", "cent"),
    "usd": ("dollar", "cent"), "dollar": ("dollar", "cent"), "£": ("pfund", "pence"), "gbp": ("pfund", "pence"),
    "chf": ("franken", "rappen"), "franken": ("franken", "rappen"), "¥": ("yen", ""), "₹": ("rupien", "paisa"),
}  # fmt: skip
SIGNS = {
    "&": "und", "+": "plus", "=": "gleich", "%": "prozent", "@": "ät", "/": "", "×": "mal", "÷": "geteilt durch",
    "*": "mal", "<": "kleiner als", ">": "größer als", "°": "grad", "$": "dollar", "€": "euro", "£": "pfund",
    "#": "nummer", "~": "ungefähr", "§": "paragraf", "§§": "paragrafen", "±": "plus minus", "≈": "ungefähr",
}  # fmt: skip

# Before a numeral these make it a name and no order: "Kapitel II", "Platz 1".
NUMBERED = frozenset({
    "akt", "apollo", "artikel", "band", "buch", "kapitel", "klasse", "level", "linie", "nummer", "nr", "paragraf",
    "phase", "platz", "seite", "staffel", "stufe", "szene", "teil", "zimmer",
})  # fmt: skip
FEMININE_ENDINGS = ("ung", "heit", "keit", "schaft", "ion", "tät", "ik", "e", "frau", "stadt", "person", "bahn", "zahl")

# Capitalised, they begin a sentence: nouns are capitalised anywhere and tell nothing.
STARTERS = frozenset({
    "aber", "alle", "alles", "als", "also", "am", "an", "auch", "auf", "aus", "bei", "bitte", "da", "damit", "danach",
    "danke", "dann", "das", "dein", "dem", "den", "denn", "der", "deshalb", "die", "dies", "diese", "dieser", "dieses",
    "doch", "dort", "du", "durch", "ein", "eine", "einer", "er", "erst", "es", "für", "gestern", "heute", "hier",
    "ich", "ihr", "ihre", "im", "in", "ist", "ja", "jede", "jeder", "jedes", "jetzt", "kein", "keine", "man", "manche",
    "mein", "meine", "mit", "nach", "nein", "nicht", "noch", "nun", "nur", "ob", "oder", "ohne", "schon", "sein",
    "seine", "sie", "sind", "so", "trotzdem", "über", "um", "und", "unser", "unter", "viele", "vom", "von", "vor",
    "wann", "warum", "was", "weil", "wenn", "wer", "wie", "wir", "wo", "zu", "zuerst", "zum", "zur",
})  # fmt: skip

# Capitals that are one word; all other short ones are spelled, as in BMW.
SAID_AS_WORDS = frozenset({
    "AIDS", "COVID", "DAX", "EDEKA", "ELSTER", "ESA", "FIFA", "IKEA", "INTERPOL", "ISO", "LASER", "NASA", "NATO",
    "PIN", "RADAR", "SARS", "TAN", "UEFA", "UNESCO", "UNICEF", "UNO", "BAFÖG", "TÜV", "DIN", "DOS", "JA", "NEIN",
})  # fmt: skip
