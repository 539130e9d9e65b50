"""Laying one person's painted face into frame after frame of a shot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from av_models.domain.swap import FaceSwap, SwapOptions
from tasks.heads import OtherHeads
from tasks.plates import compose, in_pixels, ready_painter
from tasks.shot_frames import Seen
from tasks.softness import Edges

if TYPE_CHECKING:
    from av_models.swap.doubts import Signs
    from av_models.swap.head_warp import HeadWarp
    from av_models.swap.plate import PlateLook

__all__ = ["Hand", "PaintedFace", "Patch", "to_painted"]


@dataclass(frozen=True, slots=True, eq=False)
class PaintedFace:
    """On its way into the plate: face (D,D,3), graded; learned (D,D): the decoder's mask; crop (S,S,3) uint8 of the
    plate; hidden (F,F): what is in front of it, in the same crop, None if nothing is; code: distance from the usual;
    points (K,2): see `SwapNetwork.points`; edges: of the plate, None if its softness is not followed; moves (27,2): of
    the plate's outline, None if its head stays as it was filmed; blur (2,2): covariance of the blur that the painted
    face gets."""

    face: np.ndarray
    learned: np.ndarray
    crop: np.ndarray
    hidden: np.ndarray | None
    code: float
    points: np.ndarray
    edges: Edges | None
    moves: np.ndarray | None
    blur: np.ndarray | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """What was laid in: face (D,D,3) and matte (D,D) 0..1, and the matrix (2,3) from the picture's pixels to theirs.
    warp: what the picture was moved by before, None if nothing."""

    face: np.ndarray
    matte: np.ndarray
    matrix: np.ndarray
    warp: HeadWarp | None = None


def to_painted(look: PlateLook, seen: Seen, size_px: int) -> np.ndarray:
    """(2,3): from the frame's plate to the painted face."""
    from av_models.face.warp import align_matrix

    return compose(_inverse(in_pixels(look.place, size_px)), align_matrix(seen.landmarks, size_px, look.template))


class Hand:
    """Lays one person's face into frame after frame."""

    def __init__(self, swap: FaceSwap, options: SwapOptions) -> None:
        self.painter, self.finish, self.grade = ready_painter(swap.weights, swap.match.data)
        self.look, self.options = self.grade.look, options
        self.rest()

    def rest(self) -> None:
        """The next frame has no neighbour."""
        self.before: tuple[np.ndarray, np.ndarray] | None = None
        self.others = OtherHeads()

    def remember(self, face: PaintedFace | None) -> None:
        """The next frame's neighbour, which is not laid in."""
        self.before = _small_of(face) if face is not None else None

    def lay(self, picture: np.ndarray, face: PaintedFace, seen: Seen, time_s: float) -> tuple[np.ndarray, Signs, Patch]:
        from av_models.face.warp import transform
        from av_models.swap.matte import hull_masks, matte
        from av_models.swap.paste import lay_in

        size = self.painter.output_px
        matrix = to_painted(self.look, seen, size)
        points, hidden = transform(seen.landmarks, matrix), self._hidden(face.hidden, size)
        hull, shown = hull_masks(points[None], size)[0], self._finished(face, time_s)
        warp, inside, covered = self._warp(points, face, matrix), hull, hidden
        if warp is not None:
            bent = warp.in_plate(matrix, size, picture.shape)
            points = (warp.landmarks if bent is None else bent.outline()) * size - 0.5
            picture = picture if bent is None else bent.picture(picture)
            inside = hull_masks(points[None], size)[0]
            covered = warp.crop(hidden) if hidden is not None else None
        mask = matte(face.learned, inside, points, self.options, covered)
        laid = lay_in(picture, shown, mask, matrix, self.options.edge)
        signs = self._signs(face, seen, hull, hidden, laid.seam)
        return laid.picture, signs, Patch(shown, mask, matrix, warp)

    def _warp(self, points: np.ndarray, face: PaintedFace, matrix: np.ndarray) -> HeadWarp | None:
        """points (68,2): the plate's landmarks, px of the painted face.  matrix (2,3): to those from the picture's."""
        from av_models.swap.reshape import head_warp

        if face.moves is None:
            return None
        size = self.painter.output_px
        return head_warp((points + 0.5) / size, face.moves, self.options, self.others.boxes(matrix, size))

    def _finished(self, painted: PaintedFace, time_s: float) -> np.ndarray:
        from av_models.swap.render import grained, sharpened
        from av_models.swap.softness import blurred

        face = painted.face
        if self.options.detail:
            face = sharpened(face, self.finish.sharpen)
            face = blurred(face, painted.blur) if painted.blur is not None else face
            face = grained(face, float(self.look.grain), seed=round(time_s * 1e6))
        return np.clip(face, 0, 1)  # before the warp: a file for a compositor holds no more

    def _hidden(self, hidden: np.ndarray | None, size_px: int) -> np.ndarray | None:
        """(D,D): what is in front of the face, None where nothing is."""
        import cv2

        if hidden is None:
            return None
        from_crop = compose(_inverse(in_pixels(self.look.place, size_px)), _rescale(len(hidden), size_px))
        return cv2.warpAffine(hidden, from_crop, (size_px, size_px))

    def _signs(self, face: PaintedFace, seen: Seen, hull: np.ndarray, hidden: np.ndarray | None, seam: float) -> Signs:
        from av_models.swap.doubts import Signs, jump_between, outline_strays

        now = _small_of(face)
        jump = jump_between(now[0], self.before[0], now[1], self.before[1]) if self.before is not None else 0.0
        self.before = now
        share = float(hidden[hull > 0.5].mean()) if hidden is not None and hull.any() else 0.0
        strays = outline_strays(face.learned, hull, self.look.agreement)
        turn_deg = max(abs(seen.pose.yaw_deg), abs(seen.pose.pitch_deg))
        return Signs(seen.score, strays, seam, share, face.code, jump, turn_deg, seen.sharpness)


def _small_of(face: PaintedFace) -> tuple[np.ndarray, np.ndarray]:
    """Of the painted face and of the plate, see `doubts.jump_between`."""
    from av_models.swap.doubts import small

    return small(face.face), small(face.crop / np.float32(255))


def _inverse(matrix: np.ndarray) -> np.ndarray:
    from av_models.face.warp import invert

    return invert(matrix)


def _rescale(from_px: int, to_px: int) -> np.ndarray:
    """(2,3): pixels of a crop to those of the same crop at another size."""
    share = to_px / from_px
    return np.array([[share, 0, (share - 1) / 2], [0, share, (share - 1) / 2]])
