"""The mouth code: eight numbers that say what a mouth does, whoever it belongs to.

Order: inner gap, outer gap, outer width, inner width, nose to upper lip, nose to lower lip, nose to chin, height of
the corners. Raw codes are in units of the outer eye distance. Normalised codes are centred on the clip's median and
divided by its spread, identity by identity, which maps one person's mouth onto the range of another's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

MOUTH_NUMBERS = 8
GAP, OUTER_GAP, WIDTH, INNER_WIDTH, UPPER, LOWER, CHIN, CORNERS = range(MOUTH_NUMBERS)
MIN_SPREAD = 0.004
CODE_LIMIT = 4.0


def mouth_codes(landmarks: Floats) -> NDArray[np.float32]:
    """(N,68,2) px, iBUG-68 order -> raw codes (N,8). Rows with NaN stay NaN."""
    points = np.asarray(landmarks, np.float64)
    eyes = points[:, 45] - points[:, 36]
    unit = np.linalg.norm(eyes, axis=1)
    down = np.stack([-eyes[:, 1], eyes[:, 0]], 1) / np.maximum(unit, 1e-6)[:, None]
    nose = points[:, 33]

    def apart(a: int, b: int) -> Floats:
        return np.linalg.norm(points[:, a] - points[:, b], axis=1)

    def below_nose(point: Floats) -> Floats:
        return ((point - nose) * down).sum(1)

    codes = np.stack(
        [
            *(apart(62, 66), apart(51, 57), apart(48, 54), apart(60, 64)),
            *(below_nose(points[:, 62]), below_nose(points[:, 66]), below_nose(points[:, 8])),
            below_nose((points[:, 48] + points[:, 54]) / 2),
        ],
        axis=1,
    )
    return (codes / np.maximum(unit, 1e-6)[:, None]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class MouthScale:
    """One identity's middle and spread, each of 8 numbers."""

    middle: tuple[float, ...]
    spread: tuple[float, ...]

    def normalise(self, codes: Floats) -> NDArray[np.float32]:
        """Raw (N,8) -> normalised, limited to +-CODE_LIMIT so that a wild landmark cannot ask for a mouth never
        seen."""
        scaled = (codes - np.array(self.middle)) / np.array(self.spread)
        return np.clip(scaled, -CODE_LIMIT, CODE_LIMIT).astype(np.float32)

    def restore(self, codes: Floats) -> NDArray[np.float32]:
        """Normalised (N,8) -> raw."""
        return (codes * np.array(self.spread) + np.array(self.middle)).astype(np.float32)


def mouth_scale(codes: Floats) -> MouthScale:
    """Median and standard deviation of raw codes (N,8), wild rows trimmed."""
    finite = codes[np.isfinite(codes).all(1)].astype(np.float64)
    low, high = np.percentile(finite, [0.5, 99.5], axis=0)
    spread = np.clip(finite, low, high).std(0)
    return MouthScale(tuple(np.median(finite, 0).tolist()), tuple(np.maximum(spread, MIN_SPREAD).tolist()))


__all__ = ["MOUTH_NUMBERS", "MouthScale", "mouth_codes", "mouth_scale"]
