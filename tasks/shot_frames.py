"""The frames of a shot: plates at their times, and where each person's face lies in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from av_models.domain.edit import Shot
from av_models.domain.face import FaceProblem, FaceTrack
from av_models.domain.swap import FaceSwap
from av_models.io.decoded import NOWHERE, Box, Decoded, around
from tasks.plates import in_pixels
from tasks.workspace import store

if TYPE_CHECKING:
    from av_models.face.quality import Pose

__all__ = ["Absent", "Seen", "ShotFrame", "frame_format", "frame_reasons", "shot_frames"]

_SIDE_PX = 256
"""Of a crop, where only its place counts."""

SHORT_GAP_FRAMES = 5
"""A face that was missed for so few frames is where its neighbours say; one frame of the actor's own face would
flash."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One face in one frame. landmarks (68,2) px of the frame's plate; score 0..1.  sharpness: as `FaceTrack` has it,
    NaN where nobody looked.  filled: the tracker did not see it, its neighbours say where it is."""

    landmarks: np.ndarray
    score: float
    sharpness: float = float("nan")
    filled: bool = False

    @property
    def pose(self) -> Pose:
        from av_models.face.quality import head_pose

        return head_pose(self.landmarks)


@dataclass(frozen=True, slots=True)
class Absent:
    """No face of a person in a frame. there: the person is seen before and after it in the same shot, so that the own
    face is probably in the picture; otherwise nothing says that they are in it at all."""

    problem: FaceProblem
    there: bool


@dataclass(frozen=True, slots=True, eq=False)
class ShotFrame:
    """index: in the shot; below 0 and from its end on neighbours that are not shown.  time_s: of the footage.  filmed:
    which frame of the footage is shown, the nearest if it lies between two.  scene: number of the shot of the footage
    which that frame is of, from 0.  plate (H,W,3) uint8, or uint16 where the footage has more bits:
    what the faces can reach, or the whole picture.  shallow: the plate in 8 bits.  seen: a face for each of the
    shot's, None where there is none, and then `absent` says why.  reason: why the frame shows an own face of somebody
    who should have another, None if it does not: who is out of the picture, as in the other's shot, is not missed, but
    a frame without any face of the shot's says why, too.
    whole: the picture that the plate is a part of, and box: which; None if the plate is all there is."""

    index: int
    time_s: float
    filmed: int
    scene: int
    plate: np.ndarray
    shallow: np.ndarray
    seen: tuple[Seen | None, ...]
    absent: tuple[Absent | None, ...]
    reason: FaceProblem | None
    whole: Decoded | None
    box: Box


def shot_frames(shot: Shot) -> Iterator[ShotFrame]:
    """In order, the neighbours too. Between two frames of the footage the picture is interpolated, and so are the
    landmarks; but where the footage is cut between them, the nearer one is shown.

    Pictures that can be encoded as they were decoded become RGB only where the faces are: the rest stays as it was
    filmed, to the bit, and costs nothing.
    """
    from av_models.io.video import read_pairs_at
    from av_models.lips.between import nearly

    footage = shot.faces[0].track.footage
    people, interpolated = [_Person(face) for face in shot.faces], _Interpolated(footage.bit_depth > 8)
    filmed, times = _Filmed(people[0].arrays), (*shot.before_s, *shot.plate_s, *shot.after_s)
    pairs = read_pairs_at(store().path(footage.media), times)
    for index, (time, (before, after, position)) in enumerate(zip(times, pairs, strict=True), -len(shot.before_s)):
        shown_s, number, position = filmed.shown(float(time), position)
        seen = tuple(person.at(shown_s) for person in people)
        absent = tuple(one if isinstance(one, Absent) else None for one in seen)
        faces = tuple(one if isinstance(one, Seen) else None for one in seen)
        near = nearly(position)
        whole = None if near is None else (before, after)[near]
        if whole is not None and whole.stays(frame_format(footage.bit_depth)):
            reach = [person.reach(one) for person, one in zip(people, faces, strict=True) if one is not None]
            box = around(np.concatenate(reach), footage.width_px, footage.height_px) if reach else NOWHERE
            plate = whole.window(box, footage.bit_depth > 8)
        else:
            whole, box, plate = None, NOWHERE, interpolated(before, after, position)
        shown = tuple(one and replace(one, landmarks=one.landmarks - box[:2]) for one in faces)
        what = index, float(time), number, int(filmed.shot[number])
        yield ShotFrame(*what, plate, _shallow(plate), shown, absent, _reason(absent), whole, box)


def _reason(absent: tuple[Absent | None, ...]) -> FaceProblem | None:
    missing = [one for one in absent if one is not None]
    missed = [one for one in missing if one.there or len(missing) == len(absent)]
    return missed[0].problem if missed else None


def frame_format(bit_depth: int) -> str:
    """Of the pictures that a shot is kept in."""
    return "yuv420p10le" if bit_depth > 8 else "yuv420p"


class _Filmed:
    """Which frames of the footage lie at a time. shot (N,): see `FaceTrack`."""

    def __init__(self, arrays: dict[str, Any]) -> None:
        from av_models.face.shots import shot_of_frames

        self.time_s, self.shot = arrays["time_s"], shot_of_frames(arrays)

    def shown(self, time_s: float, position: float) -> tuple[float, int, float]:
        """position: of the time between two frames, 0..1 -> the time that is shown, the nearest frame, and the position
        that is shown. A mixture of two shots is never shown."""
        first = int(np.interp(time_s, self.time_s, np.arange(len(self.shot))) + 1e-6)
        second = min(first + 1, len(self.shot) - 1)
        nearest = second if position >= 0.5 else first
        if position and self.shot[first] != self.shot[second]:
            return float(self.time_s[nearest]), nearest, float(nearest == second)
        return time_s, nearest, position


class _Interpolated:
    """The picture between two. Slowed footage asks for the same two again and again: both are kept."""

    def __init__(self, deep: bool) -> None:
        self.deep = deep
        self.held: dict[Decoded, np.ndarray] = {}

    def __call__(self, before: Decoded, after: Decoded, position: float) -> np.ndarray:
        from av_models.lips.between import between

        self.held = {one: self.held[one] if one in self.held else one.rgb(self.deep) for one in (before, after)}
        return between(self.held[before], self.held[after], position)


class _Person:
    """Where one person's face is at any time of the footage, and how far what is done to it can reach."""

    def __init__(self, face: FaceSwap) -> None:
        from av_models.swap.head_warp import REACH

        self.beyond = REACH if face.match.reshape else 0.0
        self.arrays = store().arrays(face.track.data)
        self.reasons = frame_reasons(face.track)
        self.can = _swappable(self.arrays, self.reasons)
        look = store().arrays(face.match.data)
        self.template, self.place = look["template"], in_pixels(look["place"], _SIDE_PX)

    def reach(self, seen: Seen) -> np.ndarray:
        """(8,2) the corners of the crop that the network sees, and of the face that it paints with what moves round it,
        in the picture."""
        from av_models.face.warp import align_matrix, invert, transform

        back = invert(align_matrix(seen.landmarks, _SIDE_PX, self.template))
        corners = np.array([[x, y] for x in (-0.5, _SIDE_PX - 0.5) for y in (-0.5, _SIDE_PX - 0.5)])
        middle = (_SIDE_PX - 1) / 2
        painted = middle + (corners - middle) * (1 + 2 * self.beyond)
        return np.concatenate([transform(corners, back), transform(transform(painted, self.place), back)])

    def at(self, time_s: float) -> Seen | Absent:
        """The face, or the reason why there is none."""
        at = np.interp(time_s, self.arrays["time_s"], np.arange(len(self.can)))
        first, second = int(np.floor(at + 1e-6)), min(int(np.ceil(at - 1e-6)), len(self.can) - 1)
        if not (self.can[first] and self.can[second]):
            row = second if self.can[first] else first
            there = bool(np.isfinite(self.arrays["landmarks"][row]).all())
            return Absent(self.reasons[row] or FaceProblem.NO_FACE, there)
        share = min(max(float(at) - first, 0.0), 1.0)
        landmarks = self.arrays["landmarks"]
        points = landmarks[first] * (1 - share) + landmarks[second] * share
        sharpness = float(self.arrays["sharpness"][first]) if "sharpness" in self.arrays else float("nan")
        filled = "filled" in self.arrays and bool(self.arrays["filled"][first])
        return Seen(points, float(np.clip(self.arrays["score"][first], 0, 1)), sharpness, filled)


def _shallow(plate: np.ndarray) -> np.ndarray:
    import cv2

    if plate.dtype == np.uint8:
        return plate
    return np.asarray(cv2.convertScaleAbs(plate, alpha=1 / 257))


def frame_reasons(track: FaceTrack) -> list[FaceProblem | None]:
    """For every frame of the footage why it is not usable, None if it is."""
    reasons: list[FaceProblem | None] = [None] * track.footage.n_frames
    for problem in track.problems:
        reasons[problem.first : problem.last + 1] = [problem.reason] * (problem.last - problem.first + 1)
    return reasons


def _swappable(arrays: dict[str, Any], reasons: list[FaceProblem | None]) -> np.ndarray:
    """(N,) bool: a face is where the landmarks are. Turned or blurred faces are swapped too, other people's never."""
    finite = np.isfinite(arrays["landmarks"]).all((1, 2))
    can = finite & np.array([reason not in (FaceProblem.NO_FACE, FaceProblem.OTHER_PERSON) for reason in reasons])
    missed = np.array([reason is FaceProblem.NO_FACE for reason in reasons]) & finite
    edges = np.flatnonzero(np.diff(np.concatenate([[False], missed, [False]]).astype(int)))
    for first, end in edges.reshape(-1, 2):
        if end - first <= SHORT_GAP_FRAMES:
            can[first:end] = True
    return can
