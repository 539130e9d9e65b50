"""Names for stored media. A value never holds a path or an array: it holds the digest of the content."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class MediaRef:
    """One blob of the content store. digest: SHA-256 in hex. suffix: file ending with its dot, e.g. '.wav'."""

    digest: str
    suffix: str


@dataclass(frozen=True, slots=True)
class AudioStream:
    """The sound of a footage as stored: rate_hz, n_channels."""

    rate_hz: int
    n_channels: int


@dataclass(frozen=True, slots=True)
class Footage:
    """A video file that was probed and found usable.

    name: the user's file name, for messages only.  width_px, height_px: as displayed, after rotation. rate: nominal
    frames per second (the average one if the rate varies).  duration: seconds from first frame to the end of the
    last.  bit_depth: of the picture.  rotation_deg: clockwise turn that metadata asks for (applied by readers).
    """

    media: MediaRef
    name: str
    width_px: int
    height_px: int
    n_frames: int
    rate: Fraction
    duration: Fraction
    variable_rate: bool
    bit_depth: int
    rotation_deg: int
    audio: AudioStream | None
