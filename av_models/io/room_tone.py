"""The quiet of a room, so that pauses between lines are no digital silence.

Its colour is that of the actor's own pauses, if his sound has any that are neither speech nor digital silence, else of
a quiet room. The tone is made anew from that colour, smoothed over thirds of an octave, with random phases: nothing
that was said can be heard in it, and it never repeats.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .loudness import PROGRAMME_RATE_HZ, measure_sound
from .sound_track import ArraySound, Sound

__all__ = ["RoomTone", "tone_colour"]

Samples = NDArray[np.float32]
Floats = NDArray[np.float64]

_FRAME = 2048
_HOP = _FRAME // 2
_LEAST_PAUSE_FRAMES = 12
"""A quarter of a second: the end of a word dies away faster."""

_DIGITAL_SILENCE_DB = -88.0
_STEADY_DB = 6.0
_UNDER_SPEECH_DB = 20.0
_FROM_HZ, _TO_HZ = 30.0, 16_000.0


def tone_colour(actor: Sound | None) -> tuple[Floats, bool]:
    """(magnitudes (1025,) of the tone, whether they are the actor's). actor: his sound at 48 kHz, mono."""
    spectra = _pauses(actor) if actor is not None else None
    hz = np.fft.rfftfreq(_FRAME, 1 / PROGRAMME_RATE_HZ)
    if spectra is None:
        # Air and far machines: falling by about 5 dB an octave, as quiet rooms do (NC curves).
        magnitudes = 1 / np.maximum(hz, 60.0) ** 0.85
    else:
        magnitudes = _smoothed(np.sqrt((spectra**2).mean(axis=0)), np.asarray(hz, np.float64))
    inside = np.clip((hz - _FROM_HZ / 2) / _FROM_HZ, 0, 1) * np.clip((_TO_HZ - hz) / (_TO_HZ / 4), 0, 1)
    return magnitudes * inside, spectra is not None


class RoomTone:
    """Tone of a given colour and loudness, mono; every sample depends on its place alone.

    magnitudes: from `tone_colour`.  lufs: as heard from two speakers.
    """

    n_channels = 1

    def __init__(self, magnitudes: Floats, lufs: float, n_samples: int) -> None:
        self.n_samples = n_samples
        self._magnitudes = magnitudes / np.sqrt((magnitudes**2).mean())
        self._window = np.sqrt(np.hanning(_FRAME + 1)[:-1])
        probe = self._made(0, 4 * PROGRAMME_RATE_HZ)
        loud = measure_sound(ArraySound(probe.astype(np.float32)), PROGRAMME_RATE_HZ).integrated_lufs
        self._gain = 10 ** ((lufs - loud) / 20)

    def read(self, start: int, end: int) -> Samples:
        return np.asarray(self._made(start, end) * self._gain, np.float32)[:, None]

    def _made(self, start: int, end: int) -> Floats:
        first, last = start // _HOP - 1, -(-end // _HOP)
        sound = np.zeros((last - first + 1) * _HOP)
        for number in range(first, last):
            at = (number - first) * _HOP
            sound[at : at + _FRAME] += self._frame(number)
        return sound[start - first * _HOP : end - first * _HOP]

    def _frame(self, number: int) -> Floats:
        phases = np.random.default_rng(number + 1).uniform(0, 2 * np.pi, len(self._magnitudes))
        return np.fft.irfft(self._magnitudes * np.exp(1j * phases), _FRAME) * self._window


def _pauses(actor: Sound) -> Floats | None:
    """Magnitudes (n, 1025) of the frames in steady pauses; None where there are none."""
    samples = actor.read(0, actor.n_samples)[:, 0]
    if len(samples) < _LEAST_PAUSE_FRAMES * _FRAME:
        return None
    frames = np.lib.stride_tricks.sliding_window_view(samples, _FRAME)[::_HOP]
    level_db = 20 * np.log10(np.sqrt((frames.astype(np.float64) ** 2).mean(axis=1)) + 1e-9)
    audible = level_db[level_db > _DIGITAL_SILENCE_DB]
    if not len(audible):
        return None
    floor_db = float(np.percentile(audible, 5))
    quiet = (level_db > _DIGITAL_SILENCE_DB) & (level_db < floor_db + _STEADY_DB)
    if floor_db > np.percentile(audible, 90) - _UNDER_SPEECH_DB:
        return None
    pauses = [frames[first:last] for first, last in _runs(quiet) if last - first >= _LEAST_PAUSE_FRAMES]
    if not pauses:
        return None
    return np.asarray(np.abs(np.fft.rfft(np.concatenate(pauses) * np.hanning(_FRAME), axis=1)))


def _runs(flags: NDArray[np.bool_]) -> NDArray[np.intp]:
    """(n, 2) first and end of every run of True."""
    return np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int))).reshape(-1, 2)


def _smoothed(magnitudes: Floats, hz: Floats) -> Floats:
    """Mean power over a third of an octave around each frequency."""
    power = np.concatenate([[0.0], np.cumsum(magnitudes**2)])
    low = np.searchsorted(hz, hz * 2 ** (-1 / 6))
    high = np.maximum(np.searchsorted(hz, hz * 2 ** (1 / 6), side="right"), low + 1)
    return np.asarray(np.sqrt((power[high] - power[low]) / (high - low)))
