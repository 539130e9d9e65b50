"""Everybody's lips in a clip of which nothing is known: who is in it, and where one person's run of frames ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .witness import Box, Face, Looker, PictureLike, Rgb, overlap

__all__ = ["Run", "follow_everybody"]

Floats = NDArray[np.floating]

_SEARCH_EVERY = 25
_LEAST_OVERLAP = 0.3
_LEAST_FRAMES = 12
_PATIENCE = 5
_MOST_FACES = 6


@dataclass(slots=True, eq=False)
class Run:
    """One face for as long as it stays where it was. frames: rising.  landmarks: (68, 2) px each.  boxes: px."""

    frames: list[int] = field(default_factory=list)
    landmarks: list[Floats] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)

    def add(self, frame: int, face: Face) -> None:
        self.frames.append(frame)
        self.boxes.append(face[0])
        self.landmarks.append(face[1])


def follow_everybody(pictures: Iterable[PictureLike], looker: Looker) -> Iterator[Run | int]:
    """Every run of at least 12 frames when it ends, and between them the number of each picture that was looked at.

    The picture is searched as a whole every 25 frames, and whenever a face is lost; up to six faces are followed.
    """
    alive: list[Run] = []
    for picture in pictures:
        n_before = len(alive)
        seen = [run for run in alive if _go_on(run, picture.index, picture.rgb, looker)]
        if not alive or picture.index % _SEARCH_EVERY == 0 or len(seen) < n_before:
            alive += _newcomers(alive, picture.index, picture.rgb, looker)
        for run in [run for run in alive if picture.index - run.frames[-1] > _PATIENCE]:
            alive.remove(run)
            if len(run.frames) >= _LEAST_FRAMES:
                yield run
        yield picture.index
    yield from (run for run in alive if len(run.frames) >= _LEAST_FRAMES)


def _go_on(run: Run, frame: int, rgb: Rgb, looker: Looker) -> bool:
    face = looker.near(rgb, run.boxes[-1])
    if face is None or _share(face[0], run.boxes[-1]) < _LEAST_OVERLAP:
        return False
    run.add(frame, face)
    return True


def _newcomers(alive: list[Run], frame: int, rgb: Rgb, looker: Looker) -> list[Run]:
    found: list[Run] = []
    for face in looker.anywhere(rgb):
        known = any(_share(face[0], run.boxes[-1]) >= _LEAST_OVERLAP for run in (*alive, *found))
        if not known and len(alive) + len(found) < _MOST_FACES:
            run = Run()
            run.add(frame, face)
            found.append(run)
    return found


def _share(a: Box, b: Box) -> float:
    """Intersection over union."""
    both = overlap(a, b)
    whole = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both
    return both / whole if whole > 0 else 0.0
