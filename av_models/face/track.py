"""Follow everybody through a footage in one pass: where each face is in every frame, or why it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from av_models.domain.face import FaceProblem, ProblemRange, problem_ranges

from .backend import FaceBackend
from .behind import from_what_is_seen
from .hidden import what_is_hidden
from .lip_reader import with_lips_as_read
from .people import Person, group_people, lasting, nearest
from .quality import MOST_HIDDEN, face_problem, poses
from .shots import ShotCuts
from .smooth import smooth
from .thumbnails import PictureAlbum, Thumbnail
from .tracklets import Follower

__all__ = ["Followed", "PictureLike", "follow", "follow_people"]

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
    """One person. arrays: as `FaceTrack.data` describes.

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
    """One person of `follow_people`: nearest to `identity` (D,), if near enough; without it who is seen most."""
    view = _looked_at(pictures, backend, detect_every, on_progress)
    if identity is None:
        return view.followed(view.people[0] if view.people else None)
    near = nearest([person.identity for person in view.people], identity, backend.same_person)
    return view.followed(None if near is None else view.people[near])


def follow_people(
    pictures: Iterable[PictureLike],
    backend: FaceBackend,
    *,
    detect_every: int = 5,
    on_progress: Callable[[int], None] | None = None,
) -> tuple[Followed, ...]:
    """Track every face and say of each person and frame whether it can be used. Who is seen most comes first.

    pictures: in order, all of the footage; a few at a time are held.  detect_every: frames between full searches,
    twice as many where all is calm; in between faces are followed and looked for again only in doubt. 1: every
    picture is searched, its faces fitted and recognised, as if it were the first.
    on_progress: called with the number of frames done.
    Returns at least one: without any face, one whose identity is empty.
    """
    view = _looked_at(pictures, backend, detect_every, on_progress)
    return tuple(view.followed(person) for person in view.people) or (view.followed(None),)


def _looked_at(
    pictures: Iterable[PictureLike],
    backend: FaceBackend,
    detect_every: int,
    on_progress: Callable[[int], None] | None,
) -> _View:
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
    people = lasting(group_people(follower.tracklets, backend.same_person), len(times))
    shot = np.searchsorted(shot_starts, np.arange(len(times)), side="right")
    return _View(times, shot, people, tuple(album.kept))


@dataclass(frozen=True, slots=True)
class _View:
    """What all people of one footage share. shot: (N,) number of each frame's shot, from 1."""

    times: list[float]
    shot: NDArray[np.intp]
    people: list[Person]
    pictures: tuple[Thumbnail, ...]

    def followed(self, chosen: Person | None) -> Followed:
        measured = _Measured.of(len(self.times), self.people, chosen)
        steady = _steady(with_lips_as_read(measured.raw, measured.gap), self.shot)
        usable = np.array([reason is None for reason in measured.reasons], bool)
        arrays: dict[str, NDArray[Any]] = {
            "time_s": np.array(self.times, np.float64),
            "shot": (self.shot - 1).astype(np.int32),
            "usable": usable,
            "filled": ~_seen(measured.raw) & _seen(steady),
            "box": np.concatenate([steady.min(axis=1), steady.max(axis=1)], axis=1).astype(np.float32),
            "landmarks": steady.astype(np.float32),
            "landmarks_raw": _filled(measured.raw, self.shot).astype(np.float32),
            "score": measured.score,
            "sharpness": measured.sharpness,
            "hidden": measured.hidden,
            **poses(np.where(_seen(measured.raw)[:, None, None], steady, np.nan)),
        }
        faces = [face for tracklet in (chosen.tracklets if chosen else ()) for face in tracklet.album.kept]
        return Followed(
            arrays=arrays,
            identity=chosen.identity if chosen else np.zeros(0),
            n_people=len(self.people),
            n_usable=int(usable.sum()),
            problems=problem_ranges(measured.reasons),
            faces=tuple(sorted(faces, key=lambda face: face.frame)),
            pictures=self.pictures,
        )


@dataclass(frozen=True, slots=True)
class _Measured:
    """raw (N, 68, 2), gap, score, sharpness and hidden (N,), NaN (score: 0) where the person was not seen; and reasons.

    gap: see `lip_reader.read_gaps`; NaN, too, where something is in front of the face: it would be read as lips.
    """

    raw: Floats
    gap: Floats
    score: NDArray[np.float32]
    sharpness: NDArray[np.float32]
    hidden: NDArray[np.float32]
    reasons: list[FaceProblem | None]

    @classmethod
    def of(cls, n: int, people: list[Person], chosen: Person | None) -> _Measured:
        tracklets = chosen.tracklets if chosen else []
        score, sharpness = np.zeros(n, np.float32), np.full(n, np.nan, np.float32)
        raw, gap, hidden = np.full((n, 68, 2), np.nan), np.full(n, np.nan), what_is_hidden(tracklets, n)
        reasons: list[FaceProblem | None] = [FaceProblem.NO_FACE] * n
        for frame in {frame for person in people for frame in person.frames}:
            reasons[frame] = FaceProblem.OTHER_PERSON
        for tracklet in tracklets:
            tracklet.read_lips()
            gap[tracklet.frames] = tracklet.gaps
            rows = zip(tracklet.frames, tracklet.landmarks, tracklet.scores, tracklet.sharpness, strict=True)
            for frame, points, confidence, sharp in rows:
                raw[frame], score[frame], sharpness[frame] = points, confidence, sharp
                reasons[frame] = face_problem(points, sharp, float(hidden.share[frame]))
        gap[hidden.share > MOST_HIDDEN] = np.nan
        return cls(from_what_is_seen(raw, hidden.points), gap, score, sharpness, hidden.share, reasons)


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
