"""Where somebody looks, beside where the source usually looks.

Eyes are built differently, and landmarks lie differently on them: from person to person by 0.015 of an eye's width
across and 0.028 down (40 fictional people, glances taken out). But who looks past the camera in a whole shot does look
there. Of what two people's usual places differ by, such habits get the share that is to be expected of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .irises import OPEN, SeenIrises

__all__ = ["LEAST_OPEN", "GlanceReader"]

Floats = NDArray[np.floating[Any]]

LEAST_OPEN = 12
"""Frames with open eyes; fewer do not say where somebody looks on the whole."""

_HABIT = np.array([0.9, 0.5])
"""If people look past the camera by ten degrees to the side and five up or down."""

_SHUT = 0.6
"""From here on no iris is seen."""

_AGREE, _APART = 0.1, 0.2
"""Widths of an eye: both eyes look the same way, or one of them is not seen well."""


@dataclass(frozen=True, slots=True)
class GlanceReader:
    """One person in one footage. usual (2,2): where both irises are, see `irises.SeenIrises`, when this person looks
    where the source usually does.  lids: how far they are shut when they are open, see `irises.SeenIrises.lids`."""

    usual: Floats
    lids: float

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"usual": np.asarray(self.usual), "lids": np.array(self.lids)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        return cls(arrays["usual"], float(arrays["lids"]))

    @classmethod
    def of(cls, irises: SeenIrises, source: Floats) -> Self | None:
        """Of frames all over the footage, and the source's usual places (2,2); None where open eyes are too few."""
        seen = irises.are_seen
        if seen.sum() < LEAST_OPEN:
            return None
        own = np.median(irises.places[seen], 0)
        return cls(own - _HABIT * (own - source).mean(0), float(np.median(irises.lids[seen])))

    def __call__(self, irises: SeenIrises) -> tuple[Floats, Floats, Floats]:
        """How far both are to the right of and below `usual`, in widths of the eye (N,2); how sure that is (N,), 0..1;
        and how much farther lids are shut than usual (N,)."""
        away = irises.places - self.usual
        apart = np.linalg.norm(away[:, 0] - away[:, 1], axis=1)
        sure = _falling(irises.shut.max(1), OPEN, _SHUT) * _falling(apart, _AGREE, _APART)
        return away.mean(1), sure, irises.lids - self.lids


def _falling(values: Floats, whole: float, none: float) -> Floats:
    share = np.clip((none - values) / (none - whole), 0, 1)
    return np.asarray(share * share * (3 - 2 * share))
