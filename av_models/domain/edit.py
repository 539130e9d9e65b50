"""The edit: where speech lies, which actor frames carry it, and what was made of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from .face import ProblemRange
from .media import MediaRef
from .speech import Alignment
from .swap import DoubtRange, FaceSwap, SwapOptions


class Lips(StrEnum):
    KEEP = "keep"
    DRIVE = "drive"
    AUTO = "auto"


@dataclass(frozen=True, slots=True)
class LipsChoice:
    """mode: KEEP or DRIVE, never AUTO. reason: a sentence for the user."""

    mode: Lips
    reason: str


class Fit(StrEnum):
    """How lips and sound come together: the speech moves the lips, the sound is conformed to the picture, or the
    picture is retimed to the sound."""

    DRIVE = "drive"
    PICTURE = "picture"
    SOUND = "sound"
    AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Isochrony:
    """Does a phrase last as long as the mouth that it has to fill?

    spoken_s: as the voice says it of its own accord.  room_s: how long the actor's mouth speaks.  rate: how many times
    as fast as of its own accord it is heard now.  syllables_over: how many too many it has, below 0 how many more
    there is room for.  verdict: a clause for a table.
    """

    spoken_s: Fraction
    room_s: Fraction
    rate: Fraction
    syllables_over: int
    verdict: str


@dataclass(frozen=True, slots=True)
class PhraseFit:
    """How one phrase of a placement was fitted.

    first_frame (of the placement), n_frames: the phrases of a placement cover it without gaps.  fit: never AUTO.
    reason: a sentence for the user.  isochrony: None where the speech moves the lips, which then have any room.
    """

    first_frame: int
    n_frames: int
    fit: Fit
    reason: str
    isochrony: Isochrony | None = None


@dataclass(frozen=True, slots=True)
class SoundAnchor:
    """What the voice said at `spoken_s` of its own speech is heard at `heard_s` of the conformed speech; linear
    between anchors."""

    spoken_s: Fraction
    heard_s: Fraction


class Conformed(StrEnum):
    """How a sound came to the times that the picture asks for: spoken again with the length of every phone given,
    played slower and faster, or as it had been spoken."""

    SPOKEN = "spoken again"
    STRETCHED = "stretched"
    LEFT = "left alone"


@dataclass(frozen=True, slots=True)
class SoundChoice:
    """reason: a sentence for the user."""

    how: Conformed
    reason: str


@dataclass(frozen=True, slots=True)
class Anchor:
    """At `frame` of the shot (from 0) the plate shows the actor's footage at `source_s` seconds; linear between
    anchors."""

    frame: int
    source_s: Fraction


@dataclass(frozen=True, slots=True)
class Placement:
    """One utterance in the programme, and the picture that carries it.

    first_frame, n_frames: of the programme.  speech_start: seconds from the shot's first frame to the speech's first
    sample.  anchors: the time map of the picture, at least two.  how: 'cut', 'kept', 'retimed' or 'looped', for the
    report.  alignment: of the speech as it is heard.  phrases: how each stretch was fitted.  sound_map: from the take
    that was spoken to it, empty if that was left alone.  advice: what does not fit and what would help, '' if all is
    well.  sound: how it was brought along sound_map, None without one.
    """

    alignment: Alignment
    first_frame: int
    n_frames: int
    speech_start: Fraction
    anchors: tuple[Anchor, ...]
    how: str
    phrases: tuple[PhraseFit, ...] = ()
    sound_map: tuple[SoundAnchor, ...] = ()
    advice: str = ""
    sound: SoundChoice | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """rate: frames per second of the programme. placements: in order, without gaps, from frame 0."""

    rate: Fraction
    placements: tuple[Placement, ...]
    lips: LipsChoice

    @property
    def n_frames(self) -> int:
        return sum(placement.n_frames for placement in self.placements)

    @property
    def duration(self) -> Fraction:
        return self.n_frames / self.rate


@dataclass(frozen=True, slots=True)
class Shot:
    """A piece of one placement, small enough to be redone: everything that its pixels depend on and nothing else.

    plate_s: the source time of every frame.  faces: at least one, all in the same footage, each person once.
    before_s, after_s: those of a few frames of the placement right before and after, which are looked at and not
    shown, so that nothing is seen where two shots meet.
    """

    plate_s: tuple[Fraction, ...]
    rate: Fraction
    faces: tuple[FaceSwap, ...]
    options: SwapOptions = field(default_factory=SwapOptions)
    before_s: tuple[Fraction, ...] = ()
    after_s: tuple[Fraction, ...] = ()


@dataclass(frozen=True, slots=True)
class SwappedClip:
    """video: H.264 near-lossless, bt709. confidence: 0..1 a frame, to 0.001.

    unswapped: frames of this clip (from 0) that show the actor, with the reason.  doubtful: frames to look at, with
    the reason, and n_more_doubtful: how many more such ranges there are, which are surer.  patches: .zip for a
    compositor, see `io.patches`; None where nobody asked for it.  figures: JSON, see `tasks.frame_figures`.
    """

    video: MediaRef
    n_frames: int
    confidence: tuple[float, ...]
    unswapped: tuple[ProblemRange, ...]
    doubtful: tuple[DoubtRange, ...] = ()
    patches: MediaRef | None = None
    figures: MediaRef | None = None
    n_more_doubtful: int = 0


@dataclass(frozen=True, slots=True)
class Master:
    """The signed file and what belongs to it.

    loudness_lufs, true_peak_dbtp: measured on the encoded file.  edl: CMX 3600.  textgrid: words and phones of the
    whole programme.  notes: sentences for the user, on what is not as it should be or not in it.
    """

    timeline: Timeline
    video: MediaRef
    captions_vtt: MediaRef
    captions_srt: MediaRef
    otio: MediaRef
    manifest: MediaRef
    loudness_lufs: float
    true_peak_dbtp: float
    edl: MediaRef | None = None
    textgrid: MediaRef | None = None
    notes: tuple[str, ...] = ()
