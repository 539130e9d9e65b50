"""Where exactly one phone becomes the next: a small network looks at 150 ms around every boundary of the path.

It reads the fine spectrum through three dilated convolutions that know both phones (FiLM, Perez et al. 2018), and gives
a probability for every 2.5 ms; with the path's own belief as a prior, the median is the boundary. How it was trained
is told in boundaries.md; `boundary_training` does it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from av_models.domain.errors import ModelError

from .cepstra import RATE_HZ
from .spectrum import HOP, fine_spectrum

__all__ = ["AROUND", "DILATIONS", "PHONES", "REACH", "WEIGHTS", "move_boundaries", "refine_boundaries", "spread_apart"]

Array = NDArray[np.float32]
Floats = NDArray[np.float64]

PHONES = (
    "SIL", "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH", "IH", "IY", "JH",
    "K", "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH", "UH", "UW", "V", "W", "Y", "Z", "ZH",
)  # fmt: skip
AROUND = 30  # frames of the spectrum on each side of the path's boundary
REACH = 16  # frames by which a boundary may move: 40 ms
DILATIONS = (1, 2, 4)
WEIGHTS = "boundaries.safetensors"
_PRIOR_S = 0.02
_SHORTEST_S = 0.005


def refine_boundaries(sound: Array, times_s: Sequence[float] | Floats, phones: Sequence[str]) -> Floats:
    """Better times (n,) of n boundaries between n + 1 phones (bare ARPAbet, anything else counts as silence).

    sound: (samples,) at 16 kHz.  times_s: rising, in the sound. The answer rises too.
    """
    numbers = np.array([PHONES.index(phone) if phone in PHONES else 0 for phone in phones], dtype=np.int64)
    return move_boundaries(sound, np.asarray(times_s, dtype=np.float64), numbers[:-1], numbers[1:], _weights())


def move_boundaries(
    sound: Array, times_s: Floats, left: NDArray[np.int64], right: NDArray[np.int64], weights: Mapping[str, Array]
) -> Floats:
    """The same with given weights. left, right: (n,) index into PHONES of the phone before and after."""
    if not len(times_s):
        return np.zeros(0)
    spectrum = np.pad(fine_spectrum(sound), ((AROUND, AROUND), (0, 0)), mode="edge")
    frames = times_s * (RATE_HZ / HOP)
    middles = np.clip(np.rint(frames), 0, len(spectrum) - 2 * AROUND - 1).astype(np.int64)
    around = spectrum[middles[:, None] + np.arange(2 * AROUND + 1)]
    offsets = np.arange(-REACH, REACH + 1)
    prior = (offsets - (frames - middles)[:, None]) * (HOP / RATE_HZ / _PRIOR_S)
    moved = middles + _medians(_likelihoods(around, left, right, weights) - 0.5 * prior**2, offsets)
    duration_s = len(sound) / RATE_HZ
    return spread_apart(np.clip(moved * (HOP / RATE_HZ), 0.0, duration_s), _SHORTEST_S, duration_s)


def spread_apart(times: Floats, least: float, end: float) -> Floats:
    """The nearest times (least squares) of which each is `least` or more after the one before, within 0..end.

    Pooling of adjacent violators (Ayer et al. 1955).
    """
    steps = min(least, end / (len(times) + 1)) * np.arange(len(times))
    blocks: list[list[float]] = []
    for value in times - steps:
        blocks.append([float(value), 1.0])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, n = blocks.pop()
            total = blocks[-1][1] + n
            blocks[-1] = [(blocks[-1][0] * blocks[-1][1] + mean * n) / total, total]
    level = np.concatenate([np.full(int(n), mean) for mean, n in blocks])
    return np.clip(level, 0.0, end - steps[-1] if len(steps) else end) + steps


def _medians(logs: Floats, offsets: NDArray[np.int64]) -> Floats:
    """(n,) where half of the probability lies before, between the frames."""
    shares = np.exp(logs - logs.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    sums = np.cumsum(shares, axis=1)
    at = np.minimum((sums < 0.5).sum(axis=1), shares.shape[1] - 1)
    rows = np.arange(len(at))
    return np.asarray(offsets[at] + 0.5 - (sums[rows, at] - 0.5) / shares[rows, at])


def _likelihoods(
    around: Array, left: NDArray[np.int64], right: NDArray[np.int64], weights: Mapping[str, Array]
) -> Floats:
    """(n, 2 * REACH + 1) log likelihoods. around: (n, 2 * AROUND + 1, bands)."""
    pair = np.concatenate([weights["left"][left], weights["right"][right]], axis=1)
    layer = around
    for number, dilation in enumerate(DILATIONS):
        kernel = weights[f"kernel{number}"]  # (taps, in, out)
        n = layer.shape[1] - dilation * (len(kernel) - 1)
        mixed = sum(layer[:, tap * dilation : tap * dilation + n] @ kernel[tap] for tap in range(len(kernel)))
        scale, shift = np.split(pair @ weights[f"pair{number}"] + weights[f"pair_bias{number}"], 2, axis=1)
        mixed = (mixed + weights[f"bias{number}"]) * (1 + scale[:, None]) + shift[:, None]
        layer = np.maximum(mixed, 0.0).astype(np.float32)
    logs = (layer @ weights["out"])[:, :, 0]
    edge = (logs.shape[1] - 2 * REACH - 1) // 2
    return np.asarray(logs[:, edge : edge + 2 * REACH + 1], dtype=np.float64)


@lru_cache(maxsize=1)
def _weights() -> Mapping[str, Array]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        data = (files(__package__) / WEIGHTS).read_bytes()
        return {name: np.asarray(value, dtype=np.float32) for name, value in load(data).items()}
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{WEIGHTS} cannot be read ({error}).", "Install Understudy again.") from error
