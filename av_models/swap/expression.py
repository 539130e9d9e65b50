"""What an actor's brows and eyes do beyond the performance that a painted face follows by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from .brows import BrowReader
from .glances import GlanceReader
from .irises import IrisFinder, SeenIrises, find_irises, load_iris_finder
from .shape import Expression, Glance

__all__ = ["ExpressionReader", "irises_in"]

Floats = NDArray[np.floating[Any]]
Pixels = NDArray[np.uint8]

_BROWS, _GLANCES = "brows_", "glances_"


@dataclass(frozen=True, slots=True)
class ExpressionReader:
    """One person in one footage. brows, glances: None where they are not followed.

    brow_gain: how far painted brows go beside what is read, each in units of its own crop's side.  glance_gain: share
    of a glance that painted eyes follow.
    """

    brows: BrowReader | None
    glances: GlanceReader | None
    brow_gain: float
    glance_gain: float

    def arrays(self) -> dict[str, NDArray[Any]]:
        found: dict[str, NDArray[Any]] = {"gains": np.array([self.brow_gain, self.glance_gain])}
        for prefix, part in ((_BROWS, self.brows), (_GLANCES, self.glances)):
            found |= {prefix + name: values for name, values in (part.arrays() if part is not None else {}).items()}
        return found

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        brows, glances = (
            {name.removeprefix(prefix): values for name, values in arrays.items() if name.startswith(prefix)}
            for prefix in (_BROWS, _GLANCES)
        )
        return cls(
            BrowReader.from_arrays(brows) if brows else None,
            GlanceReader.from_arrays(glances) if glances else None,
            *arrays["gains"].tolist(),
        )

    def __call__(self, crops: Pixels, points: Floats, turns: Floats, device: torch.device) -> Expression:
        """Of crops (N,S,S,3) of the footage, landmarks (N,68,2) px in them, and readings of yaw and pitch (N,2)."""
        brows: Floats = np.zeros((len(crops), 2))
        if self.brows is not None:
            brows = self.brow_gain * self.brows(crops, turns)
        if self.glances is None:
            return Expression(_there(brows, device))
        away, sure, lids = self.glances(irises_in(crops, points, device))
        seen = self.glance_gain * away, sure, self.glance_gain * lids
        return Expression(_there(brows, device), Glance(*(_there(one, device) for one in seen)))


def _there(values: Floats, device: torch.device) -> torch.Tensor:
    return torch.from_numpy(np.asarray(values, np.float32)).to(device)


def irises_in(crops: Pixels, points: Floats, device: torch.device) -> SeenIrises:
    """Of crops (N,S,S,3) with landmarks (N,68,2) px in them."""
    return find_irises(_finder(device), crops, points)


@lru_cache(maxsize=4)
def _finder(device: torch.device) -> IrisFinder:
    return load_iris_finder().to(device)
