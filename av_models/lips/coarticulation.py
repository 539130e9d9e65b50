"""Neighbouring sounds share the mouth: how much each viseme has to say at each moment.

After Cohen and Massaro (1993): every gesture pulls towards its target with a dominance that falls off before and after
it (look-ahead and carry-over), and the mouth is the dominance-weighted mean of all targets. With shares known, the
code is linear in the targets, which is what makes them easy to learn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..domain.speech import SILENCE
from .gestures import Gesture
from .visemes import CLASSES, VISEMES

Floats = NDArray[np.floating[Any]]

COLUMN = {name: k for k, name in enumerate(CLASSES)}
FARTHEST = 9.0
"""In reaches: beyond it a gesture is not felt, so that a mouth at rest is exactly still."""
EARLIER_FROM_REST = 1.8
"""The first sound after a pause, and a breath, is made ready sooner: lips part 0.1 to 0.2 s ahead of it."""
LONGEST_EDGE_S = 0.04
"""However long a sound is, it comes into its own this soon."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """How dominance falls off.

    reach: stretches every viseme's own.  core: the share of a gesture's length, round its middle, in which it is full.
    power: 1 falls off like a tent, 2 like a bell.  for_width: dominances of the width instead of opening and jaw.
    """

    reach: float = 1.0
    core: float = 0.75
    power: float = 1.15
    for_width: bool = False


def shares(
    gestures: Sequence[Gesture], times_s: Floats, kernel: Kernel, efforts: Floats | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Share of every viseme at times_s (n,), ascending: (n, classes), rows add to 1; and the same weighed by effort."""
    times = np.asarray(times_s, np.float64)
    pulls = np.zeros((len(times), len(CLASSES)))
    forced = np.zeros_like(pulls)
    for k, gesture in enumerate(gestures):
        from_rest = k > 0 and gestures[k - 1].name == SILENCE
        for name, share in gesture.mix:
            part, pull = _pull(gesture, name, times, kernel, EARLIER_FROM_REST if from_rest else 1.0)
            pulls[part, COLUMN[name]] += share * pull
            if efforts is not None and efforts[k]:
                forced[part, COLUMN[name]] += share * pull * efforts[k]
    total = np.maximum(pulls.sum(1, keepdims=True), 1e-12)
    return pulls / total, forced / total


def _pull(
    gesture: Gesture, name: str, times: Floats, kernel: Kernel, earlier: float
) -> tuple[slice, NDArray[np.float64]]:
    """The frames that feel the gesture, and how much. earlier: by how much its reach ahead of itself is stretched."""
    viseme = VISEMES[name]
    reach = viseme.reach_s * kernel.reach
    whole = (gesture.end_s - gesture.start_s) / 2
    half = whole - min((1 - kernel.core) * whole, LONGEST_EDGE_S)
    farthest = half + FARTHEST * reach * earlier
    first, last = np.searchsorted(times, [gesture.middle_s - farthest, gesture.middle_s + farthest])
    off = times[first:last] - gesture.middle_s
    away = np.maximum(np.where(off < 0, -off / earlier, off) - half / np.where(off < 0, earlier, 1.0), 0)
    strength = viseme.dominance * (viseme.width_dominance if kernel.for_width else 1.0)
    return slice(int(first), int(last)), strength * np.exp(-((away / reach) ** kernel.power))


__all__ = ["COLUMN", "Kernel", "shares"]
