"""Laying a painted face into the plate: one warp of the face's own region, in floats from the network to the last
rounding, which has as many bits as the footage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..domain.swap import Blend

Floats = NDArray[np.floating[Any]]
Pixels = NDArray[np.unsignedinteger[Any]]
"""Of 8 or 16 bits a sample."""

_BANDS = 4
_SHRINK_BELOW = 0.8


@dataclass(frozen=True, slots=True)
class Laid:
    """picture (H,W,3) of the plate's type.  seam: mean distance of face and plate along the soft edge, 0..1."""

    picture: Pixels
    seam: float


def lay_in(plate: Pixels, face: Floats, matte: Floats, matrix: Floats, blend: Blend = Blend.FEATHER) -> Laid:
    """The plate (H,W,3) with `face` (D,D,3) 0..1 laid in under `matte` (D,D).

    matrix (2,3): from plate pixels to crop pixels.  A face outside the picture leaves the plate as it is.
    """
    import cv2

    face, matte, back = _fitted(face, matte, _f(cv2.invertAffineTransform(np.asarray(matrix, np.float64))))
    box = _box(matte, back, plate.shape)
    if box is None:
        return Laid(plate, 0.0)
    left, top, right, bottom = box
    back[:, 2] -= (left, top)
    size = (right - left, bottom - top)
    shown = _f(cv2.warpAffine(face, back, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE))
    alpha = _f(cv2.warpAffine(matte, back, size, flags=cv2.INTER_LINEAR))
    full = float(np.iinfo(plate.dtype).max)
    under = plate[top:bottom, left:right].astype(np.float32)
    change = _f(cv2.addWeighted(np.clip(shown, 0, 1, out=shown), full, under, -1, 0))
    seam = _along_edge(change, alpha) / full
    moved = _multiband(change, alpha) if blend is Blend.MULTIBAND else _under(change, alpha)
    out = plate.copy()
    # Rounded and held within the type by OpenCV.
    out[top:bottom, left:right] = cv2.add(under, moved, dtype=cv2.CV_8U if plate.dtype == np.uint8 else cv2.CV_16U)
    return Laid(out, seam)


def _fitted(face: Floats, matte: Floats, back: Floats) -> tuple[Floats, Floats, Floats]:
    """Where the face is smaller in the plate than it was painted, it is averaged first, so that it does not alias."""
    import cv2

    scale = float(np.sqrt(abs(np.linalg.det(back[:, :2]))))
    if scale >= _SHRINK_BELOW:
        return _f(face), _f(matte), back
    side = max(8, int(np.ceil(face.shape[0] * scale)))
    share = face.shape[0] / side
    small = [_f(cv2.resize(_f(p), (side, side), interpolation=cv2.INTER_AREA)) for p in (face, matte)]
    back = np.concatenate([back[:, :2] * share, back[:, :2] @ np.full((2, 1), (share - 1) / 2) + back[:, 2:]], 1)
    return small[0], small[1], back


def _box(matte: Floats, back: Floats, shape: tuple[int, ...]) -> tuple[int, int, int, int] | None:
    """What the matte reaches in the plate: left, top, right, bottom; None if nothing."""
    rows, columns = (np.flatnonzero((matte > 0).any(axis)) for axis in (1, 0))
    if not len(rows):
        return None
    x, y = (columns[0] - 1, columns[-1] + 1), (rows[0] - 1, rows[-1] + 1)
    corners = np.array([(a, b) for a in x for b in y]) @ back[:, :2].T + back[:, 2]
    left, top = np.maximum(np.floor(corners.min(0)).astype(int), 0).tolist()
    right, bottom = np.minimum(np.ceil(corners.max(0)).astype(int) + 1, (shape[1], shape[0])).tolist()
    return (left, top, right, bottom) if right > left and bottom > top else None


def _along_edge(change: Floats, alpha: Floats) -> float:
    import cv2

    weight = alpha * (1 - alpha)
    total = float(weight.sum())
    if not total:
        return 0.0
    grey = _f(cv2.transform(change, np.full((1, 3), 1 / 3, np.float32)))
    return float((np.abs(grey, out=grey) * weight).sum() / total)


def _under(picture: Floats, matte: Floats) -> Floats:
    """The picture (H,W,3) times the matte (H,W). NumPy's way to stretch a matte over three channels takes five times
    as long."""
    import cv2

    return _f(cv2.multiply(picture, cv2.merge([matte, matte, matte])))


def _multiband(change: Floats, alpha: Floats) -> Floats:
    """Each octave of the change under a matte that is as soft as the octave is coarse (Burt and Adelson 1983)."""
    import cv2

    levels, mattes = [change], [alpha]
    for _ in range(_BANDS):
        if min(levels[-1].shape[:2]) < 16:
            break
        levels.append(_f(cv2.pyrDown(levels[-1])))
        mattes.append(_f(cv2.pyrDown(mattes[-1])))
    mixed = _under(levels[-1], mattes[-1])
    for fine, coarse, soft in zip(levels[-2::-1], levels[:0:-1], mattes[-2::-1], strict=True):
        size = (fine.shape[1], fine.shape[0])
        band = cv2.subtract(fine, cv2.pyrUp(coarse, dstsize=size))
        mixed = _f(cv2.add(cv2.pyrUp(mixed, dstsize=size), _under(_f(band), soft)))
    # Coarse bands reach beyond the matte; there, hair and background stay untouched.
    return _under(mixed, np.minimum(alpha * 8, 1))


def _f(values: Any) -> Floats:
    """OpenCV's answers carry no type. Matrices keep their double precision."""
    array = np.asarray(values)
    return array if array.dtype == np.float64 and array.shape == (2, 3) else np.asarray(array, np.float32)


__all__ = ["Laid", "lay_in"]
