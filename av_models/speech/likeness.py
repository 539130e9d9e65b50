"""How near synthetic speech comes to the recording that it imitates: spectrum and melody, frame by frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["cepstral_distortion_db", "pitch_error_cents", "voicing_error"]

Array = NDArray[np.float32]

_ORDER = 24
_DB = 10 * np.sqrt(2) / np.log(10)
_SILENT_NEPER = 4.6  # 40 dB under the loudest frame


def cepstral_distortion_db(recorded: Array, spoken: Array) -> float:
    """Mel-cepstral distortion (Kubichek 1993) of natural-log mel magnitudes (bands, T), over what is not silent.

    Cepstra 1 to 24 of the log mel bands, without the level; both must be in step already. NaN without speech.
    """
    from scipy.fft import dct

    n = min(recorded.shape[1], spoken.shape[1])
    ours, theirs = (np.asarray(mel[:, :n], np.float64) for mel in (spoken, recorded))
    loudness = np.log(np.exp(theirs).sum(axis=0))
    heard = loudness > loudness.max(initial=-np.inf) - _SILENT_NEPER
    if not heard.any():
        return float("nan")
    gap = dct(ours - theirs, type=2, norm="ortho", axis=0)[1 : _ORDER + 1, heard]
    # Cepstra c with log x = c0 + sum of c_n cos: the orthonormal transform over the root of half the bands.
    scaled = gap / np.sqrt(ours.shape[0] / 2)
    return float(_DB * np.mean(np.sqrt(np.square(scaled).sum(axis=0))))


def pitch_error_cents(recorded_hz: Array, spoken_hz: Array) -> float:
    """Root of the mean squared error over frames that are voiced in both (T,); NaN when none is."""
    n = min(len(recorded_hz), len(spoken_hz))
    both = (recorded_hz[:n] > 0) & (spoken_hz[:n] > 0)
    if not both.any():
        return float("nan")
    cents = 1200 * np.log2(spoken_hz[:n][both] / recorded_hz[:n][both])
    return float(np.sqrt(np.mean(np.square(cents))))


def voicing_error(recorded_hz: Array, spoken_hz: Array) -> float:
    """Share of frames that are voiced in one and not in the other."""
    n = min(len(recorded_hz), len(spoken_hz))
    return float(np.mean((recorded_hz[:n] > 0) != (spoken_hz[:n] > 0))) if n else float("nan")
