"""How natural and clean speech would be called by listeners, predicted without them: DNSMOS P.835 (Reddy et al. 2022).

The network comes in the package speechmos (MIT), which is found and never imported: it asks for the web when it starts.
It rewards clean sound and says nothing about whether the words are right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from av_models.domain.errors import ModelError

from .phones import packaged_path

__all__ = ["Opinion", "opinion", "opinion_there"]

_RATE_HZ = 16_000
_WINDOW_S = 9.01
_STEP_S = 1.0
_FILE = "dnsmos_models/sig_bak_ovr.onnx"
# From the network's raw scores to those of listeners, as published with it: highest power first.
_SIGNAL = (-0.08397278, 1.22083953, 0.0052439)
_BACKGROUND = (-0.13166888, 1.60915514, -0.39604546)
_OVERALL = (-0.06766283, 1.11546468, 0.04602535)


@dataclass(frozen=True, slots=True)
class Opinion:
    """Mean opinion scores, 1 to 5."""

    signal: float
    background: float
    overall: float


def opinion_there() -> bool:
    """Whether the network is installed (the extra `bench`)."""
    try:
        _path()
    except ModelError:
        return False
    return True


def opinion(samples: np.ndarray, rate_hz: int) -> Opinion:
    """Of mono float samples (n,); short ones are repeated. ModelError when the network is not installed."""
    import soxr

    sound = np.asarray(samples, np.float32)
    sound = np.asarray(soxr.resample(sound, rate_hz, _RATE_HZ) if rate_hz != _RATE_HZ else sound, np.float32)
    window, step = int(_WINDOW_S * _RATE_HZ), int(_STEP_S * _RATE_HZ)
    if not sound.size:
        sound = np.zeros(window, np.float32)
    while sound.size < window:
        sound = np.concatenate([sound, sound])
    starts = range(0, sound.size - window + 1, step)
    raw = np.array([_session().run(None, {"input_1": sound[None, at : at + window]})[0][0] for at in starts])
    signal, background, overall = (
        float(np.polyval(curve, raw[:, column]).mean()) for column, curve in enumerate((_SIGNAL, _BACKGROUND, _OVERALL))
    )
    return Opinion(signal, background, overall)


@lru_cache(maxsize=1)
def _session() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1  # others would wait for each other longer than so small a network takes
    providers: Sequence[str] = ["CPUExecutionProvider"]
    return onnxruntime.InferenceSession(str(_path()), options, providers=providers)


def _path() -> Path:
    try:
        return packaged_path("speechmos", _FILE)
    except ModelError as error:
        raise ModelError("DNSMOS is not installed.", "Install it: pip install --no-deps speechmos.") from error
