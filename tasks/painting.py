"""From the frames of a shot to finished pictures: crop, paint, grade, lay in. Arrays in memory, a few frames at a
time; every step runs ahead of the next in a thread of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from av_models.domain.edit import Shot
from av_models.domain.swap import FaceSwap, SwapOptions
from tasks.plates import compose, in_pixels, ready_painter
from tasks.shot_frames import Seen, ShotFrame, shot_frames
from tasks.softness import Edges, blur_of, edges_in, with_near
from tasks.workspace import store

if TYPE_CHECKING:
    from av_models.swap.doubts import Signs
    from av_models.swap.plate import Grade, PlateLook
    from av_models.swap.render import Painter

__all__ = ["Finished", "finished_frames"]

BATCH_AT_1080P = 12
MOST_IN_BATCH = 32
"""Of all painters together."""

MOST_PAINTERS = 4


@dataclass(frozen=True, slots=True, eq=False)
class _Face:
    """A painted face on its way: face (D,D,3), graded; learned (D,D): the decoder's mask; crop (S,S,3) uint8 of the
    plate; hidden (S,S): what is in front of it, None if nobody looks; code: distance from the usual; edges: of the
    plate, None if its softness is not followed; blur (2,2): covariance of the blur that the painted face gets."""

    face: np.ndarray
    learned: np.ndarray
    crop: np.ndarray
    hidden: np.ndarray | None
    code: float
    edges: Edges | None
    blur: np.ndarray | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """What was laid in: face (D,D,3) and matte (D,D) 0..1, and the matrix (2,3) from the picture's pixels to theirs."""

    face: np.ndarray
    matte: np.ndarray
    matrix: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Finished:
    """picture: the frame's plate with the faces in it.  signs, patches: a place for each of the shot's faces, None
    where it is not in the picture."""

    frame: ShotFrame
    picture: np.ndarray
    signs: tuple[Signs | None, ...]
    patches: tuple[Patch | None, ...]

    @property
    def confidence(self) -> float:
        """Of the least sure face; 0 where one that should have been swapped is not, or there is none."""
        sure = [one.confidence() for one in self.signs if one is not None]
        return min(sure) if sure and self.frame.reason is None else 0.0


_Painted = tuple[ShotFrame, tuple[_Face | None, ...]]


def finished_frames(shot: Shot) -> Iterator[Finished]:
    """Every frame of the shot, in order."""
    from av_models.runtime.ahead import ahead

    painted = ahead(_painted(shot, ahead(shot_frames(shot), 2)), 2)
    yield from ahead(_laid_in(shot, _as_soft(shot, painted)), 2)


def _painted(shot: Shot, frames: Iterable[ShotFrame]) -> Iterator[_Painted]:
    from av_models.runtime.device import torch_threads
    from av_models.runtime.side_by_side import batched, side_by_side

    mouths = [_mouths(face) for face in shot.faces]
    footage = shot.faces[0].track.footage
    size = min(MOST_IN_BATCH, round(BATCH_AT_1080P * 1920 * 1080 / (footage.width_px * footage.height_px)))
    n_painters, n_threads = _painters(shot)  # loads the painters, which sets the number of threads, too

    def work(batch: list[ShotFrame]) -> list[_Painted]:
        return _paint_batch(shot, batch, mouths)

    with torch_threads(n_threads):
        for painted in side_by_side(work, batched(frames, max(1, size // n_painters)), n_painters):
            yield from painted


def _mouths(face: FaceSwap) -> np.ndarray:
    """(N,8) of the shot's frames and their neighbours."""
    arrays = store().arrays(face.mouth)
    return np.concatenate([arrays[name] for name in ("before", "mouth", "after") if name in arrays])


def _painters(shot: Shot) -> tuple[int, int]:
    """How many batches are painted at once, and with how many threads each.

    On a CPU several painters of few threads each: the threads of one wait for the slowest at every layer, and as
    decoding, laying in and encoding want the same cores, that costs more than the painting itself.
    """
    from av_models.runtime.device import n_cores

    devices = {ready_painter(face.weights, face.match.data)[0].device.type for face in shot.faces}
    n_painters = min(n_cores(), MOST_PAINTERS) if devices == {"cpu"} else 1
    return n_painters, n_cores() // n_painters


def _paint_batch(shot: Shot, batch: list[ShotFrame], mouths: list[np.ndarray]) -> list[_Painted]:
    rows, detail = [frame.index + len(shot.before_s) for frame in batch], shot.options.detail
    columns = [_paint_person(face, k, batch, mouths[k][rows], detail) for k, face in enumerate(shot.faces)]
    return [(frame, tuple(column.get(i) for column in columns)) for i, frame in enumerate(batch)]


def _paint_person(
    swap: FaceSwap, person: int, batch: list[ShotFrame], mouths: np.ndarray, detail: bool
) -> dict[int, _Face]:
    from av_models.face.warp import align_matrix, warp_crop
    from av_models.swap.doubts import code_distance

    painter, finish, grade = ready_painter(swap.weights, swap.match.data)
    there = [(i, one) for i, frame in enumerate(batch) if (one := frame.seen[person]) is not None]
    if not there:
        return {}
    look, size, side = grade.look, painter.input_px, painter.output_px
    crops = [warp_crop(batch[i].shallow, align_matrix(one.landmarks, size, look.template), size) for i, one in there]
    rows = [i for i, _ in there]
    faces, masks, codes = _graded(painter, grade, crops, mouths[rows], [batch[i] for i in rows])
    strange = code_distance(codes, look.code_mean, np.array(finish.code_spread)).tolist()
    hidden = look.front.all_hidden(crops) if look.front is not None else [None] * len(crops)
    edges = [edges_in(batch[i], one, _to_painted(look, one, side), look) if detail else None for i, one in there]
    columns = zip(faces, masks, crops, hidden, strange, edges, strict=True)
    return {i: _Face(*column) for i, column in zip(rows, columns, strict=True)}


def _graded(
    painter: Painter, grade: Grade, crops: list[np.ndarray], mouths: np.ndarray, frames: list[ShotFrame]
) -> tuple[np.ndarray, ...]:
    """Faces (N,D,D,3) in the plate's light, the decoder's masks (N,D,D), and the codes (N,C) of the crops."""
    times, scenes = np.array([frame.time_s for frame in frames]), np.array([frame.scene for frame in frames])

    def work(part: slice) -> tuple[np.ndarray, ...]:
        painted = painter.paint_tensors(np.stack(crops[part]), mouths[part])
        graded = grade(painted.faces, times[part], scenes[part]).permute(0, 2, 3, 1).contiguous()
        return tuple(one.cpu().numpy() for one in (graded, painted.masks, painted.codes))

    return tuple(np.concatenate(one) for one in zip(*painter.fitting.parts(work, len(crops)), strict=True))


def _as_soft(shot: Shot, painted: Iterable[_Painted]) -> Iterator[_Painted]:
    """With the blur of every face."""
    looks = [ready_painter(swap.weights, swap.match.data)[2].look for swap in shot.faces]
    rate = shot.faces[0].track.footage.rate
    for (frame, faces), near in with_near(painted):
        soft: list[_Face | None] = []
        for k, (look, face) in enumerate(zip(looks, faces, strict=True)):
            seen = frame.seen[k]
            if face is not None and seen is not None and face.edges is not None:
                beside = {at: one.edges if (one := other[k]) is not None else None for at, (_, other) in near.items()}
                face = replace(face, blur=blur_of(beside, rate, _to_painted(look, seen, face.face.shape[0]), look))
            soft.append(face)
        yield frame, tuple(soft)


def _to_painted(look: PlateLook, seen: Seen, size_px: int) -> np.ndarray:
    """(2,3): from the frame's plate to the painted face."""
    from av_models.face.warp import align_matrix

    return compose(_inverse(in_pixels(look.place, size_px)), align_matrix(seen.landmarks, size_px, look.template))


def _laid_in(shot: Shot, painted: Iterable[_Painted]) -> Iterator[Finished]:
    from av_models.swap.steady import with_neighbours

    hands = [_Hand(face, shot.options) for face in shot.faces]
    scene: int | None = None
    for before, (frame, faces), after in with_neighbours(painted):
        if frame.index >= len(shot.plate_s):
            break
        if frame.scene != scene:
            for hand in hands:
                hand.rest()
        scene = frame.scene
        steady = tuple(_steadied(face, k, frame, (before, after), shot.options.steady) for k, face in enumerate(faces))
        if frame.index >= 0:
            yield _finished(frame, hands, steady)
            continue
        for hand, face in zip(hands, steady, strict=True):
            hand.remember(face)


def _finished(frame: ShotFrame, hands: list[_Hand], faces: tuple[_Face | None, ...]) -> Finished:
    picture = frame.plate
    from_whole = np.array([[1.0, 0, -frame.box[0]], [0, 1.0, -frame.box[1]]])
    found: list[Signs | None] = []
    patches: list[Patch | None] = []
    for hand, face, seen in zip(hands, faces, frame.seen, strict=True):
        if face is None or seen is None:
            hand.rest()
            found.append(None)
            patches.append(None)
            continue
        picture, signs, patch = hand.lay(picture, face, seen, frame.time_s)
        found.append(signs)
        patches.append(replace(patch, matrix=compose(patch.matrix, from_whole)))
    return Finished(frame, picture, tuple(found), tuple(patches))


def _steadied(
    face: _Face | None, person: int, frame: ShotFrame, near: tuple[_Painted | None, ...], strength: float
) -> _Face | None:
    """With the faces of the frames beside it, as far as those are of the same scene."""
    from av_models.swap.steady import steadied

    if not strength or face is None:
        return face
    beside = [one[1][person] if one is not None and one[0].scene == frame.scene else None for one in near]
    before, after = (one.face if one is not None else None for one in beside)
    return replace(face, face=steadied(face.face, before, after, strength))


class _Hand:
    """Lays one person's face into frame after frame."""

    def __init__(self, swap: FaceSwap, options: SwapOptions) -> None:
        self.painter, self.finish, self.grade = ready_painter(swap.weights, swap.match.data)
        self.look, self.options = self.grade.look, options
        size, look = self.painter.output_px, self.look
        self.from_crop = compose(_inverse(in_pixels(look.place, size)), _rescale(self.painter.input_px, size))
        self.rest()

    def rest(self) -> None:
        """The next frame has no neighbour."""
        self.before: tuple[np.ndarray, np.ndarray] | None = None

    def remember(self, face: _Face | None) -> None:
        """The next frame's neighbour, which is not laid in."""
        self.before = _small_of(face) if face is not None else None

    def lay(self, picture: np.ndarray, face: _Face, seen: Seen, time_s: float) -> tuple[np.ndarray, Signs, Patch]:
        from av_models.face.mask import hull_mask
        from av_models.face.warp import transform
        from av_models.swap.matte import matte
        from av_models.swap.paste import lay_in

        size = self.painter.output_px
        matrix = _to_painted(self.look, seen, size)
        points = transform(seen.landmarks, matrix)
        hull = hull_mask(points, (size, size), feather=0.0)
        hidden = self._hidden(face.hidden, size)
        mask = matte(face.learned, hull, points, self.options, hidden)
        shown = self._finished(face, time_s)
        laid = lay_in(picture, shown, mask, matrix, self.options.edge)
        signs = self._signs(face, seen, hull, hidden, laid.seam)
        return laid.picture, signs, Patch(shown, mask, matrix)

    def _finished(self, painted: _Face, time_s: float) -> np.ndarray:
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

        if hidden is None or not hidden.any():
            return None
        return cv2.warpAffine(hidden, self.from_crop, (size_px, size_px))

    def _signs(self, face: _Face, seen: Seen, hull: np.ndarray, hidden: np.ndarray | None, seam: float) -> Signs:
        from av_models.swap.doubts import Signs, jump_between, outline_strays

        now = _small_of(face)
        jump = jump_between(now[0], self.before[0], now[1], self.before[1]) if self.before is not None else 0.0
        self.before = now
        share = float(hidden[hull > 0.5].mean()) if hidden is not None and hull.any() else 0.0
        strays = outline_strays(face.learned, hull, self.look.agreement)
        turn_deg = max(abs(seen.pose.yaw_deg), abs(seen.pose.pitch_deg))
        return Signs(seen.score, strays, seam, share, face.code, jump, turn_deg, seen.sharpness)


def _small_of(face: _Face) -> tuple[np.ndarray, np.ndarray]:
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
