"""Speaking with the two networks: prosody predicted, scaled or imposed; then frames; then sound."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from av_models.domain.errors import InputError
from av_models.runtime.one_thread import one_thread

from .acoustic_inference import AcousticInference, Lain, lay_over_frames
from .mels import HOP
from .shapes import SPEAKER_SIZE
from .symbols import PAUSES, Symbols
from .throat import in_throat
from .vocoder_inference import VocoderInference

__all__ = ["Composed", "Manner", "NeuralVoice", "Prosody", "Spoken"]

Floats = NDArray[np.float32]
_LN_PER_SEMITONE = float(np.log(2)) / 12
_LN_PER_DB = float(np.log(10)) / 20
_SHORTEST_VOICING = 3
_LONGEST_FRAMES = 400


@dataclass(frozen=True, slots=True, eq=False)
class Prosody:
    """Wishes for one sentence; every array has one value per symbol unless said otherwise.

    rate: over 1 is faster; pauses keep their length.  lengths: wished instead of the predicted, in hops before the
    rate; 0 where none is.  pitch_semitones, energy_db: added.  pitch_range: 0 is monotone, 1 the voice's own.  frames:
    lengths in hops, imposed exactly.  pitch_hz: imposed course (T,) with 0 where unvoiced; needs frames.  energy:
    imposed, as `measured_prosody` gives it.  variation: how much of the voice's natural spread each seed draws, 0..1.
    texture: the same for the sound within phones; 1 is right for a network that has learnt enough, 0 is clearest for
    one that has not.
    """

    rate: float | Floats = 1.0
    pitch_semitones: float | Floats = 0.0
    pitch_range: float | Floats = 1.0
    energy_db: float | Floats = 0.0
    frames: NDArray[np.int64] | None = None
    pitch_hz: Floats | None = None
    energy: Floats | None = None
    variation: float = 0.6
    texture: float = 0.0
    lengths: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Manner:
    """What a voice does otherwise than its networks predict, in every sentence; see `encoding`.

    pitch_semitones: added.  pitch_range: factor of the melody's swing.  middle_semitones: how far over the network's
    mean the predictions for this voice lie; swings go round that.  throat: float32 (THROAT_SIZE,) factors as in
    `in_throat`; the network then speaks at its own height and is moved afterwards.  tone: float32 (N_MELS,) nepers,
    added to every frame at last.
    """

    pitch_semitones: float = 0.0
    pitch_range: float = 1.0
    middle_semitones: float = 0.0
    throat: Floats | None = None
    tone: Floats | None = None

    @property
    def inner_semitones(self) -> float:
        """What of the pitch the network itself is asked for."""
        return self.pitch_semitones if self.throat is None else 0.0

    @property
    def outer_factor(self) -> float:
        """By what its pitch is raised afterwards."""
        return float(2 ** ((self.pitch_semitones - self.inner_semitones) / 12))


@dataclass(frozen=True, slots=True, eq=False)
class Composed:
    """mel: (N_MELS, T). pitch_hz: (T,), 0 where there is no voice. frames: int64 (P,) hops of each symbol."""

    mel: Floats
    pitch_hz: Floats
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
    """speaker: float32 (SPEAKER_SIZE,), zeros for a voice trained alone. card: what is known about it.

    manner: what it does otherwise than its networks predict.  origin: float32 (SPEAKER_SIZE,), the unit embedding of
    its own speaker, zeros where it is not known.  throats: float32 (SPEAKER_SIZE, THROAT_SIZE) that tells of another
    embedding which throat it belongs to, see `strangers`; None for a voice that can only be itself.  It speaks without
    torch, which only training needs.
    """

    acoustic: AcousticInference
    vocoder: VocoderInference
    speaker: Floats
    card: dict[str, Any] = field(default_factory=dict)
    manner: Manner = field(default_factory=Manner)
    origin: Floats = field(default_factory=lambda: np.zeros(SPEAKER_SIZE, np.float32))
    throats: Floats | None = None

    def speak(self, symbols: Symbols, prosody: Prosody | None = None, seed: int = 0) -> Spoken:
        """One sentence as sound. Equal arguments give equal samples. InputError for lengths that do not fit."""
        chance = np.random.default_rng(seed % 2**63)
        with one_thread():
            composed = self.compose(symbols, prosody or Prosody(), chance)
            samples = self.sound(composed.mel, composed.pitch_hz, chance)
        return Spoken(samples, composed.frames, composed.pitch_hz, composed.mel)

    def compose(self, symbols: Symbols, prosody: Prosody, chance: np.random.Generator) -> Composed:
        """The sentence as frames, before it becomes sound."""
        said, condition = self.acoustic.read(symbols, self.speaker)
        values = self._prosody(said, condition, prosody, chance)
        pauses = np.isin(symbols.phones, PAUSES)
        frames = _imposed(prosody.frames, len(symbols)) if prosody.frames is not None else _lengths(values[0], pauses)
        model = self.acoustic
        scaled = (values.T - model.prosody_mean) / model.prosody_spread
        lain = lay_over_frames(frames, scaled[:, 1:])
        said = said[lain.owner]
        height, voiced = self._contour(said, condition, lain, prosody, chance)
        given = np.concatenate([lain.facts, height[:, None], voiced[:, None], lain.course[:, 1:]], axis=1)
        sketch = model.sketch(said, condition, given)
        noise = self._noise(len(sketch), chance) * np.float32(prosody.texture)
        mel = np.ascontiguousarray(model.paint(sketch, condition, noise).T)
        pitch = np.exp(height * model.prosody_spread[1] + model.prosody_mean[1]) * voiced
        return Composed(*self._in_manner(mel, pitch), frames)

    def _in_manner(self, mel: Floats, pitch_hz: Floats) -> tuple[Floats, Floats]:
        """Mel (N_MELS, T) and pitch (T,) of the network as this voice has them."""
        manner, wanted_hz = self.manner, pitch_hz
        if manner.throat is not None:
            wanted_hz = np.asarray(pitch_hz * manner.outer_factor, np.float32)
            mel = in_throat(mel, pitch_hz, wanted_hz, manner.throat)
        return (mel if manner.tone is None else mel + manner.tone[:, None]), wanted_hz

    def sound(self, mel: Floats, pitch_hz: Floats, chance: np.random.Generator) -> Floats:
        """float32 (T * HOP,) of mel (N_MELS, T) and pitch (T,), turned down where it would clip."""
        noise = chance.standard_normal(mel.shape[1] * HOP, np.float32)
        samples = self.vocoder(mel.T, pitch_hz, noise)
        peak = float(np.abs(samples).max(initial=0.0))
        return np.asarray(samples * min(1.0, 0.98 / max(peak, 1e-9)), np.float32)

    def _noise(self, length: int, chance: np.random.Generator) -> Floats:
        return chance.standard_normal((length, self.acoustic.noise), np.float32)

    def _prosody(self, said: Floats, condition: Floats, wishes: Prosody, chance: np.random.Generator) -> Floats:
        """(N_PROSODY, P) log frames, log pitch and energy with the wishes applied."""
        noise = self._noise(len(said), chance) * np.float32(wishes.variation)
        values = self.acoustic.predict_prosody(said, condition, noise).T
        manner = self.manner
        middle = float(self.acoustic.prosody_mean[1]) + manner.middle_semitones * _LN_PER_SEMITONE
        if wishes.lengths is not None:
            values[0] = np.where(wishes.lengths > 0, np.log(np.maximum(wishes.lengths, 0.1)), values[0])
        values[0] -= np.log(np.asarray(wishes.rate, np.float32))
        values[1] = middle + (values[1] - middle) * (wishes.pitch_range * manner.pitch_range)
        values[1] += (np.asarray(wishes.pitch_semitones, np.float32) + manner.inner_semitones) * _LN_PER_SEMITONE
        if wishes.energy is not None:
            values[2] = wishes.energy
        values[2] += np.asarray(wishes.energy_db, np.float32) * _LN_PER_DB
        return np.asarray(values, np.float32)

    def _contour(
        self, said: Floats, condition: Floats, lain: Lain, wishes: Prosody, chance: np.random.Generator
    ) -> tuple[Floats, Floats]:
        """Scaled log pitch (T,) and 1 where there is voice (T,)."""
        spread, mean = self.acoustic.prosody_spread[1], self.acoustic.prosody_mean[1]
        noise = self._noise(len(said), chance) * np.float32(wishes.variation)
        above, voicing = self.acoustic.predict_contour(said, condition, lain, noise)
        swing = np.asarray(wishes.pitch_range * self.manner.pitch_range, np.float32)
        height = lain.course[:, 0] + above * (swing[lain.owner] if swing.ndim else swing)
        voiced = _without_islands(voicing > 0).astype(np.float32)
        if wishes.pitch_hz is None:
            return height, voiced
        if wishes.pitch_hz.shape != (len(said),):
            raise InputError(f"{wishes.pitch_hz.size} pitch values for {len(said)} frames.", "Give one per frame.")
        given = np.asarray(wishes.pitch_hz / np.float32(self.manner.outer_factor), np.float32)
        known = (np.log(np.maximum(given, 1)) - mean) / spread
        return np.where(given > 0, known, height).astype(np.float32), (given > 0).astype(np.float32)


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
