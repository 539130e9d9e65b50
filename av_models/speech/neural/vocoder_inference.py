"""The vocoder as arithmetic on arrays, for speaking: what `Vocoder` computes, some frames at a time.

The network sees the whole sentence, but spectra are made, filtered and turned back in parts of a second, so that memory
does not grow with the sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .layers import Block, Conv, Floats, Linear, Norm, blocks_of, part_of
from .mels import HOP, N_FFT, RATE_HZ
from .source_filter import (
    LOUDEST_LN,
    LOW_HZ,
    MIDDLE_HZ,
    N_BINS,
    NOISE_IN_VOICE_LN,
    PULSES_IN_NOISE_LN,
    STEPS,
    SWING,
    bridged_pitch,
    spreading,
)

__all__ = ["VocoderInference"]

_PART_FRAMES = 64
_MARGIN = (N_FFT - HOP) // 2
_OVERLAP = N_FFT // HOP


@dataclass(frozen=True, slots=True, eq=False)
class VocoderInference:
    enter: Conv
    blocks: tuple[Block, ...]
    norm: Norm
    filters: Linear
    loudness: Linear

    @classmethod
    def of(cls, state: Mapping[str, Floats]) -> VocoderInference:
        """state: weights of a `Vocoder` by their names. KeyError when one is missing."""
        return cls(
            Conv.of(part_of(state, "enter")),
            blocks_of(state),
            Norm.of(part_of(state, "norm")),
            Linear.of(part_of(state, "filters")),
            Linear.of(part_of(state, "loudness")),
        )

    def __call__(self, mel: Floats, pitch_hz: Floats, noise: Floats) -> Floats:
        """Sound (T * HOP,) of mel (T, N_MELS) and pitch (T,), 0 where there is no voice; noise (T * HOP,)."""
        pitch, voiced = bridged_pitch(pitch_hz), (pitch_hz > 0).astype(np.float32)
        hidden = self._trunk(mel, pitch, voiced)
        pulses, air = _excitation(pitch, self.loudness(hidden), noise)
        reel = _Reel(len(mel))
        for first in range(0, len(mel), _PART_FRAMES):
            part = slice(first, first + _PART_FRAMES)
            shape, noise_shape = _shapes(mel[part], self.filters(hidden[part]), voiced[part])
            voice = _spectrum(pulses, part) * shape
            voice += _spectrum(air, part) * noise_shape
            reel.add(first, voice)
        return reel.sound()

    def _trunk(self, mel: Floats, pitch: Floats, voiced: Floats) -> Floats:
        height = 3 * np.log(pitch / np.float32(MIDDLE_HZ))
        hidden = self.enter(np.concatenate([(mel + 5.0) / 2.5, height[:, None], voiced[:, None]], axis=1))
        for block in self.blocks:
            hidden = block(hidden)
        return self.norm(hidden)


def _shapes(mel: Floats, filters: Floats, voiced: Floats) -> tuple[NDArray[np.complex64], Floats]:
    """Complex filter of the pulses and magnitude of the noise's, both (n, N_BINS)."""
    gain, residue, noise_gain = np.split(filters, 3, axis=1)
    spread, level = spreading()
    base, sounds = mel @ spread.T - level[:, 0], voiced[:, None]
    gain = np.minimum(base + gain + PULSES_IN_NOISE_LN * (1 - sounds), LOUDEST_LN)
    noise_gain = np.minimum(base + noise_gain + NOISE_IN_VOICE_LN * sounds * _LOW_BINS, LOUDEST_LN)
    turned = (_minimum_phase(gain) + residue).astype(np.float32)
    shape = np.empty(turned.shape, np.complex64)
    magnitude = np.exp(gain)
    shape.real, shape.imag = magnitude * np.cos(turned), magnitude * np.sin(turned)
    return shape, np.exp(noise_gain)


def _minimum_phase(log_gain: Floats) -> Floats:
    """Radians (n, N_BINS) of the filter with that log magnitude whose energy comes earliest, by its cepstrum."""
    cepstrum = np.fft.irfft(log_gain, N_FFT, axis=1)
    cepstrum *= _FOLDED
    return np.asarray(np.fft.rfft(cepstrum, axis=1).imag)


def _excitation(pitch: Floats, loudness: Floats, noise: Floats) -> tuple[Floats, Floats]:
    """Pulses and noise (T * HOP,), both of unit power before their loudness within the hop is applied."""
    per_sample = _stretched(pitch, HOP)
    turns = np.cumsum(per_sample / RATE_HZ)
    angle = (2 * np.pi * (turns - np.floor(turns))).astype(np.float32)
    n_harmonics = np.floor(0.5 * RATE_HZ / per_sample).astype(np.float32)
    # Sum of cosines of all harmonics in closed form (Dirichlet's kernel); its limit at a pulse is their number.
    sine = np.sin(0.5 * angle)
    at_pulse = np.abs(sine) < 1e-4
    summed = np.sin((n_harmonics + 0.5) * angle) / (2 * np.where(at_pulse, np.float32(1e-4), sine)) - 0.5
    pulses = np.where(at_pulse, n_harmonics, summed) * (2 * np.sqrt(per_sample.astype(np.float32) / RATE_HZ))
    steps, swell = loudness[:, : 2 * STEPS].reshape(-1, 2), np.tanh(loudness[:, 2 * STEPS :])
    of_pulses, of_noise = (np.exp(_stretched(column, HOP // STEPS)) for column in steps.T)
    cosine, sine_swing = (_stretched(column, HOP) for column in swell.T)
    modulation = 1 + SWING * (cosine * np.cos(angle) + sine_swing * np.sin(angle))
    return (pulses * of_pulses).astype(np.float32), (noise * modulation * of_noise).astype(np.float32)


def _stretched(values: np.ndarray, times: int) -> NDArray[np.float64]:
    """(n,) to (n * times,) by straight lines through the middles, level beyond the first and the last."""
    at = (np.arange(values.size * times) + 0.5) / times - 0.5
    return np.asarray(np.interp(at, np.arange(values.size), values))


def _spectrum(samples: Floats, part: slice) -> NDArray[np.complex64]:
    """(n, N_BINS) of these frames: Hann windows round the middle of each hop, mirrored beyond the ends."""
    n_frames = samples.size // HOP
    first, last = part.start, min(part.stop, n_frames)
    at = np.arange(first * HOP - _MARGIN, (last - 1) * HOP - _MARGIN + N_FFT)
    folded = np.abs(at)
    folded = np.where(folded >= samples.size, 2 * (samples.size - 1) - folded, folded)
    windows = np.lib.stride_tricks.sliding_window_view(samples[folded], N_FFT)[::HOP]
    return np.asarray(np.fft.rfft(windows * _WINDOW, axis=1))


class _Reel:
    """Frames turned back into sound, windowed and summed (Griffin & Lim 1984)."""

    def __init__(self, n_frames: int) -> None:
        self.n_frames = n_frames
        self.summed = np.zeros((n_frames + _OVERLAP - 1, HOP), np.float32)
        self.weight = np.zeros_like(self.summed)

    def add(self, first: int, frames: NDArray[np.complex64]) -> None:
        """frames: (n, N_BINS), the first of them in hop `first`."""
        pieces = np.fft.irfft(frames, N_FFT, axis=1) * _WINDOW
        for shift in range(_OVERLAP):
            here, hop = slice(first + shift, first + shift + len(frames)), slice(shift * HOP, (shift + 1) * HOP)
            self.summed[here] += pieces[:, hop]
            self.weight[here] += np.square(_WINDOW[hop])

    def sound(self) -> Floats:
        kept = slice(_MARGIN, _MARGIN + self.n_frames * HOP)
        return np.asarray(self.summed.ravel()[kept] / np.maximum(self.weight.ravel()[kept], np.float32(1e-3)))


_WINDOW = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)).astype(np.float32)
_FOLDED = np.concatenate([[1.0], np.full(N_FFT // 2 - 1, 2.0), [1.0], np.zeros(N_FFT // 2 - 1)]).astype(np.float32)
_LOW_BINS = np.clip((LOW_HZ[1] - np.linspace(0, RATE_HZ / 2, N_BINS)) / (LOW_HZ[1] - LOW_HZ[0]), 0, 1).astype(
    np.float32
)
