"""How softly footage shows a face, out of focus or smeared by its own movement; the same softness for a painted one.

Every face has edges at eyes, brows, nostrils and lips that are as steep as the lens lets them be. How much of their
power is left when a picture is blurred a little more hardly depends on whose face it is, but does on how blurred it
was: blurring by s after a blur of t is a blur of sqrt(s^2 + t^2). So the power of a sharp face's edges, seen at
growing scales, tells by how much any other is softer. Each direction is measured by itself, along rows and columns.

Softness is a variance in square pixels, of the Gaussian that would give it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..face.mask import hull_mask
from .render import sharpened

__all__ = [
    "ALL", "BRIEF", "blurred", "edge_power", "in_painted", "missing_softness", "painted_edges", "sharp_edges",
    "shrink_for", "smear", "softer", "without_doubt",
]  # fmt: skip

Floats = NDArray[np.floating[Any]]
Pixels = NDArray[np.uint8]

SIGMAS_PX = 0.7 * 2.0 ** (np.arange(8) / 2)
"""Scales at which edges are looked at. The finest is the finest that neither grain nor a codec bends: with 0.5 px the
errors under grain of 6/255 are twice as large, with 1.0 px those between people."""

_FINE, _COARSE = 0, 2
ALL: tuple[int, ...] = tuple(range(len(SIGMAS_PX)))
BRIEF: tuple[int, ...] = (_FINE, _COARSE)
"""All that is needed of a face that is compared with a reference."""

CLIP_DOUBT_PX2, FRAME_DOUBT_PX2 = 0.2, 0.3
"""What may be no blur but another person, or a blink: sharp faces of five people differ by 0.16 at most, frames of one
face by 0.1 to 0.2 (standard deviation), with shut eyes by 0.4."""

MAX_SIGMA_PX = 12.0
_LEAST_PX2 = 0.04
"""Nobody sees less."""

_EYES, _NOSE, _MOUTH = (slice(36, 42), slice(42, 48)), slice(31, 36), slice(48, 60)
_AROUND = ((_EYES[0], 0.10), (_EYES[1], 0.10), (_NOSE, 0.06), (_MOUTH, 0.08))
"""Where the edges are, and how far around the landmarks as a share of the distance of the outer corners of the eyes."""

_PATCH_PX, _SMOOTHEST = 8, 20
"""Side of a patch of skin; per cent of them that are smoother than the one that counts as bare."""

_LEAST_PIXELS = 200
_LEAST_PATCHES = 12
"""Of fewer, one with an edge in it would pass for noise; with noise left in, a small face counts as sharp."""

_MEASURED = 16
_STEP = 0.02
_TINY = 1e-6


def shrink_for(scale: float) -> int:
    """By which whole number footage is shrunk before its edges are looked at. scale: footage pixels beside a pixel of
    the painted face, which knows nothing finer than its own."""
    return max(1, int(scale))


def edge_power(
    rgb: NDArray[Any], landmarks: Floats, shrink: int = 1, unit: float = 1.0, scales: Sequence[int] = ALL
) -> Floats | None:
    """(2,K): mean square of the slope across and down at the edges of a face, without what noise adds.

    rgb (H,W,3) uint8, or floats of 0..255.  landmarks (68,2) px.  unit: what the scales are multiplied by, so that a
    face that comes nearer is not softer for that.  scales: indices of `SIGMAS_PX`.  None where too little is seen.
    """
    import cv2

    cut = _cut(rgb, landmarks, shrink)
    if cut is None:
        return None
    grey, points = cut
    edges, skin = _places(points, grey.shape)
    if cv2.countNonZero(edges) < _LEAST_PIXELS:
        return None
    found = np.empty((2, len(scales)))
    across, _ = _kernels(round(unit, 2))
    for column, scale in enumerate(scales):
        _, slope = _kernels(round(SIGMAS_PX[scale] * unit, 2))
        for axis, (x, y) in enumerate(((slope, across), (across, slope))):
            slopes = cv2.sepFilter2D(grey, cv2.CV_32F, x, y)
            power = np.asarray(cv2.multiply(slopes, slopes), np.float32)
            found[axis, column] = max(cv2.mean(power, edges)[0] - _noise(power, skin), _TINY)
    return found


def sharp_edges(samples: Floats) -> Floats:
    """(2,K): mean of the sharper half of samples (N,2,K), rows with NaN left out; NaN if all are."""
    seen = samples[np.isfinite(samples).all((1, 2))]
    if not len(seen):
        return np.full(samples.shape[1:], np.nan)
    left = np.log(seen[:, :, _FINE] / seen[:, :, _COARSE]).sum(1)
    return np.asarray(seen[left >= np.median(left)].mean(0))


def painted_edges(faces: Floats, landmarks: Floats, sharpen: float, scale: float) -> Floats:
    """(2,K): mean `edge_power` of painted faces (N,D,D,3) 0..1 with landmarks (N,68,2), sharpened and as large as in
    the footage; NaN if too little is seen of all. scale: footage pixels beside a pixel of the painted face."""
    import cv2

    size = scale / shrink_for(scale)
    side = max(8, round(faces.shape[1] * size))
    way = cv2.INTER_CUBIC if size >= 1 else cv2.INTER_AREA  # as `paste.lay_in` does
    found = []
    for one in np.unique(np.linspace(0, len(faces) - 1, min(_MEASURED, len(faces))).round().astype(int)):
        laid = np.asarray(cv2.resize(sharpened(faces[one], sharpen), (side, side), interpolation=way), np.float32)
        power = edge_power(laid * 255, (landmarks[one] + 0.5) * (side / faces.shape[1]) - 0.5)
        if power is not None:
            found.append(power)
    return np.asarray(np.mean(found, axis=0)) if found else np.full((2, len(ALL)), np.nan)


def in_painted(softness: Any, scale: float) -> Any:
    """Softness in pixels in which edges are looked at -> in pixels of the painted face."""
    return softness * (shrink_for(scale) / scale) ** 2


def softer(edges: Floats, reference: Floats) -> Floats:
    """(2,): by how much each direction is softer than the reference, in square pixels; negative if it is sharper.

    edges (2,2): `edge_power` at BRIEF, reference (2,K) at ALL.
    """
    return np.array([_variance(now, known) for now, known in zip(edges, reference, strict=True)])


def missing_softness(painted: Floats, plate: Floats) -> float:
    """What painted faces have to be blurred by to be as soft as the plate, 0 where in doubt.

    painted, plate (2,K) at ALL; NaN where nothing was seen, which blurs nothing.
    """
    if not (np.isfinite(painted).all() and np.isfinite(plate).all()):
        return 0.0
    return max(float(softer(plate[:, BRIEF], painted).mean()) - CLIP_DOUBT_PX2, 0.0)


def without_doubt(more: Floats) -> Floats:
    """What frames are softer or sharper by, beyond what blinks and noise make of it."""
    return np.sign(more) * np.maximum(np.abs(more) - FRAME_DOUBT_PX2, 0)


def smear(always: float, more: Floats, moved: Floats) -> Floats:
    """Covariance (2,2) of the blur of one frame.

    always: softness of the whole clip.  more (2,): of this frame, across and down.  moved (2,): way of the face from
    frame to frame, same pixels.  A slanting smear is no more than the way itself explains, with the shutter open all
    the time.
    """
    own = np.diag(np.maximum(always + more, 0.0))
    total, way = float(np.maximum(more, 0).sum()), float(moved @ moved)
    if way > 0 and (more > 0).all():
        slant = min(total, way / 12) * moved[0] * moved[1] / way
        bound = float(np.sqrt(more[0] * more[1]))
        own[0, 1] = own[1, 0] = np.clip(slant, -bound, bound)
    return np.asarray(own)


def blurred(face: Floats, covariance: Floats) -> Floats:
    """A face (H,W,3) under a Gaussian of that covariance (2,2) in square pixels."""
    import cv2

    if np.trace(covariance) < 2 * _LEAST_PX2:
        return face
    (across, slant), (_, down) = np.minimum(covariance, MAX_SIGMA_PX**2).tolist()
    face = np.asarray(face, np.float32)
    if abs(slant) < 0.1 * np.sqrt(across * down) or min(across, down) < _LEAST_PX2:
        soft = cv2.sepFilter2D(face, -1, _bell(across), _bell(down), borderType=cv2.BORDER_REPLICATE)
    else:
        soft = cv2.filter2D(face, -1, _slanted(across, slant, down), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(soft, np.float32)


def _cut(rgb: NDArray[Any], landmarks: Floats, shrink: int) -> tuple[NDArray[np.float32], Floats] | None:
    """The face's part of a picture in grey, and its landmarks there."""
    import cv2

    margin = 4 * shrink
    left, top = np.maximum(np.floor(landmarks.min(0)).astype(int) - margin, 0).tolist()
    right, bottom = (np.ceil(landmarks.max(0)).astype(int) + margin).tolist()
    box = rgb[top : max(bottom, 0), left : max(right, 0)]
    height, width = (side // shrink for side in box.shape[:2])
    if min(height, width) < 3 * _PATCH_PX:
        return None
    grey = cv2.cvtColor(np.ascontiguousarray(box[: height * shrink, : width * shrink]), cv2.COLOR_RGB2GRAY)
    if shrink > 1:
        grey = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(grey, np.float32), (landmarks - (left, top) + 0.5) / shrink - 0.5


def _places(points: Floats, shape: tuple[int, ...]) -> tuple[Pixels, NDArray[np.bool_]]:
    """Where the edges are (H,W), and which patches are nothing but skin, see `_patches`."""
    import cv2

    edges, unit = np.zeros(shape, np.uint8), float(np.hypot(*(points[45] - points[36])))
    patches = (shape[0] // _PATCH_PX, shape[1] // _PATCH_PX)
    hull = hull_mask((points + 0.5) / _PATCH_PX - 0.5, patches, feather=0.0)
    skin = np.asarray(cv2.erode(hull, np.ones((3, 3), np.uint8)))
    for part, around in _AROUND:
        first = np.floor(points[part].min(0) - around * unit).astype(int)
        last = np.ceil(points[part].max(0) + around * unit).astype(int)
        cv2.rectangle(edges, first.tolist(), last.tolist(), 1, -1)
        cv2.rectangle(skin, (first // _PATCH_PX - 1).tolist(), (last // _PATCH_PX + 1).tolist(), 0, -1)
    return edges, skin > 0


def _patches(picture: NDArray[Any]) -> NDArray[Any]:
    """The mean of each patch."""
    import cv2

    height, width = (side // _PATCH_PX for side in picture.shape)
    whole = picture[: height * _PATCH_PX, : width * _PATCH_PX]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA))


def _noise(power: Floats, skin: NDArray[np.bool_]) -> float:
    """What noise adds to the power: all of it where skin is smoothest."""
    values = np.sort(_patches(power)[skin])
    return float(values[len(values) * _SMOOTHEST // 100]) if len(values) >= _LEAST_PATCHES else 0.0


def _variance(edges: Floats, reference: Floats) -> float:
    """Of one direction: edges (2,), reference (K,)."""
    left = np.log(edges[0] / edges[1])
    variances = np.arange(0, SIGMAS_PX[-3], _STEP) ** 2
    known = [
        np.interp(np.log(SIGMAS_PX[at] ** 2 + variances), 2 * np.log(SIGMAS_PX), np.log(reference)) for at in BRIEF
    ]
    falling = np.minimum.accumulate(known[0] - known[1])
    if left <= falling[0]:
        return float(np.interp(-left, -falling, variances))
    # Sharper than the reference: as its first half pixel of blur goes, backwards.
    half = round(0.5 / _STEP)
    slope = (falling[half] - falling[0]) / variances[half]
    return float((left - falling[0]) / slope) if slope < 0 else 0.0


@lru_cache(maxsize=256)
def _kernels(sigma_px: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A Gaussian and its derivative."""
    reach = max(2, int(np.ceil(3 * sigma_px)))
    at = np.arange(-reach, reach + 1, dtype=np.float64)
    bell = np.exp(-0.5 * (at / sigma_px) ** 2)
    bell /= bell.sum()
    slope = at * bell
    return bell.astype(np.float32), (slope / (slope @ at)).astype(np.float32)


def _bell(variance: float) -> NDArray[np.float32]:
    return _kernels(round(variance**0.5, 2))[0] if variance >= _LEAST_PX2 else np.ones(1, np.float32)


def _slanted(across: float, slant: float, down: float) -> NDArray[np.float32]:
    # A smear has no width of its own; a tenth of a pixel's keeps the inverse finite.
    inverse = np.linalg.inv(np.array([[across, slant], [slant, down]]) + 0.1 * np.eye(2))
    reach = max(2, int(np.ceil(3 * max(across, down) ** 0.5)))
    at = np.arange(-reach, reach + 1, dtype=np.float64)
    x, y = np.meshgrid(at, at)
    kernel = np.exp(-0.5 * (inverse[0, 0] * x * x + 2 * inverse[0, 1] * x * y + inverse[1, 1] * y * y))
    return np.asarray(kernel / kernel.sum(), np.float32)
