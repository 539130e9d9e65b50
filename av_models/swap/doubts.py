"""How sure a swapped frame is: several things that can be measured, each a factor of the confidence.

No factor knows what is right; each knows what is usual, in this clip or in training, and the list of frames to look at
is made of what is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..domain.swap import Doubt

Floats = NDArray[np.floating[Any]]

LOOK_BELOW = 0.7
"""A factor below this is worth a look."""

LEAST = 0.1
"""Of a factor: a confidence of 0 is that of a face that is missing."""

_SMALL_PX = 16
_SEAM = (0.10, 0.25)
_HIDDEN = (0.03, 0.4)
_CODE = (2.5, 6.0)
_OUTLINE = (3.0, 10.0)
_LEAST_SPREAD = 0.01
_LEAST_AGREED = 0.6
"""Of a face, on the mean of its pixels: a decoder that takes less for face may leave all of it the actor's, and do so
in every frame, so that nothing about any of them is unusual."""
_JUMP = (0.02, 0.08)
_TURN_DEG = (31.0, 61.0)
_SHARPNESS = (0.045, 0.002)
"""Both are worth a look just where the tracker takes a face for no lesson any more: 40 degrees, 0.032."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What was measured on a frame.

    score: of the landmarks, 0..1.  outline: how many spreads less of the face than usual the decoder takes for face.
    seam: mean distance of face and plate along the edge, 0..1.  hidden: share of the face behind something.
    code: distance of the code from this person's usual one, in training's spreads (root mean square).  jump: how much
    more the painted face changed than the plate did, 0..1.  turn_deg: of the head from the front, to whichever side.
    sharpness: of the plate's face, as `face.quality.sharpness`; NaN where nobody knows.
    """

    score: float
    outline: float
    seam: float
    hidden: float
    code: float
    jump: float
    turn_deg: float = 0.0
    sharpness: float = float("nan")

    def factors(self) -> dict[Doubt, float]:
        """1 where all is usual, LEAST where it is as doubtful as it gets."""
        return {
            Doubt.LANDMARKS: max(self.score, LEAST),
            Doubt.OUTLINE: _falling(self.outline, *_OUTLINE),
            Doubt.SEAM: _falling(self.seam, *_SEAM),
            Doubt.HIDDEN: _falling(self.hidden, *_HIDDEN),
            Doubt.UNUSUAL: _falling(self.code, *_CODE),
            Doubt.JUMP: _falling(self.jump, *_JUMP),
            Doubt.TURNED: _falling(self.turn_deg, *_TURN_DEG),
            Doubt.BLURRED: 1.0 if np.isnan(self.sharpness) else _falling(self.sharpness, *_SHARPNESS),
        }

    def confidence(self) -> float:
        return float(np.prod(list(self.factors().values())))

    def doubts(self) -> tuple[Doubt, ...]:
        """Everything that is worth a look, the strongest first."""
        doubtful = sorted((factor, doubt) for doubt, factor in self.factors().items() if factor < LOOK_BELOW)
        return tuple(doubt for _, doubt in doubtful)

    def doubt(self) -> Doubt | None:
        """The strongest, None if all is well."""
        doubt, factor = min(self.factors().items(), key=lambda item: item[1])
        return doubt if factor < LOOK_BELOW else None


def outline_strays(learned: Floats, hull: Floats, agreement: Floats) -> float:
    """learned, hull (D,D); agreement: median and spread over the clip, see `plate.PlateLook`. As far as it can be where
    most of the face is taken for none."""
    inside = hull > 0.5
    agreed = float(learned[inside].mean()) if inside.any() else 0.0
    if agreed < _LEAST_AGREED:
        return _OUTLINE[1]
    return float((agreement[0] - agreed) / max(float(agreement[1]), _LEAST_SPREAD))


def code_distance(codes: Floats, mean: Floats, spread: Floats) -> Floats:
    """codes (B,C) -> (B,)."""
    return np.asarray(np.sqrt((((codes - mean) / np.maximum(spread, 1e-4)) ** 2).mean(1)))


def small(picture: Floats) -> NDArray[np.float32]:
    """(H,W,3) 0..1 -> grey levels of its middle (16,16), for `jump_between`."""
    import cv2

    side = picture.shape[0]
    middle = np.asarray(picture[side // 5 : -side // 5, side // 5 : -side // 5], np.float32)
    return np.asarray(cv2.resize(middle, (_SMALL_PX, _SMALL_PX), interpolation=cv2.INTER_AREA).mean(-1), np.float32)


def jump_between(face: Floats, face_before: Floats, plate: Floats, plate_before: Floats) -> float:
    """How much more the face changed than the plate under it; all from `small`. 0 if it changed no more."""
    ours, theirs = np.abs(face - face_before).mean(), np.abs(plate - plate_before).mean()
    return float(max(ours - theirs, 0.0))


def _falling(value: float, usual: float, worst: float) -> float:
    return float(np.clip((worst - value) / (worst - usual), LEAST, 1))


__all__ = ["LOOK_BELOW", "Signs", "code_distance", "jump_between", "outline_strays", "small"]
