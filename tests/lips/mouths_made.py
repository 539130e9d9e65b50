"""Phones, a face and a made-up person's mouth for the tests of driven lips."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from av_models.domain.speech import Phone
from av_models.lips.coarticulation import Kernel
from av_models.lips.drive import MouthModel, drive, table_model
from av_models.lips.visemes import CLASSES, MouthRange

FACE = MouthRange(low=(-1.5,) * 8, high=(1.8,) * 8, closed=(-1.6, -1.5, 0.0, 0.0, 0.3, -1.2, -0.6, -0.4))
RATES = (
    Fraction(24000, 1001),
    Fraction(24),
    Fraction(25),
    Fraction(30000, 1001),
    Fraction(30),
    Fraction(50),
    Fraction(60),
)


def line(*labels: str, each_s: float = 0.09, start_s: float = 0.0) -> list[Phone]:
    step, start = (Fraction(value).limit_denominator(10000) for value in (each_s, start_s))
    return [Phone(label, start + step * i, start + step * (i + 1)) for i, label in enumerate(labels)]


def middles(duration_s: float, rate: Fraction | float = 25) -> np.ndarray:
    return (np.arange(int(duration_s * float(rate))) + 0.5) / float(rate)


def babble(n: int, seed: int, each_s: float = 0.09) -> list[Phone]:
    """n random phones, a pause now and then."""
    rng = np.random.default_rng(seed)
    labels = ["AA1", "IY1", "M", "S", "UW1", "T", "EH1", "B", "SH", "L", "F", "AO1", "N", "K", "sil"]
    return line(*(str(label) for label in rng.choice(labels, n)), each_s=each_s)


def person(seed: int = 3) -> MouthModel:
    """Somebody whose mouth goes elsewhere than the table says, and who coarticulates more."""
    own = table_model(FACE)
    moved = own.targets + np.random.default_rng(seed).normal(0, 0.45, (len(CLASSES), 8))
    return MouthModel(FACE, moved, Kernel(1.2, 0.5, 1.0), Kernel(1.2, 0.5, 1.0, True), effort=0.0)


def speaks(model: MouthModel, phones: list[Phone], times: np.ndarray, noise: float = 0.1) -> np.ndarray:
    """What a camera measures of that person: codes (n,8) with a tracker's noise."""
    return drive(phones, times, model) + np.random.default_rng(1).normal(0, noise, (len(times), 8))
