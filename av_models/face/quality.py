"""Is this face good enough to learn from, or to put a face on? Size, turn and sharpness of one face, with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from av_models.domain.face import FaceProblem

__all__ = [
    "LEAST_FACE_PX",
    "LEAST_SHARPNESS",
    "MOST_HIDDEN",
    "MOST_PITCH_DEG",
    "MOST_YAW_DEG",
    "Pose",
    "face_height_px",
    "face_problem",
    "head_pose",
    "poses",
    "sharpness",
]

Floats = NDArray[np.floating[Any]]

LEAST_FACE_PX = 48.0
MOST_YAW_DEG = 40.0
MOST_PITCH_DEG = 40.0
LEAST_SHARPNESS = 0.032
MOST_HIDDEN = 0.05
"""Of the face; two fingers at the chin are more."""

_TIP_DEPTH, _TIP_DROP = 0.64, 0.57
"""The tip of the nose before and below the middle of the eyes, in distances between the eyes' centres.

Fitted on two rendered heads with exact poses: yaw then follows with a correlation of 0.98, pitch with 0.83 to 0.95.
Pitch carries an offset of each person's own of some 10 degrees, hence the generous limit.
"""

_SHARPNESS_PX = 80
_ACROSS, _DOWN = 2.2, 1.7
"""With these, detail in one direction is as large as in both together on two rendered heads, sharp or evenly blurred.

A smear of a seventh of the face's height falls from 0.13 to 0.03, where the Laplacian alone stays above 0.05.
"""


@dataclass(frozen=True, slots=True)
class Pose:
    """Degrees. yaw: positive turns to the picture's right.  pitch: positive nods down.  roll: positive clockwise."""

    yaw_deg: float
    pitch_deg: float
    roll_deg: float


def head_pose(landmarks: Floats) -> Pose:
    """Turn of the head from the nose's tip against the line of the eyes, seen from afar. landmarks: (68, 2)."""
    right, left = landmarks[[36, 39]].mean(axis=0), landmarks[[42, 45]].mean(axis=0)
    across = left - right
    width = float(np.hypot(*across))
    axis = across / width
    tip = (landmarks[30] - (left + right) / 2) / width
    yaw = float(np.arctan2(tip @ axis, _TIP_DEPTH))
    drop = float(tip @ np.array([-axis[1], axis[0]])) * np.cos(yaw)
    reach = float(np.hypot(_TIP_DROP, _TIP_DEPTH))
    pitch = np.arcsin(np.clip(drop / reach, -1, 1)) - np.arctan2(_TIP_DROP, _TIP_DEPTH)
    return Pose(float(np.degrees(yaw)), float(np.degrees(pitch)), float(np.degrees(np.arctan2(axis[1], axis[0]))))


def poses(landmarks: Floats) -> dict[str, NDArray[np.float32]]:
    """yaw_deg, pitch_deg, roll_deg and face_px, (N,) each, of landmarks (N, 68, 2); NaN where these are."""
    found = np.full((4, len(landmarks)), np.nan, np.float32)
    for frame in np.flatnonzero(np.isfinite(landmarks).all(axis=(1, 2))):
        pose = head_pose(landmarks[frame])
        found[:, frame] = pose.yaw_deg, pose.pitch_deg, pose.roll_deg, face_height_px(landmarks[frame])
    return dict(zip(("yaw_deg", "pitch_deg", "roll_deg", "face_px"), found, strict=True))


def face_height_px(landmarks: Floats) -> float:
    """Distance from the middle of the brows to the chin. landmarks: (68, 2)."""
    return float(np.hypot(*(landmarks[17:27].mean(axis=0) - landmarks[8])))


def sharpness(crop: NDArray[np.uint8]) -> float:
    """Fine detail over contrast of an upright face crop (S, S, 3), at one small size so that resolution does not count.

    0: a smear, in whatever direction.
    """
    import cv2

    gray = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(gray, (_SHARPNESS_PX, _SHARPNESS_PX), interpolation=cv2.INTER_AREA)
    face = small[_SHARPNESS_PX // 6 : -_SHARPNESS_PX // 6, _SHARPNESS_PX // 6 : -_SHARPNESS_PX // 6].astype(np.float32)
    bend = np.array([[1, -2, 1]], np.float32)
    across, down = cv2.filter2D(face, cv2.CV_32F, bend)[1:-1, 1:-1], cv2.filter2D(face, cv2.CV_32F, bend.T)[1:-1, 1:-1]
    # A face smeared by its own movement is sharp along the other direction: each of the two must hold detail.
    detail = (np.abs(across + down).mean(), _ACROSS * np.abs(across).mean(), _DOWN * np.abs(down).mean())
    return float(min(detail) / (4 * face.std() + 1.0))


def face_problem(landmarks: Floats, sharpness: float, hidden: float = 0.0) -> FaceProblem | None:
    """Why this face cannot be used, or None. hidden: share of it behind something, 0..1."""
    if face_height_px(landmarks) < LEAST_FACE_PX:
        return FaceProblem.TOO_SMALL
    pose = head_pose(landmarks)
    if abs(pose.yaw_deg) > MOST_YAW_DEG or abs(pose.pitch_deg) > MOST_PITCH_DEG:
        return FaceProblem.TURNED_AWAY
    if sharpness < LEAST_SHARPNESS:
        return FaceProblem.BLURRED
    return FaceProblem.HIDDEN if hidden > MOST_HIDDEN else None
