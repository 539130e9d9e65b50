"""Follow one person through a footage in one pass: where the face is in every frame, or why it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from av_models.domain.face import FaceProblem, ProblemRange

from .backend import FaceBackend
from .people import Person, choose, count_people, group_people
from .quality import face_problem
from .shots import ShotCuts
from .smooth import smooth
from .thumbnails import PictureAlbum, Thumbnail
from .tracklets import Follower

__all__ = ["Followed", "PictureLike", "follow"]

Floats = NDArray[np.floating[Any]]
Rgb = NDArray[np.uint8]


class PictureLike(Protocol):
    """A decoded frame. index: from 0.  time: seconds.  rgb: (H, W, 3) uint8."""

    @property
    def index(self) -> int: ...
    @property
    def time(self) -> Fraction: ...
    @property
    def rgb(self) -> Rgb: ...


@dataclass(frozen=True, slots=True)
class Followed:
    """arrays: as `FaceTrack.data` describes; frames with a small, turned or blurred face keep their measured landmarks.

    identity: (D,) mean descriptor of the chosen person, (0,) if there is none.  problems: every frame that is not
    usable, in order.  faces: upright thumbnails of the chosen person.  pictures: thumbnails of whole frames.
    """

    arrays: dict[str, NDArray[Any]]
    identity: Floats
    n_people: int
    n_usable: int
    problems: tuple[ProblemRange, ...]
    faces: tuple[Thumbnail, ...]
    pictures: tuple[Thumbnail, ...]


def follow(
    pictures: Iterable[PictureLike],
    backend: FaceBackend,
    *,
    identity: Floats | None = None,
    detect_every: int = 5,
    on_progress: Callable[[int], None] | None = None,
) -> Followed:
    """Track every face, choose one person and say of each frame whether it can be used.

    pictures: in order, all of the footage; a few at a time are held.  identity: descriptor (D,) of the person wanted;
    without it whoever is seen most.  detect_every: frames between full searches; in between faces are followed and
    looked for again only in doubt.  on_progress: called with the number of frames done.
    """
    follower, cuts, album = Follower(backend, detect_every), ShotCuts(), PictureAlbum()
    times: list[float] = []
    shot_starts: list[int] = []
    for frame, picture in enumerate(pictures):
        times.append(float(picture.time))
        n_live, is_cut = follower.n_live, cuts.is_cut(picture.rgb)
        if is_cut:
            shot_starts.append(frame)
        follower.step(frame, picture.rgb, new_shot=is_cut)
        album.offer(frame, picture.rgb, wanted=follower.n_live != n_live)
        if on_progress:
            on_progress(frame + 1)
    people = group_people(follower.tracklets, backend.same_person)
    chosen = choose(people, identity, backend.same_person)
    return _followed(times, shot_starts, people, chosen, tuple(album.kept))


def _followed(
    times: list[float],
    shot_starts: list[int],
    people: list[Person],
    chosen: Person | None,
    pictures: tuple[Thumbnail, ...],
) -> Followed:
    n = len(times)
    raw, score, reasons = _measured(n, people, chosen)
    shot = np.searchsorted(shot_starts, np.arange(n), side="right")
    steady = _steady(raw, shot)
    usable = np.array([reason is None for reason in reasons], bool)
    arrays = {
        "time_s": np.array(times, np.float64),
        "usable": usable,
        "box": np.concatenate([steady.min(axis=1), steady.max(axis=1)], axis=1).astype(np.float32),
        "landmarks": steady.astype(np.float32),
        "landmarks_raw": _filled(raw, shot).astype(np.float32),
        "score": score,
    }
    faces = [face for tracklet in (chosen.tracklets if chosen else ()) for face in tracklet.album.kept]
    return Followed(
        arrays=arrays,
        identity=chosen.identity if chosen else np.zeros(0),
        n_people=count_people(people),
        n_usable=int(usable.sum()),
        problems=_ranges(reasons),
        faces=tuple(sorted(faces, key=lambda face: face.frame)),
        pictures=pictures,
    )


def _measured(
    n: int, people: list[Person], chosen: Person | None
) -> tuple[Floats, NDArray[np.float32], list[FaceProblem | None]]:
    """Landmarks (N, 68, 2) with NaN where the chosen person was not seen, scores (N,) and the reason of each frame."""
    raw = np.full((n, 68, 2), np.nan)
    score = np.zeros(n, np.float32)
    reasons: list[FaceProblem | None] = [FaceProblem.NO_FACE] * n
    for person in people:
        for frame in person.frames:
            reasons[frame] = FaceProblem.OTHER_PERSON
    for tracklet in chosen.tracklets if chosen else ():
        rows = zip(tracklet.frames, tracklet.landmarks, tracklet.scores, tracklet.sharpness, strict=True)
        for frame, points, confidence, sharp in rows:
            raw[frame], score[frame] = points, confidence
            reasons[frame] = face_problem(points, sharp)
    return raw, score, reasons


def _steady(raw: Floats, shot: NDArray[np.intp]) -> Floats:
    """Smoothed over every run of frames with a face in one shot; short gaps filled."""
    steady = raw.copy()
    for first, end in _runs(_seen(raw), shot):
        steady[first:end] = smooth(raw[first:end])
    return _filled(steady, shot)


def _seen(points: Floats) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(points).all(axis=(1, 2)), np.bool_)


def _runs(seen: NDArray[np.bool_], shot: NDArray[np.intp]) -> list[tuple[int, int]]:
    """Stretches (first, end) of seen frames within one shot."""
    runs: list[tuple[int, int]] = []
    for frame in np.flatnonzero(seen):
        if runs and runs[-1][1] == frame and shot[frame] == shot[frame - 1]:
            runs[-1] = (runs[-1][0], int(frame) + 1)
        else:
            runs.append((int(frame), int(frame) + 1))
    return runs


def _filled(points: Floats, shot: NDArray[np.intp]) -> Floats:
    """Straight lines through gaps that have a seen frame on both sides in the same shot."""
    filled = points.copy()
    seen = np.flatnonzero(_seen(points))
    for before, after in pairwise(seen):
        if after - before > 1 and shot[before] == shot[after]:
            share = ((np.arange(before + 1, after) - before) / (after - before))[:, None, None]
            filled[before + 1 : after] = (1 - share) * points[before] + share * points[after]
    return filled


def _ranges(reasons: list[FaceProblem | None]) -> tuple[ProblemRange, ...]:
    ranges: list[ProblemRange] = []
    for frame, reason in enumerate(reasons):
        if reason is None:
            continue
        if ranges and ranges[-1].last == frame - 1 and ranges[-1].reason is reason:
            ranges[-1] = ProblemRange(ranges[-1].first, frame, reason)
        else:
            ranges.append(ProblemRange(frame, frame, reason))
    return tuple(ranges)
