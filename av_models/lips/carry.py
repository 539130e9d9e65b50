"""An actor's mouth on another face: shut where the actor shuts it.

Middle and spread map one person's range onto another's, but not one's shut lips onto the other's: they lie 1.3 spreads
below the middle on one CG talker, 2.0 on another. And a clip's middle is what is said in it, and how long nobody talks.
So what parts shut lips from shut lips is added when a mouth that was measured on the actor is painted on the source:
half of it everywhere, all of it where the lips are shut. On six pairs of CG talkers gaps were off by 0.70 spreads
beside the exact ones, 0.74 with none of it where they are open, 0.76 with all of it; on the five whose actor was
tracked well 0.41, 0.48 and 0.52. What training sees stays as it is.

Spreads hold who talks, but also how the tracker sees that mouth: the same gap is measured three times as large on one
talker as on another. Lips that part as far as the actor's, beside the distance of the eyes, were off by 0.86.
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
USUAL_SHARE, TIGHT_SHARE = 0.06, 0.025
"""Of the frames of a talker: as many have shut lips (p, b and m are 7 % of English phones); those shut for certain."""

MOST_MOVED = 1.5
"""Spreads."""

_PARTED = (GAP, OUTER_GAP, LOWER, CHIN)
_EVERYWHERE = 0.5
_LEAST_SHUT, _LEAST_SPREAD = -0.5, 0.35
"""Of a talker: shut lips are clearly below the middle, normalised; and the spread, beside the source's, is not that of
a tremble, which would be made as large as speech. Of somebody who hardly speaks the middle is shut, and all of the
difference counts everywhere."""


@dataclass(frozen=True, slots=True)
class Carry:
    """From the actor's normalised codes to the source's: times gain (8,), plus move (8,).  shut: the actor's gap when
    shut.  bend (8,): added there as well, nothing at the middle and above, in proportion between."""

    gain: tuple[float, ...] = (1.0,) * MOUTH_NUMBERS
    move: tuple[float, ...] = (0.0,) * MOUTH_NUMBERS
    bend: tuple[float, ...] = (0.0,) * MOUTH_NUMBERS
    shut: float = -1.0

    def over(self, codes: Floats) -> NDArray[np.float32]:
        """(n,8) -> (n,8)."""
        codes = np.asarray(codes, np.float64)
        share = np.clip(codes[:, GAP] / self.shut, 0.0, 1.2)[:, None]
        return np.asarray(codes * np.array(self.gain) + np.array(self.move) + share * np.array(self.bend), np.float32)


def carry_between(actor: Floats, actor_scale: MouthScale, source: Floats, source_scale: MouthScale) -> Carry:
    """From the raw codes (n,8) of both; nothing is moved unless both were seen with shut lips."""
    spreads = np.array(actor_scale.spread) / np.array(source_scale.spread)
    gain = np.minimum(spreads / _LEAST_SPREAD, 1.0)
    from_, to = _shut(actor, actor_scale, USUAL_SHARE), _shut(source, source_scale, TIGHT_SHARE)
    if from_ is None or to is None:
        return Carry(_numbers(gain))
    apart = np.clip(to - gain * from_, -MOST_MOVED, MOST_MOVED)
    move, bend = np.zeros(MOUTH_NUMBERS), np.zeros(MOUTH_NUMBERS)
    parted, talks = list(_PARTED), from_[GAP] < _LEAST_SHUT and gain[GAP] == 1
    move[parted] = (_EVERYWHERE if talks else 1.0) * apart[parted]
    if talks:
        bend[parted] = (1 - _EVERYWHERE) * apart[parted]
        bend[UPPER] = apart[UPPER]  # an upper lip hardly rises; where it lies is who somebody is
    return Carry(_numbers(gain), _numbers(move), _numbers(bend), min(float(from_[GAP]), _LEAST_SHUT))


def _numbers(values: Floats) -> tuple[float, ...]:
    return tuple(values.tolist())


def _shut(codes: Floats, scale: MouthScale, share: float) -> NDArray[np.float64] | None:
    """Normalised code in the middle of the tightest frames, a share of all; None if they are not shut."""
    finite = codes[np.isfinite(codes).all(1)]
    tightest = finite[np.argsort(finite[:, GAP], kind="stable")[: max(3, round(len(finite) * share))]]
    if not len(tightest) or np.median(tightest[:, GAP]) > SHUT_RAW:
        return None
    return np.asarray(np.median(scale.normalise(tightest), axis=0), np.float64)


__all__ = ["Carry", "carry_between"]
