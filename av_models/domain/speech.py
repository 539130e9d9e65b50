"""Speech with exact times: from the line to the aligned phones."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
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
class Program:
    """A program that speaks for a voice. digests: SHA-256 of the files that its command names.  engine, version, model,
    licence: as it says of itself, '' until it was asked."""

    digests: tuple[str, ...]
    engine: str = ""
    version: str = ""
    model: str = ""
    licence: str = ""

    @property
    def name(self) -> str:
        """'coqui-tts 0.28.0, xtts_v2'."""
        return f"{self.engine} {self.version}" + (f", {self.model}" if self.model else "")


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice that was looked up in the registry.

    engine: key of the engine registry ('espeak', 'piper').  language: BCP-47.  settings: sorted (key, value) pairs
    that the engine understands.  weights: blobs of the engine's files, if any.  licence: of the weights, shown to the
    user. consent_id: the record that permits it.  program: of an external engine.
    """

    name: str
    engine: str
    language: str
    settings: tuple[tuple[str, str], ...]
    weights: tuple[MediaRef, ...]
    licence: str
    consent_id: str
    program: Program | None = None


@dataclass(frozen=True, slots=True)
class PerformedPhone:
    """A phone of a performance. course_st: semitones over the performance's middle at its begin, middle and end; ()
    where there is no voice.  level_db: against the mean of the performance's vowels."""

    phone: Phone
    course_st: tuple[float, ...]
    level_db: float


@dataclass(frozen=True, slots=True)
class Performance:
    """Words of a script as they were performed. Times count from the performance's own beginning."""

    words: tuple[Word, ...]
    phones: tuple[PerformedPhone, ...]

    @property
    def start(self) -> Fraction:
        return self.words[0].start


@dataclass(frozen=True, slots=True)
class Utterance:
    """performance: of the same words, whose times and melody the voice shall follow."""

    line: Line
    voice: Voice
    seed: int
    performance: Performance | None = None


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


class FlawKind(StrEnum):
    """What can go wrong when a machine speaks, in the words of a report."""

    SWALLOWED = "swallowed"
    GARBLED = "garbled"
    REPEATED = "repeated"
    INVENTED = "invented"
    CUT_START = "cut off at the start"
    CUT_END = "cut off at the end"
    TAIL = "over-long tail"
    HOLE = "silence in the middle"
    DRAWN_OUT = "drawn out"
    HURRIED = "hurried"
    NOISY = "noisy"


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something that an utterance does and should not. words: concerned, '' where none is.  start, end: seconds."""

    kind: FlawKind
    words: str
    start: Fraction
    end: Fraction

    @property
    def sentence(self) -> str:
        """'“river” swallowed at 1.20 s'."""
        at = f"{self.kind} at {float(self.start):.2f} s"
        return f"“{self.words}” {at}" if self.words else at


@dataclass(frozen=True, slots=True)
class CheckedSpeech:
    """The best of at most four takes, listened to. flaws: what is left.  cured: what its first take had and it has not.

    n_takes: 1 where the first one was good, or where every take would be the same.
    """

    speech: Speech
    flaws: tuple[Flaw, ...]
    cured: tuple[Flaw, ...]
    n_takes: int


@dataclass(frozen=True, slots=True)
class Alignment:
    """phones cover [0, duration) without gaps (silence is a phone). score: per-frame log likelihood, None if
    unknown."""

    speech: Speech
    aligner: str
    words: tuple[Word, ...]
    phones: tuple[Phone, ...]
    score: float | None
