"""What directions may ask for, as scripts write it: "0.9", "+2st", "-3dB", "slow". One vocabulary for marks and SSML.

The words are those of SSML 1.1 (W3C 2010, 3.2.4), which leaves what they mean to the synthesiser.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from av_models.domain.script import Direction

__all__ = ["DIRECTIONS", "Unheard", "direction_of"]

_WORDS: Mapping[str, Mapping[str, float]] = {
    "rate": {"x-slow": 0.6, "slow": 0.8, "medium": 1.0, "default": 1.0, "fast": 1.25, "x-fast": 1.6},
    "pitch": {"x-low": -4.0, "low": -2.0, "medium": 0.0, "default": 0.0, "high": 2.0, "x-high": 4.0},
    "range": {"x-low": 0.3, "low": 0.6, "medium": 1.0, "default": 1.0, "high": 1.4, "x-high": 1.8},
    "volume": {"x-soft": -12.0, "soft": -6.0, "medium": 0.0, "default": 0.0, "loud": 4.0, "x-loud": 8.0},
}
_LIMITS = {"rate": (0.5, 2.0), "pitch": (-12.0, 12.0), "range": (0.0, 2.5), "volume": (-24.0, 12.0)}
_FIELDS = {"rate": "rate", "pitch": "pitch_st", "range": "pitch_range", "volume": "volume_db"}
_EXAMPLES = {
    "rate": "times as fast, such as 0.9 or 90%, from 0.5 to 2",
    "pitch": "semitones such as +2st or -1.5st, or +10%, up to 12 semitones either way",
    "range": "a share of the voice's own melody, such as 0.5 or 150%, from 0 to 2.5",
    "volume": "decibels such as -3dB or +2dB, from -24 to +12",
}
DIRECTIONS = tuple(_FIELDS)


class Unheard(ValueError):
    """A value that asks for nothing a voice can do. expected: what would."""

    def __init__(self, problem: str, expected: str) -> None:
        self.expected = expected
        super().__init__(problem)


def direction_of(name: str, value: str) -> Direction:
    """name: of DIRECTIONS. value: as written. Unheard for what is no value, or beyond the limits."""
    plain = value.strip().lower()
    number = _WORDS[name].get(plain)
    if number is None:
        number = _number(name, re.sub(r"\s+", "", plain))
    least, most = _LIMITS[name]
    if number is None or not least - 1e-9 <= number <= most + 1e-9:
        problem = f"{name} '{value.strip()}'" if plain else f"{name} without a value"
        words = ", ".join(word for word in _WORDS[name] if word != "default")
        raise Unheard(problem, f"{_EXAMPLES[name]}; or {words}")
    return Direction(**{_FIELDS[name]: round(number, 6)})


def _number(name: str, plain: str) -> float | None:
    """None for what cannot be read."""
    match = re.fullmatch(r"([+-]?)(\d+(?:\.\d+)?|\.\d+)(%|st|db|)", plain)
    if not match:
        return None
    sign, size, unit = -1.0 if match[1] == "-" else 1.0, float(match[2]), match[3]
    if name in ("rate", "range") and unit in ("%", ""):
        share = size / 100 if unit == "%" else size
        return 1 + sign * share if match[1] and unit == "%" else share if not match[1] else None
    if name == "pitch" and unit == "st":
        return sign * size
    if name == "pitch" and unit == "%" and match[1] and 1 + sign * size / 100 > 0:
        return 12 * math.log2(1 + sign * size / 100)
    return sign * size if name == "volume" and unit == "db" else None
