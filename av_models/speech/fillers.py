"""Sounds of hesitation, assent and laughter, which are words to a script and have a shape of their own.

Fillers are long, level and a little below the rest of the sentence: "um" lasts about half a second, "uh" a third of one
(Clark & Fox Tree 2002, Cognition 84; Shriberg 2001, J. Int. Phonetic Assoc. 31). A laugh is said, as no voice here has
learnt to laugh: calls of an open vowel, four or five a second, each begun with breath, high at first and falling
(Bachorowski, Smoski & Owren 2001, JASA 110).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["LAUGHS", "Filler", "filler_named", "filler_names"]


@dataclass(frozen=True, slots=True)
class Filler:
    """spoken: its word, lower case. phones: ARPAbet, each with its length and semitones over the sentence's own melody.

    pitch_range: of the melody while it lasts.  volume_db: added to its level.
    """

    spoken: str
    phones: tuple[str, ...]
    lengths_ms: tuple[float, ...]
    pitch_st: tuple[float, ...]
    pitch_range: float = 0.4
    volume_db: float = -2.0

    @property
    def slowness(self) -> float:
        """How many times as long as usual phones it lasts."""
        return sum(self.lengths_ms) / (_USUAL_PHONE_MS * len(self.phones))


_USUAL_PHONE_MS = 95.0


def _filler(spoken: str, *phones: tuple[str, float, float]) -> Filler:
    labels, lengths_ms, pitch_st = zip(*phones, strict=True)
    return Filler(spoken, labels, lengths_ms, pitch_st)


_UM = _filler("um", ("AH1", 230, -1.5), ("M", 240, -2.5))
_UH = _filler("uh", ("AH1", 320, -2.0))
_HM = _filler("hm", ("HH", 80, 0.0), ("M", 360, -2.0))
_MM = _filler("mm", ("M", 420, -1.5))
_MM_HM = _filler("mm-hm", ("M", 180, -2.0), ("HH", 90, 0.0), ("M", 270, 2.0))
_UH_HUH = _filler("uh-huh", ("AH0", 130, -2.0), ("HH", 90, 0.0), ("AH1", 240, 2.0))
_LAUGH = Filler(
    "haha",
    ("HH", "AA1") * 3,
    (115, 105, 120, 100, 130, 110),
    (4.0, 5.0, 3.0, 3.0, 1.0, 0.5),
    pitch_range=0.3,
    volume_db=0.0,
)
_CHUCKLE = Filler("heh", ("HH", "AH1") * 2, (110, 80, 120, 90), (1.5, 1.5, 0.0, -1.0), volume_db=-4.0)
_LAUGHS: Mapping[str, Filler] = dict.fromkeys(
    ("haha", "laugh", "laughs", "laughing", "laughter"), _LAUGH
) | dict.fromkeys(("heh", "chuckle", "chuckles", "giggle", "giggles"), _CHUCKLE)
LAUGHS = frozenset(_LAUGHS)
"""Names of laughs, all of which are words, too: they are laughs in brackets only."""

_ENGLISH = {
    "um": _UM, "uhm": _UM, "umm": _UM, "erm": _UM, "uh": _UH, "uhh": _UH, "er": _UH, "hm": _HM, "hmm": _HM, "mm": _MM,
    "mmm": _MM, "mm-hm": _MM_HM, "mhm": _MM_HM, "mm-hmm": _MM_HM, "uh-huh": _UH_HUH,
}  # fmt: skip
_GERMAN = {
    "ähm": _filler("ähm", ("EH1", 230, -1.5), ("M", 240, -2.5)), "äh": _filler("äh", ("EH1", 320, -2.0)),
    "öhm": _filler("öhm", ("ER1", 230, -1.5), ("M", 240, -2.5)), "hm": _HM, "hmm": _HM, "mhm": _MM_HM,
}  # fmt: skip
_KNOWN: Mapping[str, Mapping[str, Filler]] = {"en": {**_ENGLISH, **_LAUGHS}, "de": {**_GERMAN, **_LAUGHS}}


def filler_names(language: str) -> tuple[str, ...]:
    """What may stand in brackets in a script of this language."""
    return tuple(_KNOWN.get(language.lower().partition("-")[0], {}))


def filler_named(name: str, language: str) -> Filler | None:
    """name: as written, such as 'um' or 'Mm-hm'."""
    return _KNOWN.get(language.lower().partition("-")[0], {}).get(name.lower())
