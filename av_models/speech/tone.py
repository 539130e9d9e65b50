"""A little post-production for a formant synthesiser: warmth, less buzz, the air of a small room. Times stay exact."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Tone", "colour"]

_WARMTH_HZ = 260.0
_PRESENCE_HZ = 3600.0
_ROOM_MS = 70.0
_ROOM_SEED = 7
_LOUDEST = 0.89


@dataclass(frozen=True, slots=True)
class Tone:
    """gain_db: overall. warmth_db: below 260 Hz. treble_db: above 3.6 kHz. room: 0..1, level of early reflections."""

    gain_db: float = 0.0
    warmth_db: float = 0.0
    treble_db: float = 0.0
    room: float = 0.0


def colour(samples: np.ndarray, rate_hz: int, tone: Tone) -> np.ndarray:
    """float32 (n,) -> float32 (n,). The equaliser has zero phase; the room adds a tail that is cut at n samples."""
    spectrum = np.fft.rfft(samples, 2 * samples.size)
    frequency = np.fft.rfftfreq(2 * samples.size, 1 / rate_hz)
    curve_db = tone.gain_db + tone.warmth_db / (1 + (frequency / _WARMTH_HZ) ** 4)
    curve_db = curve_db + tone.treble_db / (1 + (_PRESENCE_HZ / np.maximum(frequency, 1.0)) ** 4)
    # Mains hum and steps of direct current lie below any voice.
    rumble = 1 / (1 + (55.0 / np.maximum(frequency, 1.0)) ** 8)
    equalised = np.fft.irfft(spectrum * 10 ** (curve_db / 20) * rumble)[: samples.size]
    if tone.room > 0:
        equalised = equalised + tone.room * _reflections(equalised, rate_hz)
    return _limit(equalised).astype(np.float32)


def _reflections(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """Sparse early echoes between 6 and 70 ms, decaying by 30 dB: no audible tail, but no dead studio either."""
    from scipy.signal import fftconvolve

    chance = np.random.default_rng(_ROOM_SEED)
    response = np.zeros(round(_ROOM_MS * rate_hz / 1000))
    for delay_ms in np.sort(chance.uniform(6.0, _ROOM_MS - 1, 24)):
        level = 10 ** (-30 / 20 * delay_ms / _ROOM_MS)
        response[round(delay_ms * rate_hz / 1000)] += chance.choice((-1.0, 1.0)) * level
    smooth = np.convolve(response, (0.25, 0.5, 0.25), mode="same")
    return np.asarray(fftconvolve(samples, smooth)[: samples.size]) * 0.5


def _limit(samples: np.ndarray) -> np.ndarray:
    """Bend peaks above half of full scale smoothly so that none passes 0.89."""
    knee = 0.5
    over = np.abs(samples) > knee
    room = _LOUDEST - knee
    bent = np.sign(samples) * (knee + room * np.tanh((np.abs(samples) - knee) / room))
    return np.where(over, bent, samples)
