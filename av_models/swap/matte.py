"""Where the painted face shows, and how its edge runs. Mattes are (D,D) float32 0..1 in the painted face's crop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..domain.swap import MaskKind, Region, SwapOptions
from ..face.mask import hull_mask

Floats = NDArray[np.floating[Any]]

_POINTS: dict[Region, tuple[tuple[int, ...], ...]] = {
    Region.BROWS: (tuple(range(17, 22)), tuple(range(22, 27))),
    Region.EYES: (tuple(range(36, 42)), tuple(range(42, 48))),
    Region.NOSE: (tuple(range(27, 36)),),
    Region.MOUTH: (tuple(range(48, 60)),),
    Region.JAW: ((*range(3, 14), 54, 55, 56, 57, 58, 59, 48),),
}
_MARGIN = {Region.BROWS: 0.03, Region.EYES: 0.03, Region.NOSE: 0.02, Region.MOUTH: 0.035, Region.JAW: 0.0}
"""Of the crop's side: landmarks run along the middle of a brow and the rim of a lid."""

_SOFT = 0.015


def hull_masks(landmarks: Iterable[Floats], size_px: int) -> NDArray[np.float32]:
    """(N,68,2) px, or only jaws and brows (N,27..,2) -> hard hulls (N,size_px,size_px)."""
    return np.stack([hull_mask(points, (size_px, size_px), feather=0.0) for points in landmarks])


def matte(
    learned: Floats, hull: Floats, landmarks: Floats, options: SwapOptions, hidden: Floats | None = None
) -> NDArray[np.float32]:
    """learned: the decoder's own mask.  hull: of the actor's face.  landmarks: (68,2) px of the crop.  hidden: what is
    in front of the face, 1 where it is."""
    side = learned.shape[0]
    face = {MaskKind.HULL: hull, MaskKind.LEARNED: learned}.get(options.mask)
    inside = np.minimum(learned, hull) if face is None else face
    mask = paste_mask(inside, options.erode * side, options.blur * side)
    if options.keep:
        mask = np.asarray(mask * (1 - region_mask(landmarks, side, options.keep)), np.float32)
    if hidden is not None:
        mask = np.asarray(mask * (1 - hidden), np.float32)
    return mask


def paste_mask(face: Floats, erode_px: float, blur_px: float) -> NDArray[np.float32]:
    """Inside a face (D,D), soft towards the inside.

    With erode_px of two blur_px the soft edge ends inside the face, and neither hair nor background comes along.
    """
    import cv2

    inside = (face > 0.5).astype(np.uint8)
    inside[[0, -1]] = inside[:, [0, -1]] = 0  # beyond the crop there is no face
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_5)
    if blur_px <= 0:
        return (depth > erode_px).astype(np.float32)
    hard = (depth > erode_px).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(hard, (0, 0), blur_px, borderType=cv2.BORDER_CONSTANT), np.float32)


def region_mask(landmarks: Floats, size_px: int, regions: Iterable[Region]) -> NDArray[np.float32]:
    """Soft mask (size_px,size_px) of parts of a face; landmarks (68,2) px."""
    import cv2

    mask = np.zeros((size_px, size_px), np.float32)
    for region in regions:
        one = np.zeros((size_px, size_px), np.uint8)
        for points in _POINTS[region]:
            outline = np.round(np.asarray(landmarks)[list(points)]).astype(np.int32)
            cv2.fillPoly(one, [outline if region is Region.JAW else cv2.convexHull(outline)], 1)
        reach = 2 * round(_MARGIN[region] * size_px) + 1
        mask = np.maximum(mask, cv2.dilate(one, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))))
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), _SOFT * size_px), np.float32)


__all__ = ["hull_masks", "matte", "paste_mask", "region_mask"]
