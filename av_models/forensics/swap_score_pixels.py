"""Pixels of a swap beside the perfect answer: structure and error on a common grid, and steadiness over time.

Every clip is warped by the same matrices, fitted on the actor's bones, so that no method is aligned anew.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from av_models.face.warp import FACE_SHARE, RIGID, similarity

__all__ = ["GRID_PX", "PixelTally", "Steadiness", "eye_boxes", "grid_matrices", "grid_mean_shape", "hull", "ssim_map",
           "steadied", "to_grid"]  # fmt: skip

Floats = NDArray[np.floating[Any]]
Rgb = NDArray[np.uint8]
Mask = NDArray[np.bool_]

GRID_PX = 128

_SUBPIXEL_BITS = 4
_OVERSAMPLING = 2
_WINDOW_PX, _WINDOW_SIGMA_PX = (11, 11), 1.5
_K1, _K2 = 0.01, 0.03
_LEAST_ERROR = 1e-10
"""A mean squared error of 1e-10 is written as 100 dB, an exact copy's error of zero, too."""

_EYE_WIDTH, _EYE_HEIGHT = 1.8, 1.2
"""Of the box round an eye, in distances between its corners."""


def steadied(landmarks: Floats) -> Floats:
    """Landmarks (N, K, 2), each the mean of three frames; the ends are repeated."""
    padded = np.pad(landmarks, ((1, 1), (0, 0), (0, 0)), "edge")
    return np.asarray((padded[:-2] + padded[1:-1] + padded[2:]) / 3)


def grid_mean_shape(landmarks: Floats) -> Floats:
    """A clip's mean shape (68, 2) in grid pixels, FACE_SHARE of the grid tall and centred. landmarks: (N, 68, 2)."""
    bones = landmarks[:, list(RIGID)]
    middle = bones.mean(1, keepdims=True)
    size = np.sqrt(((bones - middle) ** 2).sum(2).mean(1))[:, None, None]
    mean = ((landmarks - middle) / size).mean(0)
    mean *= FACE_SHARE * GRID_PX / np.ptp(mean[:, 1])
    return np.asarray(mean + (GRID_PX - 1) / 2 - (mean.max(0) + mean.min(0)) / 2)


def grid_matrices(landmarks: Floats) -> Floats:
    """For each frame the similarity (N, 2, 3) from picture to grid. landmarks: (N, 68, 2) of the actor, steadied."""
    bones = list(RIGID)
    return similarity(landmarks[:, bones], grid_mean_shape(landmarks)[bones])


def to_grid(rgb: Rgb, matrix: Floats) -> NDArray[np.float32]:
    """The grid (GRID_PX, GRID_PX, 3) of a picture, 0..1; edges are continued, twice as fine pixels are averaged."""
    import cv2

    fine = matrix * _OVERSAMPLING
    fine[:, 2] += (_OVERSAMPLING - 1) / 2
    side = GRID_PX * _OVERSAMPLING
    large = cv2.warpAffine(rgb, fine, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    small = cv2.resize(large, (GRID_PX, GRID_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32) / np.float32(255)


def hull(points: Floats, shape: tuple[int, ...]) -> Mask:
    """(H, W) bool: inside the convex hull of points (K, 2). shape: height and width first."""
    import cv2

    mask = np.zeros(shape[:2], np.uint8)
    outline = np.rint(cv2.convexHull(points.astype(np.float32)) * 2**_SUBPIXEL_BITS).astype(np.int32)
    cv2.fillConvexPoly(mask, outline, 1, cv2.LINE_8, _SUBPIXEL_BITS)
    return mask > 0


def ssim_map(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Structural similarity (H, W, 3) of two pictures 0..1, channel by channel (Wang et al. 2004)."""
    import cv2

    def blurred(x: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.GaussianBlur(x, _WINDOW_PX, _WINDOW_SIGMA_PX), np.float32)

    mean_a, mean_b = blurred(a), blurred(b)
    var_a, var_b = blurred(a * a) - mean_a**2, blurred(b * b) - mean_b**2
    both = blurred(a * b) - mean_a * mean_b
    light = (2 * mean_a * mean_b + _K1**2) / (mean_a**2 + mean_b**2 + _K1**2)
    return np.asarray(light * (2 * both + _K2**2) / (var_a + var_b + _K2**2), np.float32)


def eye_boxes(corners: Floats, shape: tuple[int, ...]) -> Mask:
    """(H, W) bool: boxes round both eyes. corners: (2, 2, 2), of each eye the two corners (x, y)."""
    mask = np.zeros(shape[:2], bool)
    for eye in corners:
        width = float(np.hypot(*(eye[1] - eye[0])))
        half = np.array([_EYE_WIDTH, _EYE_HEIGHT]) * width / 2
        left, top = np.maximum(np.floor(eye.mean(0) - half), 0).astype(int)
        right, bottom = np.maximum(np.ceil(eye.mean(0) + half), 0).astype(int)
        mask[top : bottom + 1, left : right + 1] = True
    return mask


@dataclass(slots=True)
class PixelTally:
    """SSIM and error of a clip, collected a frame at a time. ssim, error: mean over each frame's region."""

    ssim: list[float] = field(default_factory=list)
    error: list[float] = field(default_factory=list)

    def add(self, a: NDArray[np.float32], b: NDArray[np.float32], region: Mask) -> NDArray[np.float32]:
        """Count one frame; gives its SSIM map, for whoever looks at another region, too."""
        found = ssim_map(a, b)
        self.ssim.append(float(found[region].mean()))
        self.error.append(max(float(((a - b)[region] ** 2).mean()), _LEAST_ERROR))
        return found

    @property
    def mean_ssim(self) -> float:
        return float(np.mean(self.ssim))

    @property
    def psnr_db(self) -> float:
        """Mean of the frames' PSNR."""
        return float(np.mean(-10 * np.log10(self.error)))

    @property
    def pooled_psnr_db(self) -> float:
        """PSNR of the clip's mean error."""
        return float(-10 * np.log10(np.mean(self.error)))


@dataclass(slots=True)
class Steadiness:
    """First and second differences over time inside the face, of a swap beside the truth. Holds three frames."""

    _held: deque[tuple[NDArray[np.float32], NDArray[np.float32], Mask]] = field(default_factory=lambda: deque(maxlen=3))
    _sums: Floats = field(default_factory=lambda: np.zeros(5))

    def add(self, swapped: Rgb, truth: Rgb, face: Mask) -> None:
        """face: (H, W), the truth's."""
        self._held.append((swapped.astype(np.float32), truth.astype(np.float32), face))
        if len(self._held) < 3:
            return
        inside = np.logical_and.reduce([face for _, _, face in self._held])
        if not inside.any():
            return
        s0, s1, s2 = (swapped[inside] for swapped, _, _ in self._held)
        t0, t1, t2 = (truth[inside] for _, truth, _ in self._held)
        first_s, first_t, second_s, second_t = s1 - s0, t1 - t0, s2 - 2 * s1 + s0, t2 - 2 * t1 + t0
        self._sums += [float(np.abs(d).mean()) for d in (first_s, first_t, first_s - first_t, second_s, second_t)]

    @property
    def flicker_ratio(self) -> float:
        """Second differences of the swap over the truth's: 1 as steady, above flickers, below too smooth."""
        return _over(self._sums[3], self._sums[4])

    @property
    def motion_ratio(self) -> float:
        """The same of first differences."""
        return _over(self._sums[0], self._sums[1])

    @property
    def motion_error(self) -> float:
        """How far first differences are from the truth's, over the truth's; 0 is perfect."""
        return _over(self._sums[2], self._sums[1])


def _over(a: float, b: float) -> float:
    return float(a / b) if b > 0 else float("nan")
