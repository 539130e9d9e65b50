"""How much noise a painted face lacks beside the footage. It is measured in the footage's own pixels: a crop at another
size has averaged some of the noise away."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..face.mask import hull_mask
from .faces import feature_weight
from .render import grained, sharpened
from .softness import blurred

__all__ = ["MAX_GRAIN", "bare_skin", "footage_grain", "grain_level", "missing_grain"]

Floats = NDArray[np.floating[Any]]
Pixels = NDArray[np.uint8]

MAX_GRAIN = 0.03

_SIGMA_PX = 0.8
_PATCH_PX = 7
_SMOOTHEST = 20
"""Per cent of the patches: pores, lashes and shine are in the others."""

_MEASURED = 8
"""Faces that are laid to see how much of their noise comes through."""


def missing_grain(
    faces: Floats, level: float, skin: Floats, sharpen: float, scale: float = 1.0, soft: float = 0.0
) -> float:
    """Standard deviation of the noise that is to be put on painted faces (N,D,D,3) so that laid into the footage they
    have its `level`.

    skin (N,D,D): bare skin.  scale: footage pixels beside a pixel of the painted face, by which noise is averaged away
    or drawn out on the way.  soft: variance of the blur that faces get, in their own pixels.
    """
    chosen = np.unique(np.linspace(0, len(faces) - 1, min(_MEASURED, len(faces))).round().astype(int))
    crisp = np.stack([blurred(sharpened(faces[one], sharpen), soft * np.eye(2)) for one in chosen])
    noise = np.stack([grained(np.zeros(crisp.shape[1:], np.float32), 1.0, seed) for seed in range(len(chosen))])
    masks = _laid(skin[chosen], scale)
    missing = level**2 - grain_level(_laid(crisp, scale), masks) ** 2
    kept = grain_level(_laid(noise, scale), masks)
    return float(min(max(missing, 0.0) ** 0.5 / kept, MAX_GRAIN)) if kept > 0 else 0.0


def footage_grain(rgb: Pixels, landmarks: Floats) -> float | None:
    """`grain_level` of a face in a frame (H,W,3) with landmarks (68,2) px; None where no bare skin is seen."""
    first = np.maximum(np.floor(landmarks.min(0)).astype(int), 0)
    side = int(np.ceil(np.ptp(landmarks, axis=0).max()))
    box = rgb[first[1] : first[1] + side, first[0] : first[0] + side]
    if min(box.shape[:2]) < 2 * _PATCH_PX:
        return None
    points = landmarks - first
    hull = hull_mask(points, (side, side), feather=0.0) * bare_skin(points[None], side)[0]
    skin = hull[: box.shape[0], : box.shape[1]]
    return grain_level(box[None].astype(np.float32) / 255, skin[None]) or None


def grain_level(pictures: Floats, skin: Floats) -> float:
    """Noise of pictures (N,H,W,3) inside masks: the fine detail of the smoothest patches, where there is no texture."""
    import cv2

    found = []
    for picture, mask in zip(pictures, skin, strict=True):
        fine = (picture - cv2.GaussianBlur(picture, (0, 0), _SIGMA_PX)).mean(-1)
        power = cv2.blur(fine * fine, (_PATCH_PX, _PATCH_PX))
        inner = cv2.erode((mask > 0.5).astype(np.uint8), np.ones((_PATCH_PX, _PATCH_PX), np.uint8)) > 0
        found.append(power[inner])
    values = np.concatenate(found)
    return float(np.sqrt(max(np.percentile(values, _SMOOTHEST), 0.0))) if len(values) else 0.0


def bare_skin(landmarks: Floats, size_px: int) -> NDArray[np.float32]:
    """(N,D,D): 1 on bare skin, 0 over eyes and mouth."""
    features = feature_weight(torch.from_numpy(np.asarray(landmarks)).float(), size_px, 3.0, 3.0)[:, 0].numpy()
    return (features < 1.5).astype(np.float32)


def _laid(pictures: Floats, scale: float) -> Floats:
    """As large as in the footage, resampled as `paste.lay_in` does."""
    import cv2

    side = max(2 * _PATCH_PX, round(pictures.shape[1] * scale))
    way = cv2.INTER_CUBIC if scale >= 1 else cv2.INTER_AREA
    return np.stack([np.asarray(cv2.resize(one, (side, side), interpolation=way), np.float32) for one in pictures])
