"""From the frames of a shot to finished pictures: crop, paint, grade, lay in. Arrays in memory, a few frames at a
time; every step runs ahead of the next in a thread of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from av_models.domain.edit import Shot
from av_models.domain.swap import FaceSwap, SwapOptions
from tasks.heads import head_moves, steady_head
from tasks.laying import Hand, PaintedFace, Patch, to_painted
from tasks.plates import compose, ready_painter
from tasks.shot_frames import Seen, ShotFrame, shot_frames
from tasks.softness import blur_of, edges_in, with_near
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


_Painted = tuple[ShotFrame, tuple[PaintedFace | None, ...]]


def finished_frames(shot: Shot) -> Iterator[Finished]:
    """Every frame of the shot, in order."""
    from av_models.runtime.ahead import ahead

    painted = ahead(_painted(shot, ahead(shot_frames(shot), 2)), 2)
    yield from ahead(_laid_in(shot, _with_steady_heads(_as_soft(shot, painted))), 2)


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
    rows = [frame.index + len(shot.before_s) for frame in batch]
    columns = [_paint_person(face, k, batch, mouths[k][rows], shot.options) for k, face in enumerate(shot.faces)]
    return [(frame, tuple(column.get(i) for column in columns)) for i, frame in enumerate(batch)]


def _paint_person(
    swap: FaceSwap, person: int, batch: list[ShotFrame], mouths: np.ndarray, options: SwapOptions
) -> dict[int, PaintedFace]:
    from av_models.face.warp import align_matrix, transform, warp_crop
    from av_models.swap.doubts import code_distance

    painter, finish, grade = ready_painter(swap.weights, swap.match.data)
    there = [(i, one) for i, frame in enumerate(batch) if (one := frame.seen[person]) is not None]
    if not there:
        return {}
    look, size, side = grade.look, painter.input_px, painter.output_px
    places = [align_matrix(one.landmarks, size, look.template) for _, one in there]
    crops = [warp_crop(batch[i].shallow, place, size) for (i, _), place in zip(there, places, strict=True)]
    marks = np.stack([transform(one.landmarks, place) for (_, one), place in zip(there, places, strict=True)])
    rows = [i for i, _ in there]
    faces, masks, codes, points = _graded(painter, grade, crops, (mouths[rows], marks), [batch[i] for i in rows])
    strange = code_distance(codes, look.code_mean, np.array(finish.code_spread)).tolist()
    hidden = _in_front(look, crops, [(batch[i], one) for i, one in there])
    matrices = [to_painted(look, one, side) for _, one in there]
    seen = list(zip(there, points, matrices, strict=True))
    edges = [edges_in(batch[i], one, matrix, look) if options.detail else None for (i, one), _, matrix in seen]
    moves = [head_moves(swap.match, one.landmarks, drawn, matrix, side) for (_, one), drawn, matrix in seen]
    columns = zip(faces, masks, crops, hidden, strange, points, edges, moves, strict=True)
    return {i: PaintedFace(*column) for i, column in zip(rows, columns, strict=True)}


def _in_front(
    look: PlateLook, crops: list[np.ndarray], there: list[tuple[ShotFrame, Seen]]
) -> Sequence[np.ndarray | None]:
    """What is in front of each face, twice as fine as the crops (S,S,3) of the network; None where nothing is."""
    from av_models.face.front import fronts, matte_of
    from av_models.face.warp import align_matrix, warp_crop

    if look.front is None:
        return [None] * len(crops)
    found: list[np.ndarray | None] = []
    for (frame, seen), front, crop in zip(there, fronts(look.front, crops), crops, strict=True):
        if not front.any():
            found.append(None)
            continue
        size = 2 * len(crop)
        fine = warp_crop(frame.shallow, align_matrix(seen.landmarks, size, look.template), size)
        found.append(matte_of(fine, front))
    return found


def _graded(
    painter: Painter,
    grade: Grade,
    crops: list[np.ndarray],
    asked: tuple[np.ndarray, np.ndarray],
    frames: list[ShotFrame],
) -> tuple[np.ndarray, ...]:
    """Faces (N,D,D,3) in the plate's light, the decoder's masks (N,D,D), the codes (N,C) of the crops, and the points
    (N,K,2) of the faces. asked: mouth codes (N,8), and landmarks (N,68,2) px in the crops."""
    times, scenes = np.array([frame.time_s for frame in frames]), np.array([frame.scene for frame in frames])

    def work(part: slice) -> tuple[np.ndarray, ...]:
        painted = painter.paint_tensors(np.stack(crops[part]), *(one[part] for one in asked))
        graded = grade(painted.faces, painted.points, times[part], scenes[part]).permute(0, 2, 3, 1).contiguous()
        return tuple(one.cpu().numpy() for one in (graded, painted.masks, painted.codes, painted.points))

    return tuple(np.concatenate(one) for one in zip(*painter.fitting.parts(work, len(crops)), strict=True))


def _with_steady_heads(painted: Iterable[_Painted]) -> Iterator[_Painted]:
    """With the moves of every outline as the frames around it say."""
    from av_models.swap.reshape import STEADY_FRAMES

    for (frame, faces), near in with_near(painted, STEADY_FRAMES):
        steady: list[PaintedFace | None] = []
        for k, face in enumerate(faces):
            if face is not None and face.moves is not None:
                same = {at: one[k] for at, (other, one) in near.items() if other.scene == frame.scene}
                moves = {at: one.moves if one is not None else None for at, one in same.items()}
                face = replace(face, moves=steady_head(moves))
            steady.append(face)
        yield frame, tuple(steady)


def _as_soft(shot: Shot, painted: Iterable[_Painted]) -> Iterator[_Painted]:
    """With the blur of every face."""
    looks = [ready_painter(swap.weights, swap.match.data)[2].look for swap in shot.faces]
    rate = shot.faces[0].track.footage.rate
    for (frame, faces), near in with_near(painted):
        soft: list[PaintedFace | None] = []
        for k, (look, face) in enumerate(zip(looks, faces, strict=True)):
            seen = frame.seen[k]
            if face is not None and seen is not None and face.edges is not None:
                beside = {at: one.edges if (one := other[k]) is not None else None for at, (_, other) in near.items()}
                face = replace(face, blur=blur_of(beside, rate, to_painted(look, seen, face.face.shape[0]), look))
            soft.append(face)
        yield frame, tuple(soft)


def _laid_in(shot: Shot, painted: Iterable[_Painted]) -> Iterator[Finished]:
    from av_models.swap.steady import with_neighbours

    hands = [Hand(face, shot.options) for face in shot.faces]
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


def _finished(frame: ShotFrame, hands: list[Hand], faces: tuple[PaintedFace | None, ...]) -> Finished:
    picture = frame.plate
    from_whole = np.array([[1.0, 0, -frame.box[0]], [0, 1.0, -frame.box[1]]])
    found: list[Signs | None] = []
    patches: list[Patch | None] = []
    for number, (hand, face, seen) in enumerate(zip(hands, faces, frame.seen, strict=True)):
        others = {k: one.landmarks for k, one in enumerate(frame.seen) if k != number and one is not None}
        hand.others.see(others, frame.box[:2])
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
    face: PaintedFace | None, person: int, frame: ShotFrame, near: tuple[_Painted | None, ...], strength: float
) -> PaintedFace | None:
    """With the faces of the frames beside it, as far as those are of the same scene."""
    from av_models.swap.steady import steadied

    if not strength or face is None:
        return face
    beside = [one[1][person] if one is not None and one[0].scene == frame.scene else None for one in near]
    before, after = (one.face if one is not None else None for one in beside)
    return replace(face, face=steadied(face.face, before, after, strength))
