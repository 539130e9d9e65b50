"""Light and shade from the plate: the source was filmed in another light, and a painted face brings that light along.

What separates light from faces is that faces are nearly the same on their left and right, and light hardly ever is: the
part of a difference that changes its sign when the face is mirrored is light, and may be taken over in detail and in
colour. The part that stays the same is light from above or below, but also the two people's different cheeks and noses:
of that only what is very smooth is taken, and only in lightness.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["SHADING_PX", "hue_left", "side_light"]

Floats = NDArray[np.floating[Any]]

SHADING_PX = 96
"""Side of the field; it is smooth."""

# As shares of the crop's side: a nose's flanks are told apart, freckles and noise are not; and cheek from forehead.
_FINE, _HUE, _COARSE = 0.02, 0.08, 0.12
_LIKE, _LEAST_ALIKE, _MOST_HUE = 0.15, 0.1, 0.12
_EVEN_SHARE = 0.4
_LEAST_SEEN = 0.5
_MOST = 0.45
_DARK = 0.02
"""Added before logarithms, so that black stays black."""


def side_light(faces: Floats, plates: Floats, skin: Floats, axis: float) -> NDArray[np.float32]:
    """Gain (SHADING_PX,SHADING_PX,3) that gives faces (N,D,D,3) the plates' light and shade; near 1 on average.

    plates (N,D,D,3): the same frames at the same place.  skin (N,D,D) 0..1: bare skin of both.  axis: where the nose's
    bridge lies, across the crop, 0..1; the face is mirrored there.
    """
    change, weight = _mean_change(faces, plates, skin)
    if weight.max() <= 0:
        return np.ones((SHADING_PX, SHADING_PX, 3), np.float32)
    change = change - (change * weight[..., None]).sum((0, 1)) / weight.sum()
    other, other_weight = _mirrored(change * weight[..., None], axis), _mirrored(weight, axis)
    both = weight * other_weight
    other = other / np.maximum(other_weight, 1e-6)[..., None]
    odd = _smooth(_spread(change - other, both, _FINE), both) / 2
    even = _spread((change + other).mean(-1, keepdims=True), both, _COARSE)[0] / 2
    field = odd + _EVEN_SHARE * even * _near(weight)[..., None]
    return np.exp(np.clip(field, -_MOST, _MOST)).astype(np.float32)


def hue_left(faces: Floats, plates: Floats, skin: Floats) -> NDArray[np.float32]:
    """Gain (SHADING_PX,SHADING_PX,3) that gives faces, lit and coloured already, the plates' hues; lightness stays.

    A change of colours is the same all over a face: where light of another hue fell on the source, or fairer skin in
    shade was more saturated, a cheek stays yellow beside a rosy one. Shaded alike, faces are to be of like hue, too;
    as coarse as cheek and forehead, what somebody's own freckles and lips are stays. Arguments: see `side_light`.
    """
    change, weight = _mean_change(faces, plates, skin)
    level = change.mean(-1, keepdims=True)
    # One face's brow or lash on the other's skin says nothing about light.
    weight = weight * np.exp(-0.5 * (level[..., 0] / _LIKE) ** 2)
    if weight.max() < _LEAST_ALIKE:
        return np.ones((SHADING_PX, SHADING_PX, 3), np.float32)
    change = change - level
    change = change - (change * weight[..., None]).sum((0, 1)) / weight.sum()
    return np.exp(np.clip(_smooth(_spread(change, weight, _HUE), weight), -_MOST_HUE, _MOST_HUE)).astype(np.float32)


def _mean_change(faces: Floats, plates: Floats, skin: Floats) -> tuple[Floats, Floats]:
    """Logarithm of the plates over the faces (G,G,3), and how much each place counts (G,G) 0..1."""
    weight = np.stack([_shrunk(mask) for mask in skin])
    total = np.maximum(weight.sum(0), 1e-6)[..., None]
    levels = [
        np.log(sum(_shrunk(one * mask[..., None]) for one, mask in zip(pictures, skin, strict=True)) / total + _DARK)
        for pictures in (plates, faces)
    ]
    seen = weight.mean(0) * (weight.mean(0) > _LEAST_SEEN)
    return np.where(seen[..., None] > 0, levels[0] - levels[1], 0.0), seen


def _spread(values: Floats, weight: Floats, sigma: float) -> tuple[Floats, Floats]:
    """Weighted mean round every place, and how much is known there."""
    import cv2

    def soft(plane: Floats) -> Floats:
        return np.asarray(cv2.GaussianBlur(np.asarray(plane, np.float32), (0, 0), sigma * SHADING_PX), np.float32)

    known = soft(weight)
    mean = soft(values * weight[..., None]).reshape(*weight.shape, -1) / np.maximum(known, 1e-3)[..., None]
    return mean, known


def _smooth(fine: tuple[Floats, Floats], weight: Floats) -> Floats:
    """Fine where skin is seen; over eyes, mouth and beyond the face what is round them, fading out."""
    values, known = fine
    sure = np.clip(known, 0, 1)[..., None]
    around, _ = _spread(values, known, _COARSE / 2)
    return sure * values + (1 - sure) * around * _near(weight)[..., None]


def _near(weight: Floats) -> Floats:
    """1 on the face, 0 far from it."""
    _, known = _spread(weight[..., None], weight, _COARSE / 2)
    return np.clip(2 * known, 0, 1)


def _mirrored(planes: Floats, axis: float) -> Floats:
    import cv2

    side = planes.shape[1]
    flip = np.array([[-1.0, 0, 2 * axis * side - 1], [0, 1, 0]])
    return np.asarray(cv2.warpAffine(np.asarray(planes, np.float32), flip, (side, side), flags=cv2.INTER_LINEAR))


def _shrunk(plane: Floats) -> Floats:
    import cv2

    shape = (SHADING_PX, SHADING_PX)
    return np.asarray(cv2.resize(np.asarray(plane, np.float32), shape, interpolation=cv2.INTER_AREA))
