"""An actor's mouth on another face: shut where the actor shuts it.

Middle and spread map one person's range onto another's, but not one's shut lips onto the other's: they lie 1.3 spreads
below the middle on one CG talker, 2.0 on another. What training sees stays as it is; the difference is added when a
mouth that was measured on the actor is painted on the source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .mouth import CHIN, GAP, LOWER, MOUTH_NUMBERS, OUTER_GAP, UPPER, MouthScale

Floats = NDArray[np.floating[Any]]

SHUT_RAW = 0.06
"""Inner gap over eye distance: 0.015 and 0.035 at p, b, m of two CG talkers. A mouth never seen below it was never
shut."""
LEAST_SHUT = -0.5
"""Normalised: shut lips are clearly below the middle of a talker's openings."""
MOST_MOVED = 1.5
USUAL_SHARE, TIGHT_SHARE = 0.06, 0.025
"""Of the frames of a talker: as many have shut lips (p, b and m are 7 % of English phones); those shut for certain."""
_MOVED = (GAP, OUTER_GAP, UPPER, LOWER, CHIN)


@dataclass(frozen=True, slots=True)
class Carry:
    """From the actor's normalised codes to the source's.  shut: the actor's gap when shut.  move (8,): added there,
    nothing at the middle and above, in proportion between."""

    shut: float = -1.0
    move: tuple[float, ...] = (0.0,) * MOUTH_NUMBERS

    def over(self, codes: Floats) -> NDArray[np.float32]:
        """(n,8) -> (n,8)."""
        share = np.clip(np.asarray(codes, np.float64)[:, GAP] / self.shut, 0.0, 1.2)
        return np.asarray(codes + share[:, None] * np.array(self.move), np.float32)


def carry_between(actor: Floats, actor_scale: MouthScale, source: Floats, source_scale: MouthScale) -> Carry:
    """From the raw codes (n,8) of both; nothing is moved unless both were seen with shut lips."""
    from_, to = _shut(actor, actor_scale, USUAL_SHARE), _shut(source, source_scale, TIGHT_SHARE)
    if from_ is None or to is None or from_[GAP] > LEAST_SHUT:
        return Carry()
    move = np.zeros(MOUTH_NUMBERS)
    part = list(_MOVED)
    move[part] = np.clip(to - from_, -MOST_MOVED, MOST_MOVED)[part]
    return Carry(float(from_[GAP]), tuple(move.tolist()))


def _shut(codes: Floats, scale: MouthScale, share: float) -> NDArray[np.float64] | None:
    """Normalised code in the middle of the tightest frames, a share of all; None if they are not shut."""
    finite = codes[np.isfinite(codes).all(1)]
    tightest = finite[np.argsort(finite[:, GAP], kind="stable")[: max(3, round(len(finite) * share))]]
    if not len(tightest) or np.median(tightest[:, GAP]) > SHUT_RAW:
        return None
    return np.asarray(np.median(scale.normalise(tightest), axis=0), np.float64)


__all__ = ["Carry", "carry_between"]
