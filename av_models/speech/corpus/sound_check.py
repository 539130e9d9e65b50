"""Is a clip good enough to learn a voice from? Level, noise, clipping, offset and bandwidth, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["SoundFacts", "has_offset", "measure_sound", "sound_faults", "without_offset"]

Floats = NDArray[np.float64]

_FRAME_S = 0.01
_QUIETEST_DB = -50.0
_LEAST_OVER_NOISE_DB = 20.0
_MOST_AT_PEAK = 0.0005
_LEAST_HEADROOM = 1.15
_MOST_OFFSET = 0.02
_TOP_DB = -50.0
_LEAST_TOP_HZ = 5_000.0
_BAND_HZ = 500.0
_REFERENCE_HZ = (500.0, 3_500.0)
_HIGH_PASS_HZ = 20.0


@dataclass(frozen=True, slots=True)
class SoundFacts:
    """speech_db: level of the loud frames (95th percentile) in dBFS.  noise_db: of the quiet ones (5th).

    at_peak: share of samples within 1.5 % of the highest.  headroom: how far the 99.99th percentile of the amplitude
    lies over the 99th; near 1 the tops are flat, also after a lossy codec.  offset: mean.  top_hz: up to where the
    spectrum lies within 50 dB of the middle of speech.
    """

    speech_db: float
    noise_db: float
    peak: float
    at_peak: float
    headroom: float
    offset: float
    top_hz: float


def measure_sound(samples: np.ndarray, rate_hz: int) -> SoundFacts:
    """samples: mono float (n,), as recorded."""
    sound = np.asarray(samples, np.float64)
    offset = float(sound.mean()) if sound.size else 0.0
    sound = sound - offset
    frame = round(_FRAME_S * rate_hz)
    n_frames = sound.size // frame
    if n_frames == 0:
        return SoundFacts(-120.0, -120.0, 0.0, 0.0, 9.9, offset, 0.0)
    power = np.square(sound[: n_frames * frame]).reshape(n_frames, frame).mean(axis=1)
    noise_db, speech_db = np.percentile(10 * np.log10(power + 1e-12), (5, 95))
    amplitude = np.abs(sound)
    peak = float(amplitude.max())
    high, highest = np.quantile(amplitude, (0.99, 0.9999))
    at_peak = float(np.mean(amplitude > 0.985 * peak)) if peak > 0 else 0.0
    headroom = float(highest / high) if high > 0 else 9.9
    top_hz = _top_hz(sound, rate_hz)
    return SoundFacts(float(speech_db), float(noise_db), peak, at_peak, headroom, offset, top_hz)


def sound_faults(facts: SoundFacts) -> tuple[str, ...]:
    """Reasons, as clauses, why nothing should be learnt from this clip; () for a good one.

    Limits: set on 60 recordings of one speaker, clean, clipped at 0.3 to 0.9 of their peaks, through Opus and MP3, with
    noise at 10 to 40 dB, and at 8 kHz. The clean ones have a headroom of 1.22 or more, 26 dB or more over their noise,
    at most 0.005 % of their samples at the peak, and every band within 25 dB.
    """
    if facts.speech_db < _QUIETEST_DB:
        return (f"too quiet ({facts.speech_db:.0f} dBFS)",)
    faults = []
    if facts.at_peak > _MOST_AT_PEAK or facts.headroom < _LEAST_HEADROOM:
        faults.append(f"clipped ({100 * facts.at_peak:.2g} % of the samples at the peak)")
    over_noise_db = facts.speech_db - facts.noise_db
    if over_noise_db < _LEAST_OVER_NOISE_DB:
        faults.append(f"noisy (speech {over_noise_db:.0f} dB over the noise)")
    if facts.top_hz < _LEAST_TOP_HZ:
        faults.append(f"of telephone quality (nothing above {facts.top_hz / 1000:.1f} kHz)")
    return tuple(faults)


def has_offset(facts: SoundFacts) -> bool:
    """Whether the zero line lies off by more than is harmless; it is taken out in any case."""
    return abs(facts.offset) > _MOST_OFFSET


def without_offset(samples: np.ndarray, rate_hz: int) -> NDArray[np.float32]:
    """Without a constant and without what lies below 20 Hz, in both directions, so that no phase moves."""
    from scipy.signal import butter, sosfiltfilt

    sections = butter(2, _HIGH_PASS_HZ, "highpass", fs=rate_hz, output="sos")
    padding = min(samples.size - 1, rate_hz // 4)
    return np.asarray(sosfiltfilt(sections, samples.astype(np.float64), padlen=max(0, padding)), np.float32)


def _top_hz(sound: Floats, rate_hz: int) -> float:
    from scipy.signal import welch

    frequency, power = welch(sound, rate_hz, nperseg=min(1024, sound.size))
    middle = power[(frequency > _REFERENCE_HZ[0]) & (frequency < _REFERENCE_HZ[1])].mean()
    edges = np.arange(_REFERENCE_HZ[1], rate_hz / 2, _BAND_HZ)
    for low in edges:
        band = power[(frequency >= low) & (frequency < low + _BAND_HZ)]
        if band.size and 10 * np.log10(band.mean() / max(middle, 1e-20) + 1e-20) < _TOP_DB:
            return float(low)
    return rate_hz / 2
