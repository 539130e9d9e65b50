"""How far one person's lids have to move for the other's.

The reader says of both people when lids are open or shut, but the numbers for shut differ by a third from face to face.
Without a common scale a blink ends half-way, as a ghost of two pictures of an eye.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .reader import READINGS

if TYPE_CHECKING:
    from .network import NetworkConfig

__all__ = ["LEAST_BLINK", "MOST_GAIN", "SHUT", "lid_gain", "lid_levels", "lid_place", "lid_tremble"]

Floats = NDArray[np.floating[Any]]

MOST_GAIN = 1.6

SHUT = 0.6
"""Of the way from open to shut: from here on a frame is one of a blink."""

_SPREADS = 4.0
_TO_SPREAD = 1.4826
"""From a median distance to the spread of a normal distribution."""

_SHUT_QUANTILE = 0.99
LEAST_BLINK = 1.0
"""Less between open and shut is no blink, but glances and the reader's own noise."""


def lid_place(config: NetworkConfig) -> int | None:
    """Where in a code the lids are read; None without a reader."""
    return config.code + READINGS.index("lids") if config.readings else None


def lid_levels(readings: Floats) -> tuple[float, float]:
    """Of one person (N,): usually, which is open, and when they are shut. Blinks are short: N must be some hundreds."""
    if not len(readings):
        return 0.0, 0.0
    return float(np.median(readings)), float(np.quantile(readings, _SHUT_QUANTILE))


def lid_tremble(readings: Floats) -> float:
    """By what share of the way from open to shut a person's open lids are read apart, four spreads of it; 0 for one
    who never blinks."""
    opened, shut = lid_levels(readings)
    if shut - opened < LEAST_BLINK:
        return 0.0
    way = (np.asarray(readings, np.float64) - opened) / (shut - opened)
    return float(_SPREADS * _TO_SPREAD * np.median(np.abs(way[way < SHUT])))


def lid_gain(source: tuple[float, float], person: tuple[float, float]) -> float:
    """What this person's readings are multiplied by for the source's; 1 where one of the two never blinks."""
    ranges = source[1] - source[0], person[1] - person[0]
    if min(ranges) < LEAST_BLINK:
        return 1.0
    return float(np.clip(ranges[0] / ranges[1], 1 / MOST_GAIN, MOST_GAIN))
