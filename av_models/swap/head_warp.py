"""A head that is bent into another outline: the field of one frame, and what it makes of the frame's picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Pixels = NDArray[np.unsignedinteger[Any]]
Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""

__all__ = ["REACH", "HeadWarp", "PlateWarp"]

REACH = 0.3
"""How far beyond the painted face's crop the picture may move, in sides of it."""


@dataclass(frozen=True, slots=True, eq=False)
class HeadWarp:
    """One frame's. field (F,F,2): from where each place of the moved picture comes, as a displacement in x and y, over
    the crop and REACH round it, fine enough to be sampled linearly, and 0 at its sides.  filmed (68,2): the plate's
    landmarks.  landmarks: the same with jaw and brows where they lie now.  All in units of the side of the painted
    face's crop."""

    field: NDArray[np.float32]
    filmed: Floats
    landmarks: Floats

    def in_plate(
        self, matrix: Floats, size_px: int, shape: tuple[int, ...], box: Box | None = None
    ) -> PlateWarp | None:
        """matrix (2,3): from the pixels of a plate of that shape to those of the crop of size_px.  box: what of the
        plate is asked for; what can move if left out, and None where nothing can."""
        matrix = np.asarray(matrix, np.float64)
        box = box or _reached(matrix, size_px, shape)
        if box is None:
            return None
        left, top, right, bottom = box
        cells = np.vstack([self._to_cells(size_px), [0, 0, 1]]) @ np.vstack([matrix, [0, 0, 1]])
        cells[:2, 2] += cells[:2, :2] @ (left, top)
        turned = size_px * self.field @ np.linalg.inv(matrix[:, :2]).T.astype(np.float32)
        moves = _sampled(turned, cells[:2], (right - left, bottom - top))
        return PlateWarp(self, matrix, size_px, (shape[1], shape[0]), box, moves)

    def crop(self, mask: Floats) -> NDArray[np.float32]:
        """A picture (D,D) of the painted face's crop moved along."""
        import cv2

        side = mask.shape[0]
        x, y = _sources(_sampled(side * self.field, self._to_cells(side), (side, side)))
        return np.asarray(cv2.remap(np.asarray(mask, np.float32), x, y, cv2.INTER_LINEAR), np.float32)

    def _to_cells(self, size_px: int) -> Floats:
        """(2,3): from pixels of a crop to cells of the field."""
        scale = len(self.field) / (1 + 2 * REACH) / size_px
        shift = scale * (0.5 + REACH * size_px) - 0.5
        return np.array([[scale, 0, shift], [0, scale, shift]])


class PlateWarp:
    """A `HeadWarp` in one plate, of which no edge moves: nothing is drawn into the picture from beyond.

    moves (H,W,2): from where the pixels of the box come, as displacements in x and y in those pixels.
    """

    def __init__(
        self,
        warp: HeadWarp,
        matrix: Floats,
        size_px: int,
        limits: tuple[int, int],
        box: Box,
        unhindered: NDArray[np.float32],
    ) -> None:
        """limits: width and height of the plate.  unhindered: `moves` in a plate without edges."""
        self.warp, self.matrix, self.size_px, self.limits, self.box = warp, matrix, size_px, limits, box
        x, y = unhindered[..., 0], unhindered[..., 1]
        self.most = _farthest(x[:, 0], x[:, -1]), _farthest(y[0], y[-1])
        self.moves = self._held(unhindered)

    def picture(self, plate: Pixels) -> Pixels:
        """The plate (H,W,3) moved."""
        import cv2

        left, top, right, bottom = self.box
        x, y = _sources(self.moves, left, top)
        out = plate.copy()
        out[top:bottom, left:right] = cv2.remap(plate, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return out

    def outline(self) -> Floats:
        """(68,2): the warp's `landmarks` where they lie in this plate; in the same units."""
        away = np.linalg.inv(np.vstack([self.matrix, [0, 0, 1]]))[:2]
        filmed, wanted = (
            (points * self.size_px - 0.5) @ away[:, :2].T + away[:, 2]
            for points in (self.warp.filmed, self.warp.landmarks)
        )
        lies = np.array(wanted)
        for axis in (0, 1):
            share = self._share(wanted[:, axis], axis)
            if share is not None:
                lies[:, axis] = filmed[:, axis] + share * (wanted - filmed)[:, axis]
        return np.asarray((lies @ self.matrix[:, :2].T + self.matrix[:, 2] + 0.5) / self.size_px)

    def _held(self, moves: NDArray[np.float32]) -> NDArray[np.float32]:
        left, top, right, bottom = self.box
        for axis, (first, end) in enumerate(((left, right), (top, bottom))):
            share = self._share(np.arange(first, end, dtype=np.float32), axis)
            if share is not None:
                moves[..., axis] *= share[None] if axis == 0 else share[:, None]
        return moves

    def _share(self, at: Floats, axis: int) -> Floats | None:
        """(K,) 0..1 at places along an axis, 0 across and 1 down: the plate's edges do not move along it, and from them
        movements grow slowly enough not to fold. None where no edge would move; where a box ends, nothing moves
        anyway."""
        first, last = self.most[axis]
        if not first and not last:
            return None
        near = np.minimum(at / max(2 * first, 1e-6), (self.limits[axis] - 1 - at) / max(2 * last, 1e-6))
        return np.clip(near, 0, 1)


def _farthest(*lines: Floats) -> tuple[float, ...]:
    return tuple(float(np.abs(line).max()) for line in lines)


def _sources(moves: Floats, left: int = 0, top: int = 0) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """x and y (H,W) of what is shown at each pixel of a box that begins at left, top."""
    height, width = moves.shape[:2]
    x = moves[..., 0] + np.arange(left, left + width, dtype=np.float32)
    y = moves[..., 1] + np.arange(top, top + height, dtype=np.float32)[:, None]
    return np.asarray(x, np.float32), np.asarray(y, np.float32)


def _sampled(field: Floats, to_cells: Floats, size: tuple[int, int]) -> NDArray[np.float32]:
    """A fine field at pixels of a picture of size (width, height); 0 beyond it."""
    import cv2

    way = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    values = np.asarray(field, np.float32)
    return np.asarray(cv2.warpAffine(values, to_cells, size, flags=way, borderMode=cv2.BORDER_CONSTANT), np.float32)


def _reached(matrix: Floats, size_px: int, shape: tuple[int, ...]) -> Box | None:
    """What of a plate can move; None if nothing."""
    back = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))[:2]
    ends = np.array([-REACH, 1 + REACH]) * size_px - 0.5
    corners = np.array([(x, y) for x in ends for y in ends]) @ back[:, :2].T + back[:, 2]
    limits = (shape[1], shape[0])
    left, top = np.clip(np.floor(corners.min(0)).astype(int), 0, limits).tolist()
    right, bottom = np.clip(np.ceil(corners.max(0)).astype(int) + 1, 0, limits).tolist()
    return (left, top, right, bottom) if right > left and bottom > top else None
