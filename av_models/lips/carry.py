"""An actor's mouth on another face: shut where the actor shuts it, and as wide open.

Middle and spread map one person's range onto another's, but what was said in a clip, how lively, and how long nobody
talked are in them, too: from a source who mumbles everybody would mumble. Two things tell talkers from what they do.

How far lips part is told by the outer ones, beside the distance of the eyes. On 15 clips of CG talkers those move by
0.8 to 1.5 of the exact gap, inner ones, as landmarks see them, by 0.3 to 1.3. So gaps are carried over by the two
spreads of the outer lips: on six pairs they were off by 0.46 spreads on the mean beside the exact ones, by 0.56 when
every talker's spread was made the same; those of the liveliest actor, whose lips on the source's head part half as far
again as the source's own, by 0.60 instead of 0.88.

And shut lips are shut lips: they lie 1.3 spreads below the middle on one talker, 2.0 on another. What parts one's from
the other's is added: half of it everywhere, all of it where the lips are shut. What training sees stays as it is.
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
_TOLD = 0.75
"""Power of what outer lips tell of two talkers' openings: part of it is how the tracker sees them."""

_MOST_WIDER = 2.0
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
    parted = list(_PARTED)
    spreads = np.array(actor_scale.spread) / np.array(source_scale.spread)
    gain = np.minimum(spreads / _LEAST_SPREAD, 1.0)
    gain[parted] = min(float(spreads[OUTER_GAP]) ** _TOLD, _MOST_WIDER)
    from_, to = _shut(actor, actor_scale, USUAL_SHARE), _shut(source, source_scale, TIGHT_SHARE)
    if from_ is None or to is None:
        return Carry(_numbers(gain))
    apart = np.clip(to - gain * from_, -MOST_MOVED, MOST_MOVED)
    move, bend = np.zeros(MOUTH_NUMBERS), np.zeros(MOUTH_NUMBERS)
    talks = from_[GAP] < _LEAST_SHUT and spreads[GAP] > _LEAST_SPREAD
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
