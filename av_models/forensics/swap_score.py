"""A swap beside the perfect answer, which computer graphics can give: look, identity, features, mouth, blinks, flicker.

Look is judged inside the truth's face, on a grid that the actor's bones hold still (`swap_score_pixels`). A swapper may
have another convention of size and place: the `fit_` figures are taken after one similarity for the whole clip, fitted
on brows, eyes, nose and mouth; it forgives no trembling, shape or texture. Nothing is tuned on what is scored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from av_models.domain.errors import InputError
from av_models.face.warp import similarity, transform

from .swap_score_faces import SeenClip
from .swap_score_pixels import PixelTally, Steadiness, eye_boxes, grid_matrices, hull, steadied, to_grid

__all__ = ["Clip", "ExactEyes", "Likeness", "SwapScore", "Truth", "compare_faces", "judge_swap", "opening_r"]

Floats = NDArray[np.floating[Any]]
Rgb = NDArray[np.uint8]
Clip = Callable[[], Iterator[Rgb]]
"""Opens a clip and gives its frames (H, W, 3) uint8 in order. Called once for every pass."""

_INNER, _JAW, _EYES, _MOUTH = slice(17, None), slice(0, 17), slice(36, 48), slice(48, None)
_EYE_CORNERS = (36, 45)
_LIPS = (62, 66)
_SHUT = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class ExactEyes:
    """What a renderer knows. blink: (N,) 0 open to 1 shut.  corners: (N, 2, 2, 2) px, of each eye both corners."""

    blink: Floats
    corners: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """The perfect answer to a swap, and what the swap was made from. eyes: None where they are not known exactly."""

    clip: Clip
    truth: SeenClip
    actor: SeenClip
    source: SeenClip
    eyes: ExactEyes | None = None


@dataclass(frozen=True, slots=True)
class Likeness:
    """Distances of dlib's descriptors (0.6: its limit for one person), over every fifth frame.

    id_want, id_actor: mean distance to the mean of the source's and of the actor's clip.  id_side: share of frames
    nearer to the source.  mouth_r, mouth_gain: see `SwapScore`, against the clip that is given.
    """

    id_want: float
    id_actor: float
    id_side: float
    mouth_r: float
    mouth_gain: float


@dataclass(frozen=True, slots=True)
class SwapScore:
    """One clip beside the truth.

    ssim, psnr, psnr_pooled: inside the truth's face; dB.  fit_*: after one similarity for the clip, fit_scale its
    scale.  id_*: see `Likeness`.  lm_*: mean landmark distance over the distance of the outer eye corners.
    mouth_r: correlation of the inner lips' opening with the truth's; mouth_gain: its slope, low where the mouth is a
    blur.  eyes_blink, eyes_open: fitted SSIM round the eyes while they are shut, and else; NaN where not known.
    flicker_ratio, motion_ratio, motion_err: see `Steadiness`.  undetected: frames in which no face was found.
    """

    ssim: float
    psnr: float
    psnr_pooled: float
    fit_ssim: float
    fit_psnr: float
    fit_scale: float
    id_want: float
    id_actor: float
    id_side: float
    lm_all: float
    lm_inner: float
    lm_eyes: float
    lm_mouth: float
    lm_jaw: float
    mouth_r: float
    mouth_gain: float
    eyes_blink: float
    eyes_open: float
    flicker_ratio: float
    motion_ratio: float
    motion_err: float
    undetected: int
    frames: int


def judge_swap(swapped: Clip, seen: SeenClip, truth: Truth) -> SwapScore:
    """Score a clip, frame for frame aligned with the truth. seen: what `see_clip` found in it.

    Errors: InputError when the clips are not of one length or size.
    """
    n = len(truth.truth.landmarks)
    if not len(seen.landmarks) == len(truth.actor.landmarks) == n:
        lengths = f"{len(seen.landmarks)} frames, the actor {len(truth.actor.landmarks)}, the truth {n}"
        raise InputError(f"The swapped clip has {lengths}.", "Clips to compare need the same frames.")
    pixels = _Pixels(truth, seen)
    for index, (rgb, right) in enumerate(zip(swapped(), truth.clip(), strict=True)):
        pixels.add(index, rgb, right)
    likeness = compare_faces(seen, truth.truth, truth.source, truth.actor)
    return SwapScore(**pixels.figures(), **asdict(likeness), **_landmark_errors(seen, truth.truth),
                     undetected=seen.n_missed, frames=n)  # fmt: skip


def compare_faces(seen: SeenClip, right: SeenClip, source: SeenClip, actor: SeenClip) -> Likeness:
    """Whose face is it, and does its mouth follow that of `right`? Needs no exact answer: `right` may be the actor."""
    want = np.linalg.norm(seen.descriptors - source.identity, axis=1)
    own = np.linalg.norm(seen.descriptors - actor.identity, axis=1)
    unit = _between_eyes(right)
    both = np.cov(_lip_gap(seen) / unit, _lip_gap(right) / unit)
    together = float(both[0, 1])
    return Likeness(
        id_want=float(want.mean()),
        id_actor=float(own.mean()),
        id_side=float((want < own).mean()),
        mouth_r=together / max(float(np.sqrt(both[0, 0] * both[1, 1])), 1e-12),
        mouth_gain=together / max(float(both[1, 1]), 1e-12),
    )


class _Pixels:
    """Everything that needs the pictures, a frame at a time."""

    def __init__(self, truth: Truth, seen: SeenClip) -> None:
        right = steadied(truth.truth.landmarks)
        self.matrices = grid_matrices(steadied(truth.actor.landmarks))
        on_grid = transform(right, self.matrices)
        ours = transform(steadied(seen.landmarks), self.matrices)
        self.fit = similarity(ours[:, _INNER].reshape(-1, 2), on_grid[:, _INNER].reshape(-1, 2))
        self.faces, self.on_grid, self.eyes = right, on_grid, truth.eyes
        self.plain, self.fitted, self.steadiness = PixelTally(), PixelTally(), Steadiness()
        self.round_eyes: list[float] = []

    def add(self, index: int, rgb: Rgb, right: Rgb) -> None:
        if rgb.shape != right.shape:
            sizes = " and ".join(f"{picture.shape[1]}x{picture.shape[0]}" for picture in (rgb, right))
            raise InputError(f"Swapped and true frames are {sizes} px large.", "Render at the footage's own size.")
        matrix = self.matrices[index]
        wanted = to_grid(right, matrix)
        region = hull(self.on_grid[index], wanted.shape)
        self.plain.add(to_grid(rgb, matrix), wanted, region)
        moved = self.fit @ np.vstack([matrix, [0.0, 0.0, 1.0]])
        found = self.fitted.add(to_grid(rgb, moved), wanted, region)
        if self.eyes is not None:
            corners = transform(self.eyes.corners[index], matrix)
            self.round_eyes.append(float(found[eye_boxes(corners, found.shape)].mean()))
        self.steadiness.add(rgb, right, hull(self.faces[index], right.shape))

    def figures(self) -> dict[str, float]:
        shut = np.zeros(len(self.round_eyes), bool) if self.eyes is None else self.eyes.blink > _SHUT
        eyes = np.array(self.round_eyes)
        return {
            "ssim": self.plain.mean_ssim,
            "psnr": self.plain.psnr_db,
            "psnr_pooled": self.plain.pooled_psnr_db,
            "fit_ssim": self.fitted.mean_ssim,
            "fit_psnr": self.fitted.psnr_db,
            "fit_scale": float(np.sqrt(np.linalg.det(self.fit[:, :2]))),
            "eyes_blink": _mean(eyes[shut]),
            "eyes_open": _mean(eyes[~shut]),
            "flicker_ratio": self.steadiness.flicker_ratio,
            "motion_ratio": self.steadiness.motion_ratio,
            "motion_err": self.steadiness.motion_error,
        }


def _landmark_errors(seen: SeenClip, right: SeenClip) -> dict[str, float]:
    off = np.linalg.norm(seen.landmarks - right.landmarks, axis=2) / _between_eyes(right)[:, None]
    parts = {"all": slice(None), "inner": _INNER, "eyes": _EYES, "mouth": _MOUTH, "jaw": _JAW}
    return {f"lm_{name}": float(off[:, part].mean()) for name, part in parts.items()}


def _between_eyes(clip: SeenClip) -> Floats:
    """(N,) distance of the outer corners in pixels."""
    first, second = _EYE_CORNERS
    return np.asarray(np.linalg.norm(clip.landmarks[:, second] - clip.landmarks[:, first], axis=1))


def _lip_gap(clip: SeenClip) -> Floats:
    """(N,) distance of the inner lips in pixels."""
    upper, lower = _LIPS
    return np.asarray(np.linalg.norm(clip.landmarks[:, upper] - clip.landmarks[:, lower], axis=1))


def opening_r(seen: SeenClip, exact: Floats) -> float:
    """Correlation of the inner lips' opening, as landmarks see it, with the exact one (N,); NaN where nothing moves.

    Landmarks read some mouths badly, even in the truth itself: that clip's own figure is what can be reached.
    """
    opening = _lip_gap(seen) / _between_eyes(seen)
    if not np.ptp(opening) or not np.ptp(exact):
        return float("nan")
    return float(np.corrcoef(opening, exact)[0, 1])


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else float("nan")
