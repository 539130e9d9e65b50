"""Frames of a swap that are worth a look, each with its reason and a thumbnail; and what a compositor gets."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from av_models.domain.edit import SwappedClip
from av_models.domain.media import MediaRef
from av_models.domain.swap import Doubt, DoubtRange
from tasks.artifacts import MOST_PICTURE_BYTES, inline_picture, show_markdown, show_table
from tasks.painting import Finished
from tasks.progress import announce
from tasks.workspace import store

__all__ = ["Doubtful", "deliver_doubtful", "delivered_patches", "frames_to_look_at"]

GAP_FRAMES = 3
"""Ranges of one doubt that lie closer are one: nobody wants to look twice."""

MOST_RANGES = 8
MOST_SHOWN = 8
THUMBNAIL_PX = 192


@dataclass(slots=True)
class _Range:
    first: int
    last: int
    doubt: Doubt
    confidence: float
    thumbnail: np.ndarray


class Doubtful:
    """Collects them while a shot is made; the least sure MOST_RANGES ranges are kept."""

    def __init__(self) -> None:
        self._ranges: list[_Range] = []

    def see(self, one: Finished) -> None:
        if one.doubt is None:
            return
        index, last = one.frame.index, self._ranges[-1] if self._ranges else None
        if last is None or last.doubt is not one.doubt or index - last.last > GAP_FRAMES:
            self._ranges.append(_Range(index, index, one.doubt, one.confidence, _thumbnail(one)))
            return
        last.last = index
        if one.confidence < last.confidence:
            last.confidence, last.thumbnail = one.confidence, _thumbnail(one)

    def ranges(self) -> tuple[DoubtRange, ...]:
        """In the order of the frames."""
        from av_models.io.preview import encode_jpeg

        worst = sorted(self._ranges, key=lambda one: one.confidence)[:MOST_RANGES]
        return tuple(
            DoubtRange(
                one.first,
                one.last,
                one.doubt,
                round(one.confidence, 3),
                store().put_bytes(encode_jpeg(one.thumbnail), ".jpg"),
            )
            for one in sorted(worst, key=lambda one: one.first)
        )


def frames_to_look_at(clips: Sequence[SwappedClip]) -> tuple[DoubtRange, ...]:
    """Of all clips, counted through the programme."""
    found: list[DoubtRange] = []
    start = 0
    for clip in clips:
        found += [replace(one, first=start + one.first, last=start + one.last) for one in clip.doubtful]
        start += clip.n_frames
    return tuple(found)


def deliver_doubtful(folder: Path, clips: Sequence[SwappedClip]) -> None:
    """look-FRAME.jpg for every place to look at, patches-NNN.zip for every shot that has them; shown in Prefect."""
    folder.mkdir(parents=True, exist_ok=True)
    ranges = frames_to_look_at(clips)
    for one in ranges:
        shutil.copyfile(store().path(one.thumbnail), folder / f"look-{one.first:06d}.jpg")
    for ref, place in delivered_patches(folder, clips):
        shutil.copyfile(store().path(ref), place)
    if ranges:
        announce("look at", f"{len(ranges)} places: {', '.join(sorted({str(one.doubt) for one in ranges}))}")
        _show(ranges)


def delivered_patches(folder: Path, clips: Sequence[SwappedClip]) -> list[tuple[MediaRef, Path]]:
    """The files for compositors, and where in `folder` they lie: they are somebody's face, and the audit log names
    them."""
    shots = enumerate((clip.patches for clip in clips), start=1)
    return [(ref, folder / f"patches-{number:03d}.zip") for number, ref in shots if ref is not None]


def _show(ranges: Sequence[DoubtRange]) -> None:
    """The worst ones as pictures, all of them as a table; artifacts are capped in size."""
    rows = [
        {"frames": f"{one.first} to {one.last}", "why": str(one.doubt), "confidence": one.confidence} for one in ranges
    ]
    show_table("frames-to-look-at", rows, "Frames to look at")
    worst = sorted(ranges, key=lambda one: one.confidence)[:MOST_SHOWN]
    pictures = [
        f"{inline_picture(store().read_bytes(one.thumbnail), str(one.doubt), MOST_PICTURE_BYTES // MOST_SHOWN)}\n\n"
        f"frame {one.first}: {one.doubt} ({one.confidence})"
        for one in worst
    ]
    show_markdown("look-at", "\n\n".join(pictures), "The frames that are least sure")


def _thumbnail(one: Finished) -> np.ndarray:
    """The faces with some room round them, in 8 bits."""
    import cv2

    points = np.concatenate([seen.landmarks for seen in one.frame.seen if seen is not None])
    low, high = points.min(0), points.max(0)
    half = 0.75 * float((high - low).max())
    middle = (low + high) / 2
    left, top = np.maximum(middle - half, 0).astype(int)
    right, bottom = np.maximum(middle + half, (left + 8, top + 8)).astype(int)
    part = one.picture[top:bottom, left:right]
    if part.dtype != np.uint8:
        part = (part >> 8).astype(np.uint8)
    scale = THUMBNAIL_PX / max(part.shape[:2])
    return np.asarray(cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
