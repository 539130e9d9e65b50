"""Lips against speech: what was measured, how sure it is, and what it is judged by.

Signs: an offset is positive when the sound comes early (the picture is late), as ITU-R BT.1359 counts.
Errors are standard errors: the truth lies within two of them 19 times out of 20.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .media import MediaRef
from .speech import Phone, Word

SURE = 2.0
"""Standard errors on either side of a value that a verdict must leave room for."""


class Outcome(StrEnum):
    """UNKNOWN: the error bar spans a limit, or there was nothing to measure. It is not a pass."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "cannot tell"


class PhoneTimes(StrEnum):
    """Where the times of the phones come from: the voice itself, a text laid over the sound, or the sound alone."""

    KNOWN = "known"
    ALIGNED = "aligned"
    HEARD = "heard"


class SyncGate(StrEnum):
    """What a master with bad sync means: nothing, a warning, or the end of the run."""

    OFF = "off"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class SyncLimits:
    """What a master is held to. early_ms, late_ms: of the sound against the lips.  stage_early_ms, stage_late_ms: of
    the sound in the file against the edit.  drift_ms: over the whole programme.  closures: least share of p, b, m with
    closed lips."""

    early_ms: float = 40.0
    late_ms: float = 60.0
    stage_early_ms: float = 5.0
    stage_late_ms: float = 15.0
    drift_ms: float = 20.0
    closures: float = 0.75


@dataclass(frozen=True, slots=True)
class Wording:
    """What is known of the speech in a clip. text: what is said, '' if unknown.  words, phones: with exact times from
    the clip's beginning, if those are known."""

    text: str = ""
    language: str = "en-US"
    words: tuple[Word, ...] = ()
    phones: tuple[Phone, ...] = ()


@dataclass(frozen=True, slots=True)
class Closure:
    """One p, b or m of the speech and what the lips did.

    phone: ARPAbet.  word: that holds it, '' if unknown.  start_s, end_s: of the phone, in the programme.  frame: where
    the lips were nearest to closed, within one frame of the phone.  gap: there, over mouth width; None if no face was
    measured. hit: they were closed.
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
class OffsetAt:
    """The offset of one stretch around `at_s` seconds."""

    at_s: float
    offset_ms: float


@dataclass(frozen=True, slots=True)
class Drift:
    """Change of the offset. span_s: from the first to the last stretch that was measured, n_stretches of them."""

    ms_per_min: float
    error_ms_per_min: float
    span_s: float
    n_stretches: int

    @property
    def total_ms(self) -> float:
        """Over what was measured of the programme."""
        return self.ms_per_min * self.span_s / 60

    @property
    def total_error_ms(self) -> float:
        return self.error_ms_per_min * self.span_s / 60


@dataclass(frozen=True, slots=True)
class Twitch:
    """Lips that move in silence. part: how far they leave their rest, as a share of their range in speech."""

    at_s: float
    frame: int
    part: float


@dataclass(frozen=True, slots=True)
class Stillness:
    """The mouth in silence. silent_s: of silence with a face.  movement: mean change of the gap from frame to frame,
    as a share of that in speech: 0 is a still picture, 1 a mouth that goes on talking."""

    silent_s: float
    movement: float
    twitches: tuple[Twitch, ...]


@dataclass(frozen=True, slots=True)
class SyncVerdict:
    """rule: name of the standard and level.  early_ms, late_ms: what it allows."""

    rule: str
    early_ms: float
    late_ms: float
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class LipSync:
    """Lips against speech.

    offset_ms: None when the lips follow the target too loosely for a peak; offset_error_ms: its standard error.
    picture_late_ms, sound_late_ms: its two parts against the edit; sound_late_ms is None where no edit is known, and
    then the sound itself is the clock.  times: of the phones.  target, correlation: what the lip gap was compared with
    ('phones', or 'mouth code' where phones show no peak). code_late_ms, code_error_ms, code_correlation: the same
    against the mouth code that was asked for.  drift: None for short programmes; stretches: what it rests on.
    closed_gap: the gap over mouth width up to which lips count as closed. chance: the share of closures that would be
    hit if the same phones fell anywhere; None for very short programmes. n_open_vowels: that could be judged.
    stillness: None without silence.  n_seen: frames with a face, of n_frames.  reason: why there is no offset, or what
    to know about it, sentences; '' if all is well.  series: .npz per frame, NaN without a
    face: `time_s`, `gap`, `target` (n,), `box` (n,4) of the face: left, top, right, bottom px.
    """

    offset_ms: float | None
    offset_error_ms: float | None
    picture_late_ms: float | None
    sound_late_ms: float | None
    times: PhoneTimes
    target: str
    correlation: float | None
    code_late_ms: float | None
    code_error_ms: float | None
    code_correlation: float | None
    drift: Drift | None
    stretches: tuple[OffsetAt, ...]
    closed_gap: float
    closures: tuple[Closure, ...]
    chance: float | None
    false_closures: tuple[FalseClosure, ...]
    n_open_vowels: int
    stillness: Stillness | None
    n_seen: int
    n_frames: int
    series: MediaRef
    reason: str = ""

    @property
    def n_hits(self) -> int:
        return sum(closure.hit for closure in self.closures)

    @property
    def closure_share(self) -> float | None:
        return self.n_hits / len(self.closures) if self.closures else None
