"""A voice in training: what it learns from, what was asked of the training, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from .corpus import Corpus
from .media import MediaRef


@dataclass(frozen=True, slots=True)
class VoiceTraining:
    """budget_s: of both networks together.  max_steps: of each, instead of the time, 0 for none.  width: of both
    networks in channels, 0 for their own; narrower ones learn faster and sound worse.  start_from: weights of a voice
    that goes on learning, with its own widths; None to begin from nothing.  critic: the vocoder's last phase is taught
    against networks that tell recordings from copies."""

    budget_s: float
    max_steps: int = 0
    width: int = 0
    seed: int = 7
    start_from: MediaRef | None = None
    critic: bool = False


@dataclass(frozen=True, slots=True)
class VoiceLessons:
    """The clips of a corpus as the networks see them. shards, held_out: .npz; held_out is never trained on.

    left_out: ids of clips that do not fit the networks.
    """

    corpus: Corpus
    shards: tuple[MediaRef, ...]
    held_out: tuple[MediaRef, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VoiceSample:
    """One held-out sentence. recorded, spoken: mono 16-bit WAV, neither of them marked."""

    id: str
    text: str
    recorded: MediaRef
    spoken: MediaRef


@dataclass(frozen=True, slots=True)
class VoiceModel:
    """weights: .safetensors.  card: JSON.  curves: PNG.  stopped_by: 'budget' or 'request'."""

    weights: MediaRef
    card: MediaRef
    curves: MediaRef
    samples: tuple[VoiceSample, ...]
    language: str
    n_steps: int
    train_s: float
    stopped_by: str
