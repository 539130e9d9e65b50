"""What a production can ask for: how far to go, how well, and what the master is to be."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .errors import InputError
from .media import MediaRef


class Profile(StrEnum):
    """DRAFT: minutes, to see whether it works.  FINAL: trained for as long as it helps, encoded slowly."""

    DRAFT = "draft"
    FINAL = "final"


class Stage(StrEnum):
    """The stages that a run can stop after, in the order of the day. REPORT is the last one."""

    SCRIPT = "script"
    SPEECH = "speech"
    ALIGNMENT = "alignment"
    FACES = "faces"
    TIMELINE = "timeline"
    MODEL = "model"
    SWAP = "swap"
    MASTER = "master"
    REPORT = "report"

    def is_before(self, other: Stage) -> bool:
        order = tuple(Stage)
        return order.index(self) < order.index(other)


class Preset(StrEnum):
    """The coding of a master. H264, H265: MP4 with AAC, to be watched.  PRORES (422 HQ), DNXHR (SQ or HQX), FFV1
    (lossless): MOV with 24-bit PCM, to be worked on and kept."""

    H264 = "h264"
    H265 = "h265"
    PRORES = "prores"
    DNXHR = "dnxhr"
    FFV1 = "ffv1"

    @property
    def suffix(self) -> str:
        """Of the file, with its dot."""
        return ".mp4" if self in (Preset.H264, Preset.H265) else ".mov"

    @property
    def depths(self) -> tuple[int, ...]:
        """Bits a sample that this coding is made in, the usual one first."""
        return _DEPTHS[self]


_DEPTHS = {
    # H.264 in 10 bits exists, but neither browsers on telephones nor Apple's players show it.
    Preset.H264: (8,),
    Preset.H265: (8, 10),
    Preset.PRORES: (10,),
    Preset.DNXHR: (10, 8),
    Preset.FFV1: (8, 10),
}


MASTERS = ("master.mp4", "master.mov")
"""The names that the finished file can have."""


class LoudnessPreset(StrEnum):
    """STREAM: what streaming services play at.  BROADCAST: EBU R 128."""

    STREAM = "stream"
    BROADCAST = "broadcast"

    @property
    def lufs(self) -> float:
        return -16.0 if self is LoudnessPreset.STREAM else -23.0


class CaptionNames(StrEnum):
    """How captions tell who speaks: not at all, `NAME:` before the first words, or a dash when the speaker changes."""

    NONE = "none"
    NAMES = "names"
    DASH = "dash"


@dataclass(frozen=True, slots=True)
class Bed:
    """Music or effects that lie under the dialogue.

    name: the user's file name, for messages.  n_samples: at 48 kHz.  n_channels: 1 or 2, as it is mixed.
    loudness_lufs: of the whole file (EBU R 128).
    """

    media: MediaRef
    name: str
    n_samples: int
    n_channels: int
    loudness_lufs: float


@dataclass(frozen=True, slots=True)
class BedMix:
    """How beds and room tone are mixed. Levels are in LU against the dialogue.

    bed_db: loudness of a bed where nobody speaks.  duck_db: how much lower it lies under speech.  loop: begin again
    until the programme ends; else it ends where it ends.  fade_in_s, fade_out_s: at both ends of what is heard of it.
    room_tone_db: level of the quiet tone that fills pauses, None for none.
    """

    bed_db: float = -10.0
    duck_db: float = -10.0
    loop: bool = True
    fade_in_s: float = 0.5
    fade_out_s: float = 2.0
    room_tone_db: float | None = -45.0

    def __post_init__(self) -> None:
        if self.duck_db > 0 or min(self.fade_in_s, self.fade_out_s) < 0:
            raise InputError(
                f"duck_db = {self.duck_db:g} or a fade of {min(self.fade_in_s, self.fade_out_s):g} s cannot be.",
                "Give duck_db as 0 or less, and fades as 0 or more seconds.",
            )


@dataclass(frozen=True, slots=True)
class MasterOptions:
    """title: of the programme.  language: BCP-47, of the captions.  loudness_lufs: EBU R 128 target of the programme.

    captions: as a track of the master; the caption files are written either way.  timecode: as a track, from
    00:00:00:00; drafts have it with their burnt-in one.  bit_depth: 8 or 10, None for the preset's own.  burn_in:
    timecode and take in the picture, None for 'in drafts'.  take: which one this is, from 1.
    Errors: InputError for a bit depth that the preset has not got.
    """

    title: str
    language: str
    profile: Profile = Profile.DRAFT
    loudness_lufs: float = -16.0
    captions: bool = True
    timecode: bool = False
    preset: Preset = Preset.H264
    bit_depth: int | None = None
    burn_in: bool | None = None
    take: int = 1
    caption_names: CaptionNames = CaptionNames.NONE
    beds: tuple[Bed, ...] = ()
    mix: BedMix = BedMix()

    def __post_init__(self) -> None:
        if self.bit_depth is not None and self.bit_depth not in self.preset.depths:
            have = " or ".join(str(depth) for depth in sorted(self.preset.depths))
            others = [p.value for p in Preset if self.bit_depth in p.depths]
            instead = f", or a preset that has {self.bit_depth} bits ({', '.join(others)})" if others else ""
            raise InputError(
                f"The preset {self.preset} is made in {have} bits, not in {self.bit_depth}.",
                f"Leave bit_depth away{instead}.",
            )

    @property
    def file_name(self) -> str:
        return f"master{self.preset.suffix}"

    @property
    def depth(self) -> int:
        """Bits a sample of the picture."""
        return self.bit_depth or self.preset.depths[0]

    @property
    def burns_in(self) -> bool:
        return self.profile is Profile.DRAFT if self.burn_in is None else self.burn_in
