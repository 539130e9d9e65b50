"""Speaking with the two networks: prosody predicted, scaled or imposed; then frames; then sound."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from av_models.domain.errors import InputError

from .acoustic import CONTOUR_SCALE, AcousticModel, spread_over_frames, symbol_batch
from .mels import HOP
from .symbols import PAUSES, Symbols
from .vocoder import Vocoder

__all__ = ["Composed", "NeuralVoice", "Prosody", "Spoken"]

Floats = NDArray[np.float32]
_LN_PER_SEMITONE = float(np.log(2)) / 12
_LN_PER_DB = float(np.log(10)) / 20
_SHORTEST_VOICING = 3
_LONGEST_FRAMES = 400


@dataclass(frozen=True, slots=True, eq=False)
class Prosody:
    """Wishes for one sentence; every array has one value per symbol unless said otherwise.

    rate: over 1 is faster; pauses keep their length.  pitch_semitones, energy_db: added.  pitch_range: 0 is monotone,
    1 the voice's own.  frames: lengths in hops, imposed exactly.  pitch_hz: imposed course (T,) with 0 where unvoiced;
    needs frames.  energy: imposed, as `measured_prosody` gives it.  variation: how much of the voice's natural spread
    each seed draws, 0..1.  texture: the same for the sound within phones; 1 is right for a network that has learnt
    enough, 0 is clearest for one that has not.
    """

    rate: float | Floats = 1.0
    pitch_semitones: float | Floats = 0.0
    pitch_range: float = 1.0
    energy_db: float | Floats = 0.0
    frames: NDArray[np.int64] | None = None
    pitch_hz: Floats | None = None
    energy: Floats | None = None
    variation: float = 0.6
    texture: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Composed:
    """mel: (N_MELS, T). pitch_hz: (T,), 0 where there is no voice. frames: int64 (P,) hops of each symbol."""

    mel: Tensor
    pitch_hz: Tensor
    frames: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """samples: float32 (T * HOP,). frames: int64 (P,) hops of each symbol. pitch_hz: (T,). mel: (N_MELS, T)."""

    samples: Floats
    frames: NDArray[np.int64]
    pitch_hz: Floats
    mel: Floats


@dataclass(slots=True, eq=False)
class NeuralVoice:
    """speaker: float32 (SPEAKER_SIZE,), zeros for a voice trained alone. card: what is known about it."""

    acoustic: AcousticModel
    vocoder: Vocoder
    speaker: Floats
    card: dict[str, Any] = field(default_factory=dict)

    def speak(self, symbols: Symbols, prosody: Prosody | None = None, seed: int = 0) -> Spoken:
        """One sentence as sound. Equal arguments give equal samples. InputError for lengths that do not fit."""
        generator = torch.Generator().manual_seed(seed % 2**63)
        with _one_thread():
            composed = self.compose(symbols, prosody or Prosody(), generator)
            samples = self.sound(composed.mel, composed.pitch_hz, generator)
        return Spoken(samples, composed.frames, composed.pitch_hz.numpy(), composed.mel.numpy())

    @torch.inference_mode()
    def compose(self, symbols: Symbols, prosody: Prosody, generator: torch.Generator) -> Composed:
        """The sentence as frames, before it becomes sound."""
        batch, mask = symbol_batch([symbols], torch.device("cpu"))
        said, condition = self.acoustic.read(batch, torch.from_numpy(self.speaker)[None], mask)
        values = self._prosody(said, condition, mask, prosody, generator)
        pauses = np.isin(symbols.phones, PAUSES)
        frames = _imposed(prosody.frames, len(symbols)) if prosody.frames is not None else _lengths(values[0], pauses)
        model = self.acoustic
        scaled = (torch.from_numpy(values) - model.prosody_mean[:, None]) / model.prosody_spread[:, None]
        owner, facts, course = spread_over_frames(torch.from_numpy(frames), scaled[1:])
        height, voiced = self._contour(said[:, :, owner], condition, facts, course, prosody, generator)
        given = torch.cat([facts, height[None], voiced[None], course[1:]])[None]
        everywhere = torch.ones(1, 1, given.shape[2])
        sketch = model.sketch(said[:, :, owner], condition, given, everywhere)
        noise = self._noise(given.shape[2], generator) * prosody.texture
        mel = model.paint(sketch, condition, noise, everywhere)
        pitch = torch.exp(height * model.prosody_spread[1] + model.prosody_mean[1]) * voiced
        return Composed(mel[0], pitch, frames)

    @torch.inference_mode()
    def sound(self, mel: Tensor, pitch_hz: Tensor, generator: torch.Generator) -> Floats:
        """float32 (T * HOP,) of mel (N_MELS, T) and pitch (T,), turned down where it would clip."""
        noise = torch.randn(1, mel.shape[1] * HOP, generator=generator)
        phase = torch.zeros(1, dtype=torch.float64)
        samples = self.vocoder(mel[None], pitch_hz[None], noise, phase)[0].numpy()
        peak = float(np.abs(samples).max(initial=0.0))
        return np.asarray(samples * min(1.0, 0.98 / max(peak, 1e-9)), np.float32)

    def _noise(self, length: int, generator: torch.Generator) -> Tensor:
        return torch.randn(1, self.acoustic.config.noise, length, generator=generator)

    def _prosody(
        self, said: Tensor, condition: Tensor, mask: Tensor, wishes: Prosody, generator: torch.Generator
    ) -> NDArray[np.float32]:
        """(N_PROSODY, P) log frames, log pitch and energy with the wishes applied."""
        noise = self._noise(said.shape[2], generator) * wishes.variation
        model = self.acoustic
        scaled = model.predict_prosody(said, condition, noise, mask)[0]
        values = (scaled * model.prosody_spread[:, None] + model.prosody_mean[:, None]).numpy()
        middle = float(model.prosody_mean[1])
        values[0] -= np.log(np.asarray(wishes.rate, np.float32))
        values[1] = middle + (values[1] - middle) * wishes.pitch_range
        values[1] += np.asarray(wishes.pitch_semitones, np.float32) * _LN_PER_SEMITONE
        if wishes.energy is not None:
            values[2] = wishes.energy
        values[2] += np.asarray(wishes.energy_db, np.float32) * _LN_PER_DB
        return np.asarray(values, np.float32)

    def _contour(
        self,
        said: Tensor,
        condition: Tensor,
        facts: Tensor,
        course: Tensor,
        wishes: Prosody,
        generator: torch.Generator,
    ) -> tuple[Tensor, Tensor]:
        """Scaled log pitch (T,) and 1 where there is voice (T,)."""
        spread, mean = self.acoustic.prosody_spread[1], self.acoustic.prosody_mean[1]
        noise = self._noise(facts.shape[1], generator) * wishes.variation
        known = torch.cat([facts, course])[None]
        contour = self.acoustic.predict_contour(said, condition, known, noise, torch.ones(1, 1, facts.shape[1]))[0]
        height = course[0] + contour[0] / (CONTOUR_SCALE * spread) * wishes.pitch_range
        voiced = torch.from_numpy(_without_islands(contour[1].numpy() > 0)).float()
        if wishes.pitch_hz is None:
            return height, voiced
        if wishes.pitch_hz.shape != (facts.shape[1],):
            raise InputError(f"{wishes.pitch_hz.size} pitch values for {facts.shape[1]} frames.", "Give one per frame.")
        given = torch.from_numpy(wishes.pitch_hz)
        return torch.where(given > 0, (given.clamp(min=1).log() - mean) / spread, height), (given > 0).float()


@contextmanager
def _one_thread() -> Iterator[None]:
    """The layers are too small to share: threads that wait for each other on a busy machine cost tens of times more
    than they save, and one thread always sums in the same order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _imposed(frames: NDArray[np.int64], n_symbols: int) -> NDArray[np.int64]:
    if frames.shape != (n_symbols,) or int(frames.min(initial=0)) < 0 or not int(frames.sum()):
        raise InputError(f"{frames.size} lengths do not fit {n_symbols} phones.", "Give one length of 0 or more each.")
    return frames.astype(np.int64)


def _lengths(log_frames: NDArray[np.float32], pauses: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Whole hops, at least one each; what rounding leaves over goes to the next phone, so that the pace is kept."""
    wanted = np.minimum(np.exp(log_frames.astype(np.float64)), _LONGEST_FRAMES)
    frames = np.empty(wanted.size, np.int64)
    owed = 0.0
    for index, length in enumerate(wanted):
        frames[index] = max(1, round(length + owed))
        owed = 0.0 if pauses[index] else float(np.clip(owed + length - frames[index], -1, 1))
    return frames


def _without_islands(voiced: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Voice, or a gap in it, that lasts less than _SHORTEST_VOICING frames is taken for what surrounds it."""
    steady = voiced.copy()
    edges = np.flatnonzero(np.diff(voiced)) + 1
    for first, end in pairwise(edges.tolist()):
        if end - first < _SHORTEST_VOICING:
            steady[first:end] = not steady[first]
    return steady
