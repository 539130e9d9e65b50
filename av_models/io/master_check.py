"""A finished master looked at from outside: its colour tags in both places, and its edit read back."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

from av_models.domain.edit import Timeline

from .container import main_picture_stream, open_media
from .timeline import otio_bytes

__all__ = ["bt709_in_container", "bt709_in_stream", "reopens_equal"]

_BT709 = 1
_LIMITED = 1
_BOX_SEARCHED_BYTES = 1 << 22


def bt709_in_stream(path: Path) -> bool:
    """Primaries, transfer, matrix and limited range, as the coded picture says."""
    with open_media(path) as container:
        coded = main_picture_stream(container, path).codec_context
        tags = (coded.color_primaries, coded.color_trc, coded.colorspace)
        return all(int(tag) == _BT709 for tag in tags) and int(coded.color_range) == _LIMITED


def bt709_in_container(path: Path) -> bool:
    """Primaries, transfer and matrix in the 'colr' box of an MP4 or MOV file; 'nclx' says the range, too."""
    with path.open("rb") as file:
        head = file.read(_BOX_SEARCHED_BYTES)
    at = head.find(b"colr")
    if at < 0:
        return False
    kind, tags = head[at + 4 : at + 8], struct.unpack(">3H", head[at + 8 : at + 14])
    limited = kind != b"nclx" or not head[at + 14] & 0x80
    return kind in (b"nclx", b"nclc") and tags == (_BT709,) * 3 and limited


def reopens_equal(timeline: Timeline) -> bool:
    """Whether its OTIO, opened and saved again, is the same, with every shot where the edit has it."""
    import opentimelineio as otio

    written = otio_bytes(timeline, "master.mp4").decode()
    opened = otio.adapters.read_from_string(written, "otio_json")
    again = otio.adapters.read_from_string(otio.adapters.write_to_string(opened, "otio_json"), "otio_json")
    track = next(track for track in again.tracks if track.name == "Master")
    shots = [(clip.source_range.start_time, clip.source_range.duration) for clip in track.find_clips()]
    rate = float(timeline.rate)
    found = [(Fraction(start.value), Fraction(length.value), start.rate) for start, length in shots]
    wanted = [(one.first_frame, one.n_frames, rate) for one in timeline.placements]
    return opened.is_equivalent_to(again) and [(a, b, r) for a, b, r in found] == wanted
