"""Speech with exact times: from the line to the aligned phones."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from .media import MediaRef
from .script import Line

SILENCE = "sil"
BREATH = "breath"


@dataclass(frozen=True, slots=True)
class Phone:
    """label: ARPAbet with stress digit on vowels ('AH0'), or SILENCE, or BREATH. start, end: seconds in the utterance.

    ipa: the sound itself where the language is not English and `label` is only the nearest; '' otherwise.
    confidence: 0..1 that this phone is heard here, None if unknown.
    """

    label: str
    start: Fraction
    end: Fraction
    ipa: str = ""
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """text: lower case, as spoken. start, end: seconds in the utterance."""

    text: str
    start: Fraction
    end: Fraction


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice that was looked up in the registry.

    engine: key of the engine registry ('espeak', 'piper').  language: BCP-47.  settings: sorted (key, value) pairs
    that the engine understands.  weights: blobs of the engine's files, if any.  licence: of the weights, shown to the
    user. consent_id: the record that permits it.
    """

    name: str
    engine: str
    language: str
    settings: tuple[tuple[str, str], ...]
    weights: tuple[MediaRef, ...]
    licence: str
    consent_id: str


@dataclass(frozen=True, slots=True)
class Utterance:
    line: Line
    voice: Voice
    seed: int


@dataclass(frozen=True, slots=True)
class Speech:
    """audio: mono 16-bit WAV of n_samples at rate_hz. words and phones: the engine's own times, empty if unknown."""

    utterance: Utterance
    audio: MediaRef
    rate_hz: int
    n_samples: int
    words: tuple[Word, ...]
    phones: tuple[Phone, ...]

    @property
    def duration(self) -> Fraction:
        return Fraction(self.n_samples, self.rate_hz)


@dataclass(frozen=True, slots=True)
class Alignment:
    """phones cover [0, duration) without gaps (silence is a phone). score: per-frame log likelihood, None if
    unknown."""

    speech: Speech
    aligner: str
    words: tuple[Word, ...]
    phones: tuple[Phone, ...]
    score: float | None
