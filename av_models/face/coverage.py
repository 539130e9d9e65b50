"""What a clip shows of a person, told before anyone trains: turns, nods, lips, lids, size, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .quality import poses

__all__ = ["MOUTH_EDGES", "PITCH_EDGES", "YAW_EDGES", "Coverage", "coverage"]

Floats = NDArray[np.floating[Any]]

YAW_EDGES = tuple(float(deg) for deg in range(-45, 50, 10))
PITCH_EDGES = tuple(float(deg) for deg in range(-25, 30, 10))
MOUTH_EDGES = tuple(round(0.05 * step, 2) for step in range(17))

_OPEN, _CLOSED = 0.25, 0.08
_TURNED_DEG, _NODDED_DEG = 15.0, 8.0
_LIDS_SHUT = 0.6
"""Of the usual height of the eyes: what dlib's landmarks make of shut lids, which they follow half-way."""

_ENOUGH, _A_FEW = 0.05, 0.005
_SMALL_PX = 128.0
_LEAST_FACES = 375
"""15 seconds at 25 frames a second."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a track shows of a person: 5th and 95th percentile of the turn in degrees, shares 0..1 of usable frames.

    pitch: from the person's own middle.  share_left, share_right: turned by more than 15 degrees towards the picture's
    left and right.  share_up, share_down: nodded by more than 8.  map: faces (rows of PITCH_EDGES, columns of
    YAW_EDGES).  mouth: faces by height of the opening over its width, between MOUTH_EDGES.
    """

    n_faces: int
    yaw_deg: tuple[float, float] = (0.0, 0.0)
    pitch_deg: tuple[float, float] = (0.0, 0.0)
    face_height_px: float = 0.0
    share_mouth_open: float = 0.0
    share_mouth_closed: float = 0.0
    share_left: float = 0.0
    share_right: float = 0.0
    share_up: float = 0.0
    share_down: float = 0.0
    share_lids_shut: float = 0.0
    map: tuple[tuple[int, ...], ...] = ()
    mouth: tuple[int, ...] = ()

    def __str__(self) -> str:
        if not self.n_faces:
            return "no usable face"
        return (
            f"{self.n_faces} faces of about {self.face_height_px:.0f} px, "
            f"turned {self.yaw_deg[0]:+.0f} to {self.yaw_deg[1]:+.0f} degrees, "
            f"nodding {self.pitch_deg[0]:+.0f} to {self.pitch_deg[1]:+.0f}, "
            f"mouth open in {self.share_mouth_open:.0%}, closed in {self.share_mouth_closed:.0%}"
        )

    @property
    def lacks(self) -> tuple[str, ...]:
        """What a model trained on this will not have seen, a clause each; empty where nothing is missing."""
        if not self.n_faces:
            return ("no usable face",)
        sides = (
            ("turn to the picture's left", self.share_left),
            ("turn to the picture's right", self.share_right),
            ("upward look", self.share_up),
            ("downward look", self.share_down),
        )
        found = [_rare(name, share) for name, share in sides]
        found.append(_rare("open mouth", self.share_mouth_open))
        found.append(_rare("closed mouth", self.share_mouth_closed))
        found.append(f"no shut lids in {self.n_faces} faces" if self.share_lids_shut == 0 else "")
        if self.face_height_px < _SMALL_PX:
            found.append(f"small: {self.face_height_px:.0f} px from brow to chin, {_SMALL_PX:.0f} and more are better")
        if self.n_faces < _LEAST_FACES:
            found.append(f"short: {self.n_faces} usable faces, {_LEAST_FACES} and more are better")
        return tuple(one for one in found if one)


def coverage(track: Mapping[str, NDArray[Any]]) -> Coverage:
    """Summary of the usable frames. track: arrays as `FaceTrack.data` describes, `usable` and `landmarks` of them."""
    landmarks = track["landmarks"][track["usable"]].astype(np.float64)
    if not len(landmarks):
        return Coverage(0)
    pose = poses(landmarks)
    yaw, pitch = pose["yaw_deg"], pose["pitch_deg"] - np.median(pose["pitch_deg"])
    gap = _over(landmarks, (62, 66), (60, 64))
    lids = (_over(landmarks, (37, 41), (36, 39)) + _over(landmarks, (44, 46), (42, 45))) / 2
    seen = np.histogram2d(_within(pitch, PITCH_EDGES), _within(yaw, YAW_EDGES), bins=(PITCH_EDGES, YAW_EDGES))[0]
    return Coverage(
        n_faces=len(landmarks),
        yaw_deg=_span(yaw),
        pitch_deg=_span(pitch),
        face_height_px=float(np.median(pose["face_px"])),
        share_mouth_open=float((gap > _OPEN).mean()),
        share_mouth_closed=float((gap < _CLOSED).mean()),
        share_left=float((yaw < -_TURNED_DEG).mean()),
        share_right=float((yaw > _TURNED_DEG).mean()),
        share_up=float((pitch < -_NODDED_DEG).mean()),
        share_down=float((pitch > _NODDED_DEG).mean()),
        share_lids_shut=float((lids < _LIDS_SHUT * np.median(lids)).mean()),
        map=tuple(tuple(int(n) for n in row) for row in seen),
        mouth=tuple(int(n) for n in np.histogram(_within(gap, MOUTH_EDGES), bins=MOUTH_EDGES)[0]),
    )


def _rare(name: str, share: float) -> str:
    if share < _A_FEW:
        return f"no {name}"
    return f"{share:.0%} {name}" if share < _ENOUGH else ""


def _span(values: Floats) -> tuple[float, float]:
    low, high = np.percentile(values, [5, 95])
    return float(low), float(high)


def _over(landmarks: Floats, height: tuple[int, int], width: tuple[int, int]) -> Floats:
    """Distance of two points over that of two others, (N,)."""
    tall, wide = (landmarks[:, a] - landmarks[:, b] for a, b in (height, width))
    return np.asarray(np.hypot(*tall.T) / np.hypot(*wide.T))


def _within(values: Floats, edges: tuple[float, ...]) -> Floats:
    """What lies beyond the outermost edges counts to the outermost cells."""
    return np.clip(values, edges[0], np.nextafter(edges[-1], 0))
