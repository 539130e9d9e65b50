"""Sound at another rate, to the sample as long as wanted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["resampled"]

Samples = NDArray[np.float32]


def resampled(samples: Samples, from_hz: int, to_hz: int, n_samples: int | None = None) -> Samples:
    """Mono samples (n,) at `to_hz`. n_samples: of the result; what lacks is silence."""
    import soxr

    sound = samples if from_hz == to_hz else np.asarray(soxr.resample(samples, from_hz, to_hz), np.float32)
    if n_samples is None or len(sound) == n_samples:
        return sound
    return np.pad(sound, (0, max(0, n_samples - len(sound))))[:n_samples]
