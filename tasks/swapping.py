"""The swap as a stage: one shot at a time, streamed, so that an interrupted run loses one shot at most."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from av_models.domain.edit import Shot, SwappedClip
from av_models.domain.face import FaceProblem, FaceTrack, ProblemRange
from av_models.domain.swap import FaceSwap, SwapOptions
from tasks.caching import stage
from tasks.plates import compose, in_pixels, ready_painter
from tasks.progress import Progress
from tasks.workspace import store

CLIP_CRF = 10
PLATE_CRF = 20
BATCH_AT_1080P = 12
_FULL_TO_DEEP = 257
"""From 0..255 to 0..65535."""

SHORT_GAP_FRAMES = 5
"""A face that was missed for so few frames is where its neighbours say; one frame of the actor's own face would
flash."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """plate (H,W,3) uint8. landmarks (68,2) px, or None with the reason why this frame is left as it is.

    deep: the same plate with 16 bits a sample, for footage that has more than 8.
    """

    plate: np.ndarray
    landmarks: np.ndarray | None
    score: float
    reason: FaceProblem | None
    deep: np.ndarray | None = None


@stage("3")
def swap_shot(shot: Shot) -> SwappedClip:
    """Paint the source's face into every frame of a shot; frames that cannot be swapped are listed with the reason.

    Footage of more than 8 bits keeps 10 of them around the face, which is painted in 8.
    """
    from av_models.io.video import VideoWriter
    from av_models.runtime.ahead import ahead

    footage = shot.faces[0].track.footage
    width, height = footage.width_px // 2 * 2, footage.height_px // 2 * 2
    pixel_format = "yuv420p10le" if footage.bit_depth > 8 else "yuv420p"
    confidence: list[float] = []
    reasons: list[FaceProblem | None] = []
    with tempfile.TemporaryDirectory() as folder, Progress("swap_shot", len(shot.plate_s), "frames") as progress:
        video, plates = Path(folder) / "swapped.mp4", Path(folder) / "plate.mp4"
        with (
            VideoWriter(video, width, height, shot.rate, CLIP_CRF, "veryfast", pixel_format) as out,
            VideoWriter(plates, width, height, shot.rate, PLATE_CRF, "ultrafast") as untouched,
        ):
            for frame, picture, sure in ahead(_painted(shot), 4):
                out.write(_deepened(frame, picture)[:height, :width])
                untouched.write(frame.plate[:height, :width])
                confidence.append(round(sure, 3))
                reasons.append(frame.reason)
                progress.reach(len(confidence))
        return SwappedClip(
            store().put_file(video), store().put_file(plates), len(confidence), tuple(confidence), _ranges(reasons)
        )


def _deepened(frame: _Frame, picture: np.ndarray) -> np.ndarray:
    """What was painted, as a change of the plate: where nothing was, the plate keeps all its bits."""
    if frame.deep is None:
        return picture
    change = (picture.astype(np.int32) - frame.plate) * _FULL_TO_DEEP
    return np.clip(frame.deep + change, 0, 65535).astype(np.uint16)


def _shallow(deep: np.ndarray) -> np.ndarray:
    return ((deep.astype(np.uint32) + _FULL_TO_DEEP // 2) // _FULL_TO_DEEP).astype(np.uint8)


def _painted(shot: Shot) -> Iterator[tuple[_Frame, np.ndarray, float]]:
    """Every frame with its finished picture and a confidence of 0..1, in order, a batch at a time."""
    from av_models.runtime.ahead import ahead

    mouths = store().arrays(shot.faces[0].mouth)["mouth"]
    footage = shot.faces[0].track.footage
    size = max(1, min(16, round(BATCH_AT_1080P * 1920 * 1080 / (footage.width_px * footage.height_px))))
    done = 0
    batch: list[_Frame] = []
    for frame in ahead(_frames(shot), 2):
        batch.append(frame)
        if len(batch) == size:
            yield from _paint_batch(shot, batch, mouths[done : done + len(batch)])
            done += len(batch)
            batch = []
    if batch:
        yield from _paint_batch(shot, batch, mouths[done:])


def _paint_batch(shot: Shot, batch: list[_Frame], mouths: np.ndarray) -> Iterator[tuple[_Frame, np.ndarray, float]]:
    from av_models.face.warp import align_matrix, warp_crop
    from av_models.swap.plate import dressed

    face = shot.faces[0]
    painter, _, look = ready_painter(face.weights, face.match.data)
    there = [i for i, frame in enumerate(batch) if frame.landmarks is not None]
    faces: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    if there:
        crops = []
        for frame in (batch[i] for i in there):
            assert frame.landmarks is not None
            matrix = align_matrix(frame.landmarks, painter.input_px, look.template)
            crops.append(warp_crop(frame.plate, matrix, painter.input_px))
        painted = painter.paint(np.stack(crops), mouths[there])
        shown = dressed(painted.faces, look)
        faces = {i: (shown[k], painted.masks[k]) for k, i in enumerate(there)}
    for i, frame in enumerate(batch):
        if i in faces:
            yield frame, *_laid_in(frame, *faces[i], face, shot.options)
        else:
            yield frame, frame.plate, 0.0


def _laid_in(
    frame: _Frame, face: np.ndarray, learned: np.ndarray, swap: FaceSwap, options: SwapOptions
) -> tuple[np.ndarray, float]:
    """The plate with the face in it, and the confidence: how much of the actor's face the decoder takes for face."""
    from av_models.face.mask import hull_mask
    from av_models.face.warp import align_matrix, invert, transform
    from av_models.swap.matte import paste_mask
    from av_models.swap.render import grained, paste, sharpened

    assert frame.landmarks is not None
    painter, finish, look = ready_painter(swap.weights, swap.match.data)
    size_px = painter.output_px
    matrix = compose(invert(in_pixels(look.place, size_px)), align_matrix(frame.landmarks, size_px, look.template))
    hull = hull_mask(transform(frame.landmarks, matrix), (size_px, size_px), feather=0.0)
    mask = paste_mask(learned, hull, options.erode * size_px, options.blur * size_px)
    sharpen = finish.sharpen if options.detail else 0.0
    shown = grained(sharpened(face, sharpen), float(look.grain), seed=int(abs(matrix).sum() * 1e6))
    inside = hull > 0.5
    sure = frame.score * float(learned[inside].mean()) if inside.any() else 0.0
    return paste(frame.plate, shown, mask, matrix), sure


def _frames(shot: Shot) -> Iterator[_Frame]:
    """The plates of a shot, interpolated where its times lie between frames, with the landmarks of that moment."""
    from av_models.io.video import read_pairs_at
    from av_models.lips.between import between

    track = shot.faces[0].track
    arrays = store().arrays(track.data)
    reasons = frame_reasons(track)
    can = _swappable(arrays, reasons)
    path = store().path(track.footage.media)
    many_bits = track.footage.bit_depth > 8
    pairs = read_pairs_at(path, shot.plate_s, many_bits)
    for time, (before, after, position) in zip(shot.plate_s, pairs, strict=True):
        shown = between(before, after, position)
        plate, deep = (_shallow(shown), shown) if many_bits else (shown, None)
        at = np.interp(float(time), arrays["time_s"], np.arange(len(can)))
        first, second = int(np.floor(at + 1e-6)), min(int(np.ceil(at - 1e-6)), len(can) - 1)
        if can[first] and can[second]:
            share = min(max(at - first, 0.0), 1.0)
            points = arrays["landmarks"][first] * (1 - share) + arrays["landmarks"][second] * share
            yield _Frame(plate, points, float(np.clip(arrays["score"][first], 0, 1)), None, deep)
        else:
            yield _Frame(plate, None, 0.0, reasons[first if not can[first] else second], deep)


def frame_reasons(track: FaceTrack) -> list[FaceProblem | None]:
    """For every frame of the footage why it is not usable, None if it is."""
    reasons: list[FaceProblem | None] = [None] * track.footage.n_frames
    for problem in track.problems:
        reasons[problem.first : problem.last + 1] = [problem.reason] * (problem.last - problem.first + 1)
    return reasons


def _swappable(arrays: dict[str, Any], reasons: list[FaceProblem | None]) -> np.ndarray:
    """(N,) bool: a face is where the landmarks are. Turned or blurred faces are swapped too, other people's never."""
    finite = np.isfinite(arrays["landmarks"]).all((1, 2))
    can = finite & np.array([reason not in (FaceProblem.NO_FACE, FaceProblem.OTHER_PERSON) for reason in reasons])
    missed = np.array([reason is FaceProblem.NO_FACE for reason in reasons]) & finite
    edges = np.flatnonzero(np.diff(np.concatenate([[False], missed, [False]]).astype(int)))
    for first, end in edges.reshape(-1, 2):
        if end - first <= SHORT_GAP_FRAMES:
            can[first:end] = True
    return can


def _ranges(reasons: list[FaceProblem | None]) -> tuple[ProblemRange, ...]:
    ranges: list[ProblemRange] = []
    for frame, reason in enumerate(reasons):
        if reason is None:
            continue
        if ranges and ranges[-1].last == frame - 1 and ranges[-1].reason is reason:
            ranges[-1] = ProblemRange(ranges[-1].first, frame, reason)
        else:
            ranges.append(ProblemRange(frame, frame, reason))
    return tuple(ranges)


__all__ = ["frame_reasons", "swap_shot"]
