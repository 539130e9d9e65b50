"""Frames of a swap that are worth a look, each with its reason and a thumbnail; and what a compositor gets."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from av_models.domain.edit import Shot, SwappedClip
from av_models.domain.media import MediaRef
from av_models.domain.swap import Doubt, DoubtRange
from tasks.artifacts import MOST_PICTURE_BYTES, inline_picture, show_markdown, show_table
from tasks.frame_figures import write_frames
from tasks.painting import Finished
from tasks.progress import announce
from tasks.workspace import store

__all__ = ["Doubtful", "deliver_doubtful", "delivered_patches", "frames_to_look_at", "more_to_look_at"]

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
    person: int


class Doubtful:
    """Collects them while a shot is made, of every person; the least sure MOST_RANGES ranges are kept."""

    def __init__(self, shot: Shot) -> None:
        self._people = [face.track.person for face in shot.faces]
        self._ranges: list[_Range] = []

    @property
    def n_more(self) -> int:
        """Ranges that are not kept."""
        return max(0, len(self._ranges) - MOST_RANGES)

    def see(self, one: Finished) -> None:
        for seen, signs, person in zip(one.frame.seen, one.signs, self._people, strict=True):
            doubt = signs.doubt() if signs is not None else None
            if seen is not None and signs is not None and doubt is not None:
                self._note(one, doubt, signs.confidence(), seen.landmarks, person)

    def _note(self, one: Finished, doubt: Doubt, confidence: float, landmarks: np.ndarray, person: int) -> None:
        index, last = one.frame.index, next((held for held in reversed(self._ranges) if held.person == person), None)
        if last is None or last.doubt is not doubt or index - last.last > GAP_FRAMES:
            thumbnail = _thumbnail(one.picture, landmarks)
            self._ranges.append(_Range(index, index, doubt, confidence, thumbnail, person))
            return
        last.last = index
        if confidence < last.confidence:
            last.confidence, last.thumbnail = confidence, _thumbnail(one.picture, landmarks)

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
                one.person,
            )
            for one in sorted(worst, key=lambda one: (one.first, one.person))
        )


def frames_to_look_at(clips: Sequence[SwappedClip]) -> tuple[DoubtRange, ...]:
    """Of all clips, counted through the programme."""
    found: list[DoubtRange] = []
    start = 0
    for clip in clips:
        found += [replace(one, first=start + one.first, last=start + one.last) for one in clip.doubtful]
        start += clip.n_frames
    return tuple(found)


def more_to_look_at(clips: Sequence[SwappedClip]) -> int:
    """How many more ranges there are than `frames_to_look_at` names, all of them surer than those of their shot."""
    return sum(clip.n_more_doubtful for clip in clips)


def deliver_doubtful(folder: Path, clips: Sequence[SwappedClip]) -> None:
    """look-FRAME.jpg for every place to look at, frames.csv with the figures of every face, patches-NNN.zip for every
    shot that has them; shown in Prefect."""
    folder.mkdir(parents=True, exist_ok=True)
    ranges, n_more = frames_to_look_at(clips), more_to_look_at(clips)
    for one in ranges:
        shutil.copyfile(store().path(one.thumbnail), folder / one.picture_name)
    write_frames(folder, clips)
    for ref, place in delivered_patches(folder, clips):
        shutil.copyfile(store().path(ref), place)
    if ranges:
        more = f" and {n_more} more, which are surer, see frames.csv" if n_more else ""
        announce("look at", f"{len(ranges)} places{more}: {', '.join(sorted({str(one.doubt) for one in ranges}))}")
        _show(ranges, n_more)


def delivered_patches(folder: Path, clips: Sequence[SwappedClip]) -> list[tuple[MediaRef, Path]]:
    """The files for compositors, and where in `folder` they lie: they are somebody's face, and the audit log names
    them."""
    shots = enumerate((clip.patches for clip in clips), start=1)
    return [(ref, folder / f"patches-{number:03d}.zip") for number, ref in shots if ref is not None]


def _show(ranges: Sequence[DoubtRange], n_more: int) -> None:
    """The worst ones as pictures, all of them as a table; artifacts are capped in size."""
    rows = [
        {"frames": f"{one.first} to {one.last}", "person": one.person, "why": str(one.doubt)}
        | {"confidence": one.confidence}
        for one in ranges
    ]
    more = f"; {n_more} more, which are surer, are in frames.csv" if n_more else ""
    show_table("frames-to-look-at", rows, f"Frames to look at{more}")
    worst = sorted(ranges, key=lambda one: one.confidence)[:MOST_SHOWN]
    pictures = [
        f"{inline_picture(store().read_bytes(one.thumbnail), str(one.doubt), MOST_PICTURE_BYTES // MOST_SHOWN)}\n\n"
        f"frame {one.first}: {one.doubt} ({one.confidence})"
        for one in worst
    ]
    show_markdown("look-at", "\n\n".join(pictures), "The frames that are least sure")


def _thumbnail(picture: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The face of landmarks (68,2) with some room round it, in 8 bits."""
    import cv2

    low, high = points.min(0), points.max(0)
    half = 0.75 * float((high - low).max())
    middle = (low + high) / 2
    left, top = np.maximum(middle - half, 0).astype(int)
    right, bottom = np.maximum(middle + half, (left + 8, top + 8)).astype(int)
    part = picture[top:bottom, left:right]
    if part.dtype != np.uint8:
        part = (part >> 8).astype(np.uint8)
    scale = THUMBNAIL_PX / max(part.shape[:2])
    return np.asarray(cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
