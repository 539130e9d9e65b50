"""From phones to mouths: a mouth code for every frame of a line that was only ever spoken.

Coarticulation after Cohen and Massaro (1993): every phone pulls the mouth towards its target with a dominance that
falls off before and after it; the strong ones (lips that must close) win. The targets stand in units of the person's
own range of movement, so the same table serves every face. Where the person's own aligned speech is known,
`fit_correction` learns how this person differs from the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..domain.speech import BREATH, SILENCE, Phone
from .mouth import GAP

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Viseme:
    """Targets as shares of a person's range: opening (0 lips shut, 1 widest), width (0 pursed, 1 spread), jaw, lower
    lip.

    dominance: how much it insists.  reach_s: how far before and after itself it is felt.
    """

    opening: float
    width: float
    jaw: float
    dominance: float
    reach_s: float
    lip_lift: float = 0.0


CLOSED = Viseme(0.0, 0.45, 0.25, 6.0, 0.035)
TEETH_ON_LIP = Viseme(0.10, 0.50, 0.25, 4.0, 0.040, lip_lift=0.5)
REST = Viseme(0.12, 0.50, 0.12, 1.0, 0.070)

# Shapes follow the usual MPEG-4 grouping of phones into visemes (ISO/IEC 14496-2, table of 14 visemes).
VISEMES: dict[str, Viseme] = {
    **dict.fromkeys(("P", "B", "M"), CLOSED),
    **dict.fromkeys(("F", "V"), TEETH_ON_LIP),
    **dict.fromkeys(("TH", "DH"), Viseme(0.25, 0.50, 0.30, 1.2, 0.050)),
    **dict.fromkeys(("T", "D", "N", "L"), Viseme(0.28, 0.52, 0.30, 0.6, 0.050)),
    **dict.fromkeys(("S", "Z"), Viseme(0.20, 0.62, 0.18, 1.3, 0.050)),
    **dict.fromkeys(("SH", "ZH", "CH", "JH"), Viseme(0.28, 0.15, 0.25, 1.6, 0.060)),
    **dict.fromkeys(("K", "G", "NG", "HH"), Viseme(0.32, 0.50, 0.35, 0.4, 0.050)),
    "Y": Viseme(0.25, 0.70, 0.25, 0.8, 0.050),
    "R": Viseme(0.30, 0.25, 0.30, 1.2, 0.060),
    "W": Viseme(0.12, 0.0, 0.25, 2.5, 0.070),
    "AA": Viseme(0.95, 0.45, 0.95, 1.4, 0.080),
    "AE": Viseme(0.85, 0.70, 0.85, 1.4, 0.080),
    "AH": Viseme(0.55, 0.50, 0.55, 0.9, 0.070),
    "AO": Viseme(0.80, 0.15, 0.85, 1.4, 0.080),
    "AW": Viseme(0.85, 0.35, 0.90, 1.3, 0.080),
    "AY": Viseme(0.85, 0.60, 0.85, 1.3, 0.080),
    "EH": Viseme(0.60, 0.68, 0.60, 1.2, 0.075),
    "ER": Viseme(0.40, 0.25, 0.45, 1.2, 0.070),
    "EY": Viseme(0.55, 0.80, 0.50, 1.2, 0.075),
    "IH": Viseme(0.42, 0.70, 0.40, 1.0, 0.070),
    "IY": Viseme(0.32, 1.0, 0.28, 1.3, 0.075),
    "OW": Viseme(0.55, 0.08, 0.60, 1.4, 0.080),
    "OY": Viseme(0.65, 0.20, 0.65, 1.3, 0.080),
    "UH": Viseme(0.35, 0.15, 0.40, 1.2, 0.070),
    "UW": Viseme(0.25, 0.0, 0.30, 1.6, 0.080),
    BREATH: Viseme(0.35, 0.45, 0.35, 1.0, 0.070),
    SILENCE: REST,
}
CLOSURES = ("P", "B", "M")
WINDOW_S = (-0.16, -0.08, 0.0, 0.08, 0.16)
PLAIN = tuple(sorted(VISEMES))


@dataclass(frozen=True, slots=True)
class MouthRange:
    """What a person's mouth does, in normalised codes: low and high end of each of the 8 numbers, and the code at
    rest."""

    low: tuple[float, ...]
    high: tuple[float, ...]
    closed: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Correction:
    """weights (F, 8): how this person's mouth differs from the table; F features of `phone_features`."""

    weights: NDArray[np.float32]


def mouth_range(codes: Floats) -> MouthRange:
    """From the normalised codes (N,8) of a talking person. Shut lips: the mean of the frames with the smallest gap."""
    finite = codes[np.isfinite(codes).all(1)]
    low, high = np.percentile(finite, [4, 97], axis=0)
    tightest = finite[np.argsort(finite[:, GAP])[: max(3, len(finite) // 40)]]
    return MouthRange(tuple(low.tolist()), tuple(high.tolist()), tuple(tightest.mean(0).tolist()))


def plain(label: str) -> str:
    """'AH0' -> 'AH'; unknown labels count as silence."""
    bare = label if label in (SILENCE, BREATH) else label.rstrip("012")
    return bare if bare in VISEMES else SILENCE


def drive(
    phones: Sequence[Phone], times_s: Floats, mouth: MouthRange, correction: Correction | None = None
) -> NDArray[np.float32]:
    """Normalised mouth codes (n,8) at times_s (n,), seconds in the utterance; at rest outside of it."""
    codes = table_codes(phones, times_s, mouth)
    if correction is not None:
        codes = codes + phone_features(phones, times_s) @ correction.weights
    low, high = np.array(mouth.low) - 0.5, np.array(mouth.high) + 0.5
    return close_lips(np.clip(codes, low, high), phones, times_s, mouth).astype(np.float32)


def table_codes(phones: Sequence[Phone], times_s: Floats, mouth: MouthRange) -> NDArray[np.float64]:
    """The dominance-weighted mean of the targets of all phones near each time: (n,8)."""
    times = np.asarray(times_s, np.float64)
    shares = np.zeros((len(times), 4))
    total = np.full((len(times), 1), 1e-6)
    shares += total * _shares(REST)
    for phone in phones:
        viseme = VISEMES[plain(phone.label)]
        start, end = float(phone.start), float(phone.end)
        outside = np.maximum(np.maximum(start - times, times - end), 0)
        pull = viseme.dominance * np.exp(-((outside / viseme.reach_s) ** 1.3))
        # Long silences must not drown their neighbours, nor short stops vanish: pull counts per phone, not per second.
        shares += pull[:, None] * _shares(viseme)
        total += pull[:, None]
    return _to_codes(shares / total, mouth)


def _shares(viseme: Viseme) -> NDArray[np.float64]:
    return np.array([viseme.opening, viseme.width, viseme.jaw, viseme.lip_lift])


def _to_codes(shares: NDArray[np.float64], mouth: MouthRange) -> NDArray[np.float64]:
    """Shares (n,4) of a person's range -> codes (n,8), in the order of `mouth.py`."""
    opening, width, jaw, lift = shares.T
    parts = np.stack(
        [opening, 0.75 * opening + 0.25 * jaw, width, width, 1 - 0.6 * opening, jaw - 0.5 * lift, jaw, 0.3 + 0.5 * jaw],
        axis=1,
    )
    low, high = np.array(mouth.low), np.array(mouth.high)
    codes = low + np.clip(parts, 0, 1) * (high - low)
    codes[:, GAP] = mouth.closed[GAP] + opening * (high[GAP] - mouth.closed[GAP])
    return codes


def close_lips(
    codes: NDArray[np.float64], phones: Sequence[Phone], times_s: Floats, mouth: MouthRange
) -> NDArray[np.float64]:
    """Shut lips in every frame inside a p, b or m, or in the nearest one if none falls inside; eased on both sides.

    The whole code of shut lips is taken: a small gap with the jaw of an open vowel is a mouth that nobody has.
    """
    times = np.asarray(times_s, np.float64)
    out = codes.copy()
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.04
    for phone in phones:
        if plain(phone.label) not in CLOSURES or not len(times):
            continue
        start, end = float(phone.start), float(phone.end)
        middle = (start + end) / 2
        nearest = abs(times - middle).min()
        half = max((end - start) / 2, nearest)
        away = np.maximum(abs(times - middle) - half, 0) / step
        shut = np.where(away <= 1e-6, 1.0, np.where(away <= 1.0, 0.5, 0.0))
        out += (np.array(mouth.closed) - out) * shut[:, None]
    return out


def phone_features(phones: Sequence[Phone], times_s: Floats) -> NDArray[np.float64]:
    """Which phones sound around each time: (n, len(WINDOW_S) * len(PLAIN)), share of an 80 ms window a phone."""
    times = np.asarray(times_s, np.float64)
    features = np.zeros((len(WINDOW_S), len(times), len(PLAIN)))
    column = {label: i for i, label in enumerate(PLAIN)}
    for phone in phones:
        start, end = float(phone.start), float(phone.end)
        for k, shift in enumerate(WINDOW_S):
            centre = times + shift
            overlap = np.minimum(end, centre + 0.04) - np.maximum(start, centre - 0.04)
            features[k, :, column[plain(phone.label)]] += np.clip(overlap, 0, None) / 0.08
    return features.transpose(1, 0, 2).reshape(len(times), -1)


def fit_correction(
    phones: Sequence[Phone], times_s: Floats, codes: Floats, mouth: MouthRange, ridge: float = 6.0
) -> Correction:
    """Ridge regression of (measured - table) on the phones around each frame; rows with NaN are left out.

    times_s (n,), codes (n,8) normalised. With few frames the ridge keeps the table's answer.
    """
    good = np.isfinite(codes).all(1)
    features = phone_features(phones, np.asarray(times_s)[good])
    rest = codes[good] - table_codes(phones, np.asarray(times_s)[good], mouth)
    gram = features.T @ features + ridge * np.eye(features.shape[1])
    return Correction(np.linalg.solve(gram, features.T @ rest).astype(np.float32))


__all__ = ["CLOSURES", "VISEMES", "Correction", "MouthRange", "drive", "fit_correction", "mouth_range", "plain"]
