"""A voice cloned from seconds to minutes of recordings: what was given, what was tried, what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from .media import MediaRef


class CloneMethod(StrEnum):
    """encode: the speaker is measured, and nothing learns.  adapt: networks learn from what is said in the sample.

    auto: both where there is enough to learn from, and of the two the one that held-out recordings speak for.
    """

    AUTO = "auto"
    ENCODE = "encode"
    ADAPT = "adapt"


@dataclass(frozen=True, slots=True)
class CloneSample:
    """Recordings of one speaker that were listened to: mono at CORPUS_RATE_HZ, levelled.

    sounds: .npz, one array for each usable recording.  marks: .npz of speaker embeddings, see `tasks.clone_sample`.
    report: JSON rows, one a recording, good and bad.  digests: SHA-256 of the files, usable or not.
    seconds: of the usable recordings; held_out_s: of these, at the end, for measuring only; 0 where all is needed.
    """

    sounds: MediaRef
    marks: MediaRef
    report: MediaRef
    digests: tuple[str, ...]
    language: str
    seconds: Fraction
    held_out_s: Fraction

    @property
    def learnt_s(self) -> Fraction:
        """Of which something is learnt."""
        return self.seconds - self.held_out_s


@dataclass(frozen=True, slots=True)
class CloneLessons:
    """Clips with timed phones, for learning. shards, held_out: .npz of `VoiceClip`s, None where there is none.

    seconds: of the clips that are learnt from.  report: JSON.  transcribed: the words were given; else they were heard.
    """

    clips: MediaRef | None
    held_out: MediaRef | None
    report: MediaRef
    seconds: Fraction
    transcribed: bool


@dataclass(frozen=True, slots=True)
class ClonePlan:
    """budget_s: of learning.  max_steps: instead of it, 0 for none.  most_s: seconds of the sample that are used, 0 for
    all of them."""

    budget_s: float = 180.0
    max_steps: int = 0
    most_s: int = 0
    seed: int = 7


@dataclass(frozen=True, slots=True)
class CloneCandidate:
    """A voice that was tried. method: 'base', 'encode', 'adapt' or 'adapt+vocoder'.  facts: JSON.

    seconds: of the sound behind it.
    """

    method: str
    weights: MediaRef
    facts: MediaRef
    seconds: Fraction


@dataclass(frozen=True, slots=True)
class HeardCandidate:
    """A candidate that was listened to. figures: JSON, see `tasks.clone_measure`.  spoken: WAV of each sentence,
    unmarked."""

    candidate: CloneCandidate
    figures: MediaRef
    spoken: tuple[MediaRef, ...]
