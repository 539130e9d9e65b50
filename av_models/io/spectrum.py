"""The spectrogram of speech with its pitch, as phoneticians draw it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_spectrum"]

_TOP_HZ = 8000
_RANGE_DB = 60
_WINDOW_S, _HOP_S = 0.025, 0.005
_PITCH_HZ = (60.0, 400.0)
_PITCH_TOP_HZ = 500
_PITCH_TICKS_HZ = (100, 200, 300, 400)
_PITCH_COLOUR = "#2f6db5"
_VOICED_DB = -30
"""Below this, against the loudest moment, no pitch is drawn: the tracker finds one in any noise."""


def draw_spectrum(
    axes: Axes, samples: NDArray[np.float32], rate_hz: int, pitch_hz: NDArray[np.float32] | None = None
) -> None:
    """Grey: 0 to 8 kHz over 60 dB. Blue, on a scale of 0 to 500 Hz: the pitch.

    samples: (N,) float, -1..1. Sound shorter than a window leaves the axes empty.  pitch_hz: (t,) evenly over the
    sound, 0 where there is no voice; by YIN (de Cheveigné and Kawahara 2002) if left out.
    """
    import librosa

    axes.set_yticks([])
    axes.set_ylim(0, _TOP_HZ)
    axes.tick_params(axis="x", length=0, labelbottom=False)
    hop = max(1, round(_HOP_S * rate_hz))
    window = round(_WINDOW_S * rate_hz)
    if len(samples) < 2 * window or not np.any(samples):
        return
    power = np.abs(librosa.stft(samples, n_fft=2 * window, win_length=window, hop_length=hop))
    level_db = librosa.amplitude_to_db(power, ref=np.max, top_db=_RANGE_DB)
    duration_s = len(samples) / rate_hz
    extent = (0.0, duration_s, 0.0, rate_hz / 2)
    axes.imshow(level_db, origin="lower", aspect="auto", extent=extent, cmap="Greys", vmin=-_RANGE_DB, vmax=0)
    axes.set_ylim(0, _TOP_HZ)
    for tick_hz in _PITCH_TICKS_HZ:
        height = tick_hz * _TOP_HZ / _PITCH_TOP_HZ
        axes.axhline(height, color=_PITCH_COLOUR, linewidth=0.4, alpha=0.35)
        axes.text(duration_s, height, f"{tick_hz} Hz ", ha="right", va="bottom", fontsize=6, color=_PITCH_COLOUR)
    if pitch_hz is not None:
        at_s = (np.arange(len(pitch_hz)) + 0.5) * duration_s / max(1, len(pitch_hz))
        heard = np.where(pitch_hz > 0, pitch_hz, np.nan) * (_TOP_HZ / _PITCH_TOP_HZ)
        axes.plot(at_s, heard, color=_PITCH_COLOUR, linewidth=1.4)
        return
    pitch_hz = librosa.yin(samples, fmin=_PITCH_HZ[0], fmax=_PITCH_HZ[1], sr=rate_hz, hop_length=hop)
    loud = librosa.amplitude_to_db(librosa.feature.rms(y=samples, hop_length=hop)[0], ref=np.max) > _VOICED_DB
    n = min(len(pitch_hz), len(loud))
    shown = np.where(loud[:n], pitch_hz[:n], np.nan) * (_TOP_HZ / _PITCH_TOP_HZ)
    axes.plot(np.arange(n) * hop / rate_hz, shown, color=_PITCH_COLOUR, linewidth=1.1)
