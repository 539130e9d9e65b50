"""The shapes of a speaking mouth: what each kind of sound asks of lips and jaw, whoever speaks.

Targets stand in shares of a person's own range of movement, so that one table serves every face. It is what is known
before anything is known about a person; `learning.py` moves the targets to where this person's mouth really goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..domain.speech import BREATH, SILENCE
from .mouth import GAP

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Viseme:
    """opening (0 lips shut, 1 widest), width (0 pursed, 1 spread), jaw (0 up, 1 down): shares of a person's range.

    dominance: how much it insists against its neighbours.  reach_s: how far before and after itself it is felt.
    width_dominance: how much it insists on a width, as a share of `dominance`: a t takes the lips as it finds them.
    lip_lift: the lower lip above where the jaw leaves it, for lip against teeth.
    """

    opening: float
    width: float
    jaw: float
    dominance: float
    reach_s: float
    width_dominance: float = 1.0
    lip_lift: float = 0.0


# Shapes follow the usual MPEG-4 grouping of phones into visemes (ISO/IEC 14496-2, table of 14 visemes); that lips and
# jaw insist differently, and that coronals and velars leave the lips free, follows Cohen and Massaro (1993).
VISEMES: dict[str, Viseme] = {
    **dict.fromkeys(("P", "B", "M"), Viseme(0.0, 0.45, 0.25, 6.0, 0.035, 0.4)),
    **dict.fromkeys(("F", "V"), Viseme(0.15, 0.55, 0.25, 4.0, 0.040, 0.6, lip_lift=0.5)),
    **dict.fromkeys(("TH", "DH"), Viseme(0.28, 0.50, 0.30, 1.0, 0.050, 0.5)),
    **dict.fromkeys(("T", "D", "N", "L"), Viseme(0.30, 0.52, 0.30, 0.6, 0.050, 0.5)),
    **dict.fromkeys(("S", "Z"), Viseme(0.28, 0.62, 0.18, 1.3, 0.050, 0.5)),
    **dict.fromkeys(("SH", "ZH", "CH", "JH"), Viseme(0.42, 0.20, 0.25, 1.4, 0.055)),
    **dict.fromkeys(("K", "G", "NG"), Viseme(0.32, 0.50, 0.35, 0.5, 0.050, 0.4)),
    "HH": Viseme(0.36, 0.50, 0.38, 0.4, 0.050, 0.4),
    "Y": Viseme(0.28, 0.70, 0.25, 0.8, 0.050),
    "R": Viseme(0.30, 0.25, 0.30, 1.0, 0.060),
    "W": Viseme(0.15, 0.0, 0.25, 2.5, 0.055, 1.2),
    "AA": Viseme(0.95, 0.45, 0.95, 1.3, 0.065),
    "AE": Viseme(0.85, 0.70, 0.85, 1.3, 0.065),
    "AH": Viseme(0.50, 0.50, 0.50, 0.8, 0.060),
    "AO": Viseme(0.80, 0.15, 0.85, 1.3, 0.065),
    "EH": Viseme(0.65, 0.68, 0.62, 1.2, 0.060),
    "ER": Viseme(0.40, 0.30, 0.40, 1.1, 0.060),
    "IH": Viseme(0.45, 0.68, 0.40, 1.0, 0.060),
    "IY": Viseme(0.40, 1.0, 0.28, 1.2, 0.060),
    "UH": Viseme(0.35, 0.15, 0.40, 1.1, 0.060),
    "UW": Viseme(0.22, 0.0, 0.30, 1.8, 0.060, 1.2),
    BREATH: Viseme(0.40, 0.45, 0.38, 1.2, 0.110),
    SILENCE: Viseme(0.12, 0.50, 0.12, 0.9, 0.055),
}
CLASSES = tuple(sorted(VISEMES))
CLOSED = frozenset({"P", "B", "M"})
ON_TEETH = frozenset({"F", "V"})
VOWELS = frozenset({"AA", "AE", "AH", "AO", "EH", "ER", "IH", "IY", "UH", "UW"})


@dataclass(frozen=True, slots=True)
class MouthRange:
    """What a person's mouth does, in normalised codes, each of 8 numbers.

    low, high: both ends.  closed: lips shut.  speed: the fastest change per second.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    closed: tuple[float, ...]
    speed: tuple[float, ...] = (60.0,) * 8


def mouth_range(codes: Floats, times_s: Floats | None = None) -> MouthRange:
    """From the normalised codes (N,8) of a talking person, and the times of its frames (N,) if its speed is wanted.

    Shut lips: the mean of the frames with the smallest gap.
    """
    good = np.isfinite(codes).all(1)
    finite = codes[good]
    low, high = np.percentile(finite, [4, 97], axis=0)
    tightest = finite[np.argsort(finite[:, GAP], kind="stable")[: max(3, len(finite) // 40)]]
    found = MouthRange(tuple(low.tolist()), tuple(high.tolist()), tuple(tightest.mean(0).tolist()))
    if times_s is None or len(finite) < 50:
        return found
    return MouthRange(found.low, found.high, found.closed, _speed(finite, np.asarray(times_s)[good]))


def _speed(codes: Floats, times_s: Floats) -> tuple[float, ...]:
    """Per second, reached in one step of two hundred; steps over missing frames are left out."""
    steps = np.diff(times_s)
    near = steps < 1.5 * np.median(steps)
    return tuple(np.percentile(abs(np.diff(codes, axis=0)[near]) / steps[near, None], 99.5, axis=0).tolist())


def table_targets(mouth: MouthRange) -> NDArray[np.float64]:
    """Every viseme's code on this person by the table alone: (classes, 8), in the order of CLASSES."""
    rows = [VISEMES[name] for name in CLASSES]
    opening, width, jaw, lift = np.array([[v.opening, v.width, v.jaw, v.lip_lift] for v in rows]).T
    shares = np.stack(
        [opening, 0.75 * opening + 0.25 * jaw, width, width, 1 - 0.6 * opening, jaw - 0.5 * lift, jaw, 0.3 + 0.5 * jaw],
        axis=1,
    )
    low, high = np.array(mouth.low), np.array(mouth.high)
    codes = low + np.clip(shares, 0, 1) * (high - low)
    codes[:, GAP] = mouth.closed[GAP] + opening * (high[GAP] - mouth.closed[GAP])
    return np.asarray(codes)


__all__ = ["CLASSES", "CLOSED", "ON_TEETH", "VISEMES", "VOWELS", "MouthRange", "Viseme", "mouth_range", "table_targets"]
