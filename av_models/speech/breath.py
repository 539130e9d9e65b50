"""Breaths made of shaped noise: air through a narrowing, without a voice. Drawn in softly, or let out as a sigh."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from av_models.domain.script import Token, TokenKind

__all__ = ["BREATH_MS", "SIGH_MS", "breath_in", "breath_of", "breath_out", "breaths_in"]

BREATH_MS, SIGH_MS = 420, 780
# Broad resonances of an open vocal tract while air is drawn in, as (centre Hz, width Hz, level).
_RESONANCES = ((700.0, 500.0, 0.7), (1700.0, 700.0, 1.0), (2900.0, 1000.0, 0.55), (4600.0, 1800.0, 0.3))
# Of air let out over a lowered tongue: darker, near the resonances of an "uh".
_RESONANCES_OUT = ((550.0, 350.0, 1.0), (1300.0, 500.0, 0.7), (2500.0, 800.0, 0.3), (3900.0, 1400.0, 0.15))
_LEVEL_RMS = 0.011


def breath_in(rate_hz: int, seed: int, level: float = 1.0) -> np.ndarray:
    """float32 (n,) of BREATH_MS, begins and ends at zero; some 18 dB below speech at level 1. seed: fixes the noise."""
    position = np.linspace(0, 1, round(BREATH_MS * rate_hz / 1000))
    swell = np.sin(np.pi * position**0.75) ** 1.5 * (0.75 + 0.25 * position)
    return _air(rate_hz, seed, _RESONANCES, swell, level)


def breath_out(rate_hz: int, seed: int, level: float = 1.0) -> np.ndarray:
    """As `breath_in`, of SIGH_MS: a quick onset, then air that runs out."""
    position = np.linspace(0, 1, round(SIGH_MS * rate_hz / 1000))
    swell = np.minimum(position / 0.12, 1.0) * (1 - position) ** 1.3
    return _air(rate_hz, seed, _RESONANCES_OUT, 1.9 * swell, level)


def breath_of(kind: TokenKind, rate_hz: int, seed: int, level: float = 1.0) -> np.ndarray:
    """The sound of a [breath] or a [sigh]."""
    return (breath_out if kind is TokenKind.SIGH else breath_in)(rate_hz, seed, level)


def breaths_in(tokens: Sequence[Token]) -> list[TokenKind]:
    """Breaths and sighs of a line in their order: phones name them alike."""
    return [token.kind for token in tokens if token.kind in (TokenKind.BREATH, TokenKind.SIGH)]


def _air(
    rate_hz: int, seed: int, resonances: Sequence[tuple[float, float, float]], swell: np.ndarray, level: float
) -> np.ndarray:
    """Noise (n,) through resonances, as loud as `swell` (n,) says."""
    n = swell.size
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(n))
    frequency = np.fft.rfftfreq(n, 1 / rate_hz)
    shape = sum(gain * np.exp(-(((frequency - centre) / width) ** 2)) for centre, width, gain in resonances)
    noise = np.fft.irfft(spectrum * shape, n)
    breath = noise / np.sqrt(np.mean(noise**2)) * swell
    return np.asarray(breath * (_LEVEL_RMS * level), dtype=np.float32)
