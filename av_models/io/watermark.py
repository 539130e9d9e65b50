"""An inaudible mark in the sound that says "made by a machine", and its detector.

The mark is Perth's implicit one (Resemble AI, MIT): a network adds a pattern to the magnitudes below 2 kHz, under the
masking threshold of the speech itself. It carries no number: it says that there is a mark, not whose.

The network is written anew here, over the weights in Perth's package. It works at 32 kHz; only its pattern is taken
from there and added to the untouched signal, so that the sound keeps its bandwidth and its exact length.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import lru_cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..domain.errors import ModelError
from .sound_track import ArraySound, Sound, blocks_of

if TYPE_CHECKING:
    import torch

__all__ = ["MARKED_FROM", "WATERMARK_NAME", "detect_audio", "mark_audio", "mark_sound"]

WATERMARK_NAME = "perth-implicit-250000"

# Unmarked speech, 405 recordings of 262 voices of up to 30 s: 99 % score below 0.47, all below 0.58; codecs, noise and
# level do not raise it.  Marked, 35 recordings at the strength below: at least 0.998 through AAC 128k and 64k, MP3 128k
# and at 20 dB less level, 0.91 and 0.77 with white noise 40 and 30 dB under the speech.
MARKED_FROM = 0.7

# Share of Perth's own pattern: 1.4 dB less disturbance than the full one. At 0.7 some voices fall to 0.8 after AAC.
_STRENGTH = 0.85

_RATE_HZ = 32_000
_HOP = 320
_WINDOW = 2048
_SUBBAND = 128  # bins of the 2048-point spectrum up to 2 kHz
_WEIGHTS = ("perth_net", "pretrained", "implicit", "perth_net_250000.pth.tar")
_FLOOR_DB = -180.0
_HEADROOM_DB = 15.0

# Long sound is worked on in blocks, so that memory does not grow with it. The encoder sees 0.16 s to either side.
_BLOCK = 20 * _RATE_HZ
_CONTEXT = _RATE_HZ
_WINDOW_S = 8
_LEVEL = 0.05  # RMS at which detection listens: its answer depends on the level otherwise
_SILENCE = 1e-4


def mark_audio(samples: NDArray[np.float32], rate_hz: int) -> NDArray[np.float32]:
    """`samples` (n,) mono in -1..1 with the mark, of the same length. Silence stays as it is."""
    blocks = list(mark_sound(ArraySound(samples), rate_hz))
    return np.concatenate(blocks)[:, 0] if blocks else samples.copy()


def mark_sound(sound: Sound, rate_hz: int) -> Iterator[NDArray[np.float32]]:
    """A sound of any length with the mark, a block at a time: the same result as from the whole at once.

    The pattern is made for the mean of the channels and added to each, so that a downmix holds it, too.
    """
    n_narrow = round(Fraction(sound.n_samples * _RATE_HZ, rate_hz))
    if n_narrow < _WINDOW or _rms_of(sound) < _SILENCE:
        yield from blocks_of(sound)
        return
    done = 0
    patterns = _patterns(_resampled((block.mean(axis=1) for block in blocks_of(sound)), rate_hz, _RATE_HZ), n_narrow)
    for added in _resampled(patterns, _RATE_HZ, rate_hz):
        block = sound.read(done, min(done + len(added), sound.n_samples))
        yield np.asarray(block + np.float32(_STRENGTH) * added[: len(block), None], dtype=np.float32)
        done += len(block)
    if done < sound.n_samples:
        yield sound.read(done, sound.n_samples)


def detect_audio(samples: NDArray[np.float32], rate_hz: int) -> float:
    """How sure the detector is, 0..1, of a mark somewhere in `samples` (n,) mono; marked from `MARKED_FROM` on.

    The surest stretch of 8 s counts: a marked voice in an otherwise unmarked programme is a marked programme.
    """
    narrow = _resample(samples, rate_hz, _RATE_HZ)
    length = _WINDOW_S * _RATE_HZ
    starts = range(0, max(1, len(narrow) - length // 2), length // 2)
    return max((_score(narrow[start : start + length]) for start in starts), default=0.0)


def _score(stretch: NDArray[np.float32]) -> float:
    import torch

    level = _rms(stretch)
    if len(stretch) < _RATE_HZ // 4 or level < _SILENCE:
        return 0.0
    with torch.inference_mode():
        magnitudes, _ = _spectrum(stretch * np.float32(_LEVEL / level))
        return float(np.clip(_decoded(magnitudes), 0.0, 1.0))


def _pattern(block: NDArray[np.float32], before: int, after: int) -> NDArray[np.float32]:
    """What Perth would add to `block`, without its first `before` and last `after` samples."""
    import torch

    with torch.inference_mode():
        magnitudes, phases = _spectrum(block)
        added = _amplitudes(_encoded(magnitudes)) - _amplitudes(magnitudes)
        sound = torch.istft(added * torch.exp(1j * phases), _WINDOW, _HOP, window=_hann(), length=len(block))
    return np.asarray(sound.numpy()[before : len(block) - after], dtype=np.float32)


def _patterns(pieces: Iterator[NDArray[np.float32]], n_samples: int) -> Iterator[NDArray[np.float32]]:
    """The pattern for narrow sound that comes in pieces, in blocks that are worked out with context on either side."""
    n_blocks = max(1, round(n_samples / _BLOCK))
    edges = [n_samples * number // n_blocks for number in range(n_blocks + 1)]
    held, held_from = np.zeros(0, np.float32), 0
    for start, end in pairwise(edges):
        first, last = max(0, start - _CONTEXT), min(n_samples, end + _CONTEXT)
        waiting = [held[first - held_from :]]
        reached = held_from + len(held)
        while reached < last and (piece := next(pieces, None)) is not None:
            waiting.append(piece)
            reached += len(piece)
        held, held_from = np.concatenate(waiting), first
        yield _pattern(held[: last - first], start - first, last - end)


def _resampled(pieces: Iterable[NDArray[np.float32]], from_hz: int, to_hz: int) -> Iterator[NDArray[np.float32]]:
    import soxr

    stream = soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32", quality="HQ")
    for piece in pieces:
        yield np.asarray(stream.resample_chunk(np.ascontiguousarray(piece)), np.float32)
    yield np.asarray(stream.resample_chunk(np.zeros(0, np.float32), last=True), np.float32)


def _spectrum(samples: NDArray[np.float32]) -> tuple[torch.Tensor, torch.Tensor]:
    """Magnitudes (1025, T) on Perth's scale, about 0..1 for -180..15 dB, and phases in radians."""
    import torch

    wave = torch.from_numpy(np.ascontiguousarray(samples, dtype=np.float32))
    spectrum = torch.stft(wave, _WINDOW, _HOP, window=_hann(), return_complex=True)
    level_db = 20 * torch.log10(spectrum.abs().clip(10 ** (_FLOOR_DB / 20)))
    return (level_db - _FLOOR_DB) / (_HEADROOM_DB - _FLOOR_DB), spectrum.angle()


def _amplitudes(magnitudes: torch.Tensor) -> torch.Tensor:
    return 10 ** ((magnitudes * (_HEADROOM_DB - _FLOOR_DB) + _FLOOR_DB) / 20).clip(max=10)


def _hann() -> torch.Tensor:
    import torch

    return torch.hann_window(_WINDOW)


def _encoded(magnitudes: torch.Tensor) -> torch.Tensor:
    """Magnitudes (1025, T) with Perth's pattern in the lowest bins, where there is sound."""
    marked = magnitudes.clone()
    marked[:_SUBBAND] += _convolved("encoder.layers", magnitudes[:_SUBBAND]) * _sounding(magnitudes)
    return marked


def _decoded(magnitudes: torch.Tensor) -> float:
    """Perth's verdict, near 0 or 1: the pattern is sought at three speeds, and the surest counts most."""
    import torch
    from torch.nn.functional import interpolate

    sub, mask = magnitudes[None, :_SUBBAND], _sounding(magnitudes)[None, None]
    verdicts, weights = [], []
    for name, speed in (("slow", 1.25), ("normal", 1.0), ("fast", 0.75)):
        n_steps = int(sub.shape[2] * speed)
        stretched = interpolate(sub, size=n_steps, mode="linear", align_corners=True)
        heard = interpolate(mask, size=n_steps, mode="nearest")[0, 0]
        weight, verdict = (_convolved(f"decoder.{name}_layers", stretched[0]) * heard).sum(1) / heard.sum()
        verdicts.append(verdict)
        weights.append(weight)
    return float((torch.stack(weights).softmax(0) * torch.stack(verdicts)).sum())


def _convolved(name: str, steps: torch.Tensor) -> torch.Tensor:
    """One of Perth's stacks of seven convolutions over time. steps: (128, T)."""
    from torch.nn.functional import conv1d, leaky_relu

    weights, last = _weights(), 6
    for number in range(last + 1):
        kernel, bias = (weights[f"{name}.{number}.conv.{kind}"] for kind in ("weight", "bias"))
        steps = conv1d(steps, kernel, bias, padding=kernel.shape[2] // 2)
        steps = leaky_relu(steps) if number < last else steps
    return steps


def _sounding(magnitudes: torch.Tensor) -> torch.Tensor:
    """1 for steps with sound, 0 for silence (T,)."""
    total = magnitudes.sum(0)
    return (total > 0.05 * total.max()).float()


@lru_cache(maxsize=1)
def _weights() -> dict[str, torch.Tensor]:
    """Perth's weights, which come inside its package.

    The package itself is not imported: it needs a torchaudio that does not exist for this torch, hides its own
    ImportError, and takes four seconds to load what the few lines above do.
    """
    import torch

    found = find_spec("perth")
    if found is None or not found.submodule_search_locations:
        raise ModelError("The package resemble-perth is not installed.", "Install it: pip install resemble-perth.")
    path = Path(found.submodule_search_locations[0], *_WEIGHTS)
    if not path.is_file():
        raise ModelError(f"{path} is missing.", "Install it anew: pip install --force-reinstall resemble-perth==1.0.1.")
    state: dict[str, torch.Tensor] = torch.load(path, map_location="cpu", weights_only=True)["model"]
    return state


def _resample(samples: NDArray[np.float32], from_hz: int, to_hz: int) -> NDArray[np.float32]:
    import soxr

    return np.asarray(soxr.resample(samples.astype(np.float32), from_hz, to_hz), dtype=np.float32)


def _rms_of(sound: Sound) -> float:
    power = sum(float(np.sum(np.square(block.mean(axis=1), dtype=np.float64))) for block in blocks_of(sound))
    return math.sqrt(power / max(1, sound.n_samples))


def _rms(samples: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if len(samples) else 0.0
