"""The frames of a shot: plates at their times, and where each person's face lies in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from av_models.domain.edit import Shot
from av_models.domain.face import FaceProblem, FaceTrack
from tasks.workspace import store

__all__ = ["Seen", "ShotFrame", "frame_reasons", "shot_frames"]

SHORT_GAP_FRAMES = 5
"""A face that was missed for so few frames is where its neighbours say; one frame of the actor's own face would
flash."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One face in one frame. landmarks (68,2) px; score 0..1."""

    landmarks: np.ndarray
    score: float


@dataclass(frozen=True, slots=True)
class ShotFrame:
    """index: in the shot.  time_s: of the footage.  plate (H,W,3) uint8, or uint16 where the footage has more bits.
    shallow: the plate in 8 bits.  seen: a face for each of the shot's, None where there is none.  reason: why not, of
    the first that is missing."""

    index: int
    time_s: float
    plate: np.ndarray
    shallow: np.ndarray
    seen: tuple[Seen | None, ...]
    reason: FaceProblem | None


def shot_frames(shot: Shot) -> Iterator[ShotFrame]:
    """In order. Between two frames of the footage the picture is interpolated, and so are the landmarks."""
    from av_models.io.video import read_pairs_at
    from av_models.lips.between import between

    footage = shot.faces[0].track.footage
    people = [_Person(face.track) for face in shot.faces]
    many_bits = footage.bit_depth > 8
    pairs = read_pairs_at(store().path(footage.media), shot.plate_s, many_bits)
    for index, (time, (before, after, position)) in enumerate(zip(shot.plate_s, pairs, strict=True)):
        plate = between(before, after, position)
        shallow = _shallow(plate) if many_bits else plate
        seen = tuple(person.at(float(time)) for person in people)
        reasons = [one for one in seen if isinstance(one, FaceProblem)]
        faces = tuple(one if isinstance(one, Seen) else None for one in seen)
        yield ShotFrame(index, float(time), plate, shallow, faces, reasons[0] if reasons else None)


class _Person:
    """Where one person's face is at any time of the footage."""

    def __init__(self, track: FaceTrack) -> None:
        self.arrays = store().arrays(track.data)
        self.reasons = frame_reasons(track)
        self.can = _swappable(self.arrays, self.reasons)

    def at(self, time_s: float) -> Seen | FaceProblem:
        """The face, or the reason why there is none."""
        at = np.interp(time_s, self.arrays["time_s"], np.arange(len(self.can)))
        first, second = int(np.floor(at + 1e-6)), min(int(np.ceil(at - 1e-6)), len(self.can) - 1)
        if not (self.can[first] and self.can[second]):
            return self.reasons[second if self.can[first] else first] or FaceProblem.NO_FACE
        share = min(max(float(at) - first, 0.0), 1.0)
        landmarks = self.arrays["landmarks"]
        points = landmarks[first] * (1 - share) + landmarks[second] * share
        return Seen(points, float(np.clip(self.arrays["score"][first], 0, 1)))


def _shallow(deep: np.ndarray) -> np.ndarray:
    import cv2

    return np.asarray(cv2.convertScaleAbs(deep, alpha=1 / 257))


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
