"""What was measured on a finished master, and how long each stage took."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from .face import ProblemRange
from .provenance import Verdict
from .swap import DoubtRange
from .sync import LipSync


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
    found.  n_more_doubtful: ranges beside those of `doubtful`."""

    n_frames: int
    n_swapped: int
    n_found: int
    unswapped: tuple[ProblemRange, ...]
    doubtful: tuple[DoubtRange, ...] = ()
    n_more_doubtful: int = 0


@dataclass(frozen=True, slots=True)
class SoundFacts:
    """Of the encoded file. range_lu: loudness range.  asked_lufs: what it was to be."""

    integrated_lufs: float
    true_peak_dbtp: float
    range_lu: float
    asked_lufs: float = -16.0


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
