"""Whose voice is it: 256 numbers for a few seconds of speech, near each other for one speaker (GE2E, Wan et al. 2018).

The network is written anew over the weights in the package resemblyzer (Apache-2.0), which is found and never imported:
it needs a compiled voice detector, where the level of the sound itself does as well.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from av_models.domain.errors import ModelError
from av_models.runtime.one_thread import one_torch_thread

from .phones import packaged_path

if TYPE_CHECKING:
    import torch

__all__ = ["DIMENSIONS", "embed", "embed_windows", "likeness", "speaker_encoder_there"]

Array = NDArray[np.float32]

DIMENSIONS = 256
_RATE_HZ = 16_000
_N_MELS, _HOP, _WINDOW = 40, 160, 400
_FRAMES = 160
"""1.6 s, as the network was trained."""
_STEP = 77
_LAYERS = 3
_LEVEL_DB = -30.0
_QUIET_DB = 40.0
"""Frames this far below the loudest are silence and are left out, but for up to a fifth of a second."""
_KEPT_FRAMES = 20
_LEAST_COVERED = 0.75
_BATCH = 64


def speaker_encoder_there() -> bool:
    """Whether its weights are installed (the extra `bench`)."""
    try:
        _weights_path()
    except ModelError:
        return False
    return True


def embed(samples: np.ndarray, rate_hz: int) -> Array:
    """(256,) of unit length for mono float samples (n,). ModelError when the weights are not installed."""
    mean = embed_windows(samples, rate_hz).mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), np.float32)


def embed_windows(samples: np.ndarray, rate_hz: int) -> Array:
    """(windows, 256), each for 1.6 s of speech, half overlapping; at least one."""
    import torch

    mels = _mels(_speech_only(samples, rate_hz))
    n_frames = len(mels)
    starts = list(range(0, max(1, n_frames - _FRAMES + _STEP + 1), _STEP))
    if len(starts) > 1 and (n_frames - starts[-1]) < _LEAST_COVERED * _FRAMES:
        starts.pop()
    padded = np.pad(mels, ((0, max(0, starts[-1] + _FRAMES - n_frames)), (0, 0)))
    windows = torch.from_numpy(np.stack([padded[start : start + _FRAMES] for start in starts]))
    with torch.inference_mode(), one_torch_thread():
        found = [_network(windows[at : at + _BATCH]) for at in range(0, len(windows), _BATCH)]
    return np.asarray(torch.cat(found).numpy(), np.float32)


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Cosine of two embeddings: about 0.8 within a speaker, about 0.55 between two of the same sex."""
    return float(one @ other / max(float(np.linalg.norm(one) * np.linalg.norm(other)), 1e-9))


def _speech_only(samples: np.ndarray, rate_hz: int) -> Array:
    """At 16 kHz, not quieter than the network expects, without long silences."""
    import soxr

    sound = np.asarray(samples, np.float32)
    sound = soxr.resample(sound, rate_hz, _RATE_HZ) if rate_hz != _RATE_HZ else sound
    level_db = 10 * np.log10(float(np.mean(np.square(sound, dtype=np.float64))) + 1e-12)
    sound = sound * np.float32(10 ** (max(0.0, _LEVEL_DB - level_db) / 20))
    n = len(sound) // _HOP
    if n == 0:
        return np.asarray(np.pad(sound, (0, _HOP)), np.float32)
    frames_db = 10 * np.log10(np.square(sound[: n * _HOP].reshape(n, _HOP), dtype=np.float64).mean(axis=1) + 1e-12)
    loud = frames_db > frames_db.max() - _QUIET_DB
    near = np.convolve(loud, np.ones(_KEPT_FRAMES + 1), mode="same") > 0
    return np.ascontiguousarray(sound[: n * _HOP].reshape(n, _HOP)[near].ravel())


def _mels(sound: Array) -> Array:
    """(frames, 40) mel powers, not logarithms."""
    import librosa

    power = librosa.feature.melspectrogram(
        y=sound, sr=_RATE_HZ, n_fft=_WINDOW, hop_length=_HOP, n_mels=_N_MELS, center=True
    )
    return np.ascontiguousarray(power.T, np.float32)


def _network(windows: torch.Tensor) -> torch.Tensor:
    """(batch, 160, 40) to (batch, 256) of unit length."""
    import torch

    layers, weights = _layers()
    _, (hidden, _) = layers(windows)
    raw = torch.relu(hidden[-1] @ weights["linear.weight"].T + weights["linear.bias"])
    return raw / raw.norm(dim=1, keepdim=True).clamp(min=1e-9)


@lru_cache(maxsize=1)
def _layers() -> tuple[torch.nn.LSTM, dict[str, torch.Tensor]]:
    import torch

    path = _weights_path()
    try:
        state: dict[str, torch.Tensor] = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
        layers = torch.nn.LSTM(_N_MELS, DIMENSIONS, _LAYERS, batch_first=True)
        layers.load_state_dict({name.removeprefix("lstm."): w for name, w in state.items() if name.startswith("lstm.")})
    except (RuntimeError, KeyError, OSError) as error:
        remedy = "Install it again: pip install --force-reinstall --no-deps resemblyzer==0.1.4."
        raise ModelError(f"The speaker encoder {path} cannot be read ({error}).", remedy) from error
    return layers.eval(), state


def _weights_path() -> Path:
    try:
        return packaged_path("resemblyzer", "pretrained.pt")
    except ModelError as error:
        raise ModelError(
            "The speaker encoder is not installed.", "Install it: pip install --no-deps resemblyzer==0.1.4."
        ) from error
