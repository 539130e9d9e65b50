"""What was measured on a finished master, and how long each stage took."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from .face import ProblemRange
from .media import MediaRef
from .provenance import Verdict


@dataclass(frozen=True, slots=True)
class Closure:
    """One p, b or m of the speech and what the lips did.

    phone: ARPAbet.  word: that holds it.  start_s, end_s: of the phone, in the programme.  frame: where the lips were
    nearest to closed, within one frame of the phone.  gap: there, over mouth width; None if no face was measured.
    hit: they were closed.
    """

    phone: str
    word: str
    start_s: float
    end_s: float
    frame: int
    gap: float | None
    hit: bool


@dataclass(frozen=True, slots=True)
class FalseClosure:
    """Lips closed in the middle of an open vowel. frame: of the programme."""

    phone: str
    word: str
    start_s: float
    frame: int
    gap: float


@dataclass(frozen=True, slots=True)
class LipSync:
    """Lips against speech.

    offset_ms: positive when the sound comes early (the picture is late), as ITU-R BT.1359 counts; None when the lips
    follow the target too loosely for a peak.  offset_error_ms: its standard error.  picture_late_ms, sound_late_ms:
    its two parts against the timeline. target, correlation: what the lip gap was compared with ('phones', or 'mouth
    code' where phones show no peak). code_late_ms, code_correlation: the same against the mouth code that was asked
    for.  drift_ms_per_min: None for short programmes.  closed_gap: the gap over mouth width up to which lips count as
    closed. chance: the share of closures that would be hit if the same phones fell anywhere; None for very short
    programmes. n_open_vowels: that could be judged.  series: .npz per frame, NaN without a face: `time_s`, `gap`,
    `target` (n,), `box` (n,4) of the face: left, top, right, bottom px.
    """

    offset_ms: float | None
    offset_error_ms: float | None
    picture_late_ms: float | None
    sound_late_ms: float | None
    target: str
    correlation: float | None
    code_late_ms: float | None
    code_correlation: float | None
    drift_ms_per_min: float | None
    closed_gap: float
    closures: tuple[Closure, ...]
    chance: float | None
    false_closures: tuple[FalseClosure, ...]
    n_open_vowels: int
    series: MediaRef

    @property
    def n_hits(self) -> int:
        return sum(closure.hit for closure in self.closures)


@dataclass(frozen=True, slots=True)
class IdentityMatch:
    """Descriptor distances of the swapped face, every `step` frames. share_source: of frames nearer to the source."""

    step: int
    n_frames: int
    to_source: float | None
    to_actor: float | None
    source_to_actor: float
    share_source: float | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """unswapped: frames of the programme with their reason. n_found: frames of the master in which a face was
    found."""

    n_frames: int
    n_swapped: int
    n_found: int
    unswapped: tuple[ProblemRange, ...]


@dataclass(frozen=True, slots=True)
class SoundFacts:
    """Of the encoded file. range_lu: loudness range."""

    integrated_lufs: float
    true_peak_dbtp: float
    range_lu: float


@dataclass(frozen=True, slots=True)
class QualityReport:
    """Everything measured on one master. picture_s, sound_s: durations as decoded. marks: what discloses its
    making."""

    rate: Fraction
    sync: LipSync
    identity: IdentityMatch
    coverage: Coverage
    sound: SoundFacts
    marks: Verdict
    picture_s: float
    sound_s: float


@dataclass(frozen=True, slots=True)
class StageTime:
    """One stage of a run. busy_s: sum over its n_runs; wall_s: from its first start to its last end."""

    name: str
    n_runs: int
    n_cached: int
    n_failed: int
    busy_s: float
    wall_s: float

    @property
    def cached(self) -> bool:
        return self.n_runs > 0 and self.n_cached == self.n_runs
