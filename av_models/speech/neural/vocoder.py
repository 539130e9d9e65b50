"""From mel frames and pitch to sound: pulses and noise, shaped bin by bin by a network at frame rate.

Source and filter as in speech production: a band-limited pulse train that follows the pitch, and noise that swells
with it, each multiplied in the short-time spectrum by a filter that the network reads off the mel frames. The pulses'
filter has minimum phase plus a learnt residue. Phase need not be learnt from nothing, so it trains on a CPU; and the
work is done at 94 frames a second instead of 24,000 samples, so it also runs there. (Neural source-filter: Wang et al.
2019; inverse-STFT head and ConvNeXt trunk: Siuzdak 2023, Vocos.)
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .blocks import ConvBlock
from .mels import HOP, N_FFT, N_MELS, RATE_HZ, spectrum
from .shapes import VocoderConfig
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

__all__ = ["Vocoder", "VocoderConfig", "continuous_pitch"]


class Vocoder(nn.Module):
    def __init__(self, config: VocoderConfig) -> None:
        super().__init__()
        self.config = config
        self.enter = nn.Conv1d(N_MELS + 2, config.width, config.kernel, padding=config.kernel // 2)
        self.blocks = nn.ModuleList(ConvBlock(config.width, config.kernel) for _ in range(config.n_blocks))
        self.norm = nn.LayerNorm(config.width)
        self.filters = nn.Linear(config.width, 3 * N_BINS)
        self.loudness = nn.Linear(config.width, 2 * STEPS + 2)
        for layer in (self.filters, self.loudness):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)

    def forward(self, mel: Tensor, pitch_hz: Tensor, noise: Tensor, phase: Tensor) -> Tensor:
        """Sound (K * B, T * HOP) of mel (B, N_MELS, T) and pitch (B, T), 0 where there is no voice.

        noise: (K * B, T * HOP) standard normal, for K versions of the same B. phase: (K * B,) of the first pulse, 0..1.
        """
        pitch, voiced = continuous_pitch(pitch_hz)
        hidden = self._trunk(mel, pitch, voiced)
        filters, loudness = self.filters(hidden).float(), self.loudness(hidden).float()
        gain, residue, noise_gain = filters.split(N_BINS, dim=2)
        base, sounds = _envelope(mel.float()), voiced[:, :, None]
        gain = base + gain + PULSES_IN_NOISE_LN * (1 - sounds)
        shape = _minimum_phase(gain.clamp(max=LOUDEST_LN), residue)
        noise_gain = base + noise_gain + NOISE_IN_VOICE_LN * sounds * _low_bins(mel.device)
        noise_shape = torch.exp(noise_gain.clamp(max=LOUDEST_LN))
        times = noise.shape[0] // mel.shape[0]
        pulses, air = _excitation(pitch.repeat(times, 1), loudness.repeat(times, 1, 1), noise, phase)
        voice = spectrum(pulses).transpose(1, 2) * shape.repeat(times, 1, 1)
        return _overlap_add(voice + spectrum(air).transpose(1, 2) * noise_shape.repeat(times, 1, 1))

    def _trunk(self, mel: Tensor, pitch: Tensor, voiced: Tensor) -> Tensor:
        """(B, T, width)."""
        height = 3 * torch.log(pitch / MIDDLE_HZ)
        hidden = self.enter(torch.cat([(mel + 5.0) / 2.5, height[:, None], voiced[:, None]], dim=1))
        for block in self.blocks:
            hidden = block(hidden)
        return torch.as_tensor(self.norm(hidden.transpose(1, 2)))


def continuous_pitch(pitch_hz: Tensor) -> tuple[Tensor, Tensor]:
    """Pitch (B, T) with the gaps (0) bridged by straight lines in log pitch, and 1 where there is voice, else 0."""
    bridged = np.stack([bridged_pitch(track) for track in pitch_hz.cpu().numpy()])
    return torch.from_numpy(bridged).to(pitch_hz.device), (pitch_hz > 0).to(torch.float32)


def _low_bins(device: torch.device) -> Tensor:
    """(N_BINS,): 1 where harmonics rule in voiced sounds, 0 where noise does, a slope between."""
    bins_hz = torch.linspace(0, RATE_HZ / 2, N_BINS, device=device)
    return ((LOW_HZ[1] - bins_hz) / (LOW_HZ[1] - LOW_HZ[0])).clamp(0, 1)


def _envelope(mel: Tensor) -> Tensor:
    """(B, T, N_BINS) natural logarithm of the filter that would give these bands on flat excitation."""
    spread, level = (torch.from_numpy(array).to(mel.device) for array in spreading())
    return (spread @ mel - level).transpose(1, 2)


def _minimum_phase(log_gain: Tensor, residue: Tensor) -> Tensor:
    """Complex filter (B, T, N_BINS) of that log magnitude and minimum phase, turned on by `residue` radians."""
    cepstrum = torch.fft.irfft(log_gain, N_FFT)
    folded = torch.zeros(N_FFT, device=log_gain.device)
    folded[0], folded[N_FFT // 2], folded[1 : N_FFT // 2] = 1.0, 1.0, 2.0
    phase = torch.fft.rfft(cepstrum * folded, N_FFT).imag
    return torch.polar(torch.exp(log_gain), phase + residue)


def _excitation(pitch: Tensor, loudness: Tensor, noise: Tensor, phase: Tensor) -> tuple[Tensor, Tensor]:
    """Pulses and noise (B, T * HOP), both of unit power before their loudness within the hop is applied."""
    per_sample = functional.interpolate(pitch[:, None].double(), scale_factor=HOP, mode="linear")[:, 0]
    turns = torch.cumsum(per_sample / RATE_HZ, dim=1) + phase[:, None]
    angle = (2 * np.pi * (turns - turns.floor())).float()
    n_harmonics = torch.floor(0.5 * RATE_HZ / per_sample).float()
    half = 0.5 * angle
    # Sum of cosines of all harmonics in closed form (Dirichlet's kernel); its limit at a pulse is their number.
    sine = torch.sin(half)
    summed = torch.sin((n_harmonics + 0.5) * angle) / (2 * torch.where(sine.abs() < 1e-4, 1e-4, sine)) - 0.5
    summed = torch.where(sine.abs() < 1e-4, n_harmonics, summed)
    pulses = summed * 2 * torch.sqrt(per_sample.float() / RATE_HZ)
    steps, swell = loudness[..., : 2 * STEPS], torch.tanh(loudness[..., 2 * STEPS :])
    levels = steps.unflatten(2, (STEPS, 2)).flatten(1, 2).transpose(1, 2)
    levels = torch.exp(functional.interpolate(levels, scale_factor=HOP // STEPS, mode="linear"))
    swing = functional.interpolate(swell.transpose(1, 2), scale_factor=HOP, mode="linear")
    modulation = 1 + SWING * (swing[:, 0] * torch.cos(angle) + swing[:, 1] * torch.sin(angle))
    return pulses * levels[:, 0], noise * modulation * levels[:, 1]


def _overlap_add(frames: Tensor) -> Tensor:
    """Complex (B, T, N_BINS) to (B, T * HOP): inverse transform of every frame, windowed and summed (Griffin & Lim)."""
    n_frames = frames.shape[1]
    window = torch.hann_window(N_FFT, device=frames.device)
    pieces = torch.fft.irfft(frames, N_FFT) * window
    length = (n_frames - 1) * HOP + N_FFT
    margin = (N_FFT - HOP) // 2

    def summed(columns: Tensor) -> Tensor:
        folded = functional.fold(columns, (1, length), (1, N_FFT), stride=(1, HOP))[:, 0, 0]
        return folded[:, margin : margin + n_frames * HOP]

    weight = summed(window.square()[None, :, None].expand(1, N_FFT, n_frames))
    return summed(pieces.transpose(1, 2)) / weight.clamp(min=1e-3)
