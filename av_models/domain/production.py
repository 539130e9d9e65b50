"""What a production can ask for: how far to go, how well, and what the master is to be."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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


@dataclass(frozen=True, slots=True)
class MasterOptions:
    """title: of the programme.  language: BCP-47, of the captions.  loudness_lufs: EBU R 128 target of the programme.

    captions: as a track of the master; the caption files are written either way.  timecode: as a track, from
    00:00:00:00.
    """

    title: str
    language: str
    profile: Profile = Profile.DRAFT
    loudness_lufs: float = -16.0
    captions: bool = True
    timecode: bool = False
