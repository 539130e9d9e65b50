"""From a sound of any language, in IPA, to the visemes it is made of: by rounding, height and place, as on the chart.

A vowel lies between the visemes of its neighbours on the chart: German ö as in 'schön' has the rounding of UW and an
opening half-way to AO. Consonants count by what can be seen of them: lips, teeth on lip, rounding; the rest is inside.
"""

from __future__ import annotations

import unicodedata
from itertools import pairwise

Mix = tuple[tuple[str, float], ...]

# Height from 0 (close) to 1 (open), for the columns of the chart that differ to the eye: spread (front, unrounded),
# neutral (central and back, unrounded) and rounded.
_SPREAD = {"i": 0.0, "ɪ": 0.25, "e": 0.35, "ɛ": 0.6, "ε": 0.6, "æ": 0.85, "a": 0.95}
_NEUTRAL = {"ɨ": 0.1, "ᵻ": 0.15, "ɯ": 0.1, "ɘ": 0.35, "ɤ": 0.4, "ə": 0.5, "ɜ": 0.6, "ɐ": 0.75, "ʌ": 0.7, "ɑ": 1.0}
_ROUNDED = {
    "y": 0.0, "ʏ": 0.25, "ø": 0.4, "œ": 0.65, "ɶ": 0.9, "ʉ": 0.0, "ɵ": 0.4, "ɞ": 0.65, "u": 0.0, "ʊ": 0.25, "o": 0.4,
    "ɔ": 0.7, "ɒ": 0.95,
}  # fmt: skip
_COLUMNS = (
    (_SPREAD, (("IY", 0.0), ("IH", 0.25), ("EH", 0.6), ("AE", 0.85), ("AA", 1.0))),
    (_NEUTRAL, (("IH", 0.0), ("AH", 0.55), ("AA", 1.0))),
    (_ROUNDED, (("UW", 0.0), ("UH", 0.25), ("AO", 0.7), ("AA", 1.0))),
)
_RHOTIC = {"ɚ": "ER", "ɝ": "ER"}
_BY_PLACE = {
    "P": "pɓʙ", "B": "b", "M": "m", "F": "fɸ", "V": "vʋɱⱱβ", "TH": "θ", "DH": "ð", "S": "s", "Z": "z",
    "SH": "ʃɕʂɧ", "ZH": "ʒʑʐ", "W": "wɥʍ", "R": "ɹɻ", "Y": "jʝ", "L": "lɫɭɬɮʎʟ", "T": "tʈ", "D": "dɖɗ", "N": "nɳɲ",
    "K": "kqcxχ", "G": "gɡɟɢɠɣʁʀɰ", "NG": "ŋɴ", "HH": "hɦħʕʔʜʢ",
}  # fmt: skip
_FRONT_FRICATIVE = "ç"
_TAPS = "rɾɽ"
_IN_ONE_LETTER = str.maketrans({"ʦ": "ts", "ʣ": "dz", "ʧ": "tʃ", "ʤ": "dʒ"})


def mixes_of(ipa: str) -> tuple[Mix, ...]:
    """The visemes of each sound in turn: 'pf' gives two, 'yː' one; () if nothing is known, such as ''.

    Labialised consonants (kʷ) take half of W. Length, stress, nasality and other marks make no shape of their own.
    """
    mixes: list[Mix] = []
    for mark in unicodedata.normalize("NFD", ipa).translate(_IN_ONE_LETTER).replace("c\u0327", _FRONT_FRICATIVE):
        if mark == "ʷ" and mixes:
            mixes[-1] = (*((name, share / 2) for name, share in mixes[-1]), ("W", 0.5))
        elif mix := _vowel(mark) or _consonant(mark):
            mixes.append(mix)
    return tuple(mixes)


def _vowel(mark: str) -> Mix:
    if mark in _RHOTIC:
        return ((_RHOTIC[mark], 1.0),)
    for heights, stations in _COLUMNS:
        if mark in heights:
            return _between(heights[mark], stations)
    return ()


def _between(height: float, stations: tuple[tuple[str, float], ...]) -> Mix:
    """The two neighbouring visemes of a column, the nearer one with the larger share."""
    for (upper, above), (lower, below) in pairwise(stations):
        if height <= below:
            share = (height - above) / (below - above)
            return tuple((name, part) for name, part in ((upper, 1 - share), (lower, share)) if part > 1e-9)
    return ((stations[-1][0], 1.0),)


def _consonant(mark: str) -> Mix:
    if mark == _FRONT_FRICATIVE:
        return (("Y", 0.5), ("S", 0.5))
    if mark in _TAPS:
        return (("L", 1.0),)
    return next((((name, 1.0),) for name, marks in _BY_PLACE.items() if mark in marks), ())


__all__ = ["Mix", "mixes_of"]
