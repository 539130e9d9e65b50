"""The swap as a stage: one shot at a time, streamed, so that an interrupted run loses one shot at most."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self

from av_models.domain.edit import Shot, SwappedClip
from av_models.domain.face import FaceProblem, problem_ranges
from av_models.domain.swap import Handover
from tasks.caching import stage
from tasks.doubtful import Doubtful
from tasks.frame_figures import FrameFigures
from tasks.painting import Finished, finished_frames
from tasks.progress import Progress
from tasks.shot_frames import frame_format, frame_reasons
from tasks.workspace import store

if TYPE_CHECKING:
    import numpy as np

    from av_models.domain.media import Footage
    from av_models.io.video import VideoWriter
    from tasks.laying import Patch

__all__ = ["frame_reasons", "swap_shot"]

CLIP_CRF, CLIP_PRESET = 12, "ultrafast"


@stage("22")
def swap_shot(shot: Shot) -> SwappedClip:
    """Paint the sources' faces into every frame of a shot; frames that cannot be swapped are listed with the reason.

    Footage of more than 8 bits keeps 10 of them, in the face too.
    """
    from av_models.io.video import VideoWriter

    footage = shot.faces[0].track.footage
    width, height = footage.width_px // 2 * 2, footage.height_px // 2 * 2
    pixel_format = frame_format(footage.bit_depth)
    confidence: list[float] = []
    reasons: list[FaceProblem | None] = []
    doubtful, figures = Doubtful(shot), FrameFigures(shot)
    with tempfile.TemporaryDirectory() as folder, Progress("swap_shot", len(shot.plate_s), "frames") as progress:
        video, files = (Path(folder) / name for name in ("swapped.mp4", "patches.zip"))
        with (
            _Patches(files, shot) as patches,
            VideoWriter(video, width, height, shot.rate, CLIP_CRF, CLIP_PRESET, pixel_format) as out,
        ):
            for one in finished_frames(shot):
                _write(out, one, width, height)
                confidence.append(round(one.confidence, 3))
                reasons.append(one.frame.reason)
                doubtful.see(one)
                figures.see(one)
                patches.write(one)
                progress.reach(len(confidence))
        kept = store().put_file(video)
        handover = store().put_file(files) if files.exists() else None
    ranges = problem_ranges(reasons), doubtful.ranges()
    more = figures.kept(), doubtful.n_more
    return SwappedClip(kept, len(confidence), tuple(confidence), *ranges, handover, *more)


def _write(out: VideoWriter, one: Finished, width: int, height: int) -> None:
    """Into the picture as it was decoded, if there is one."""
    frame = one.frame
    if frame.whole is None:
        out.write(one.picture[:height, :width])
    else:
        out.write_frame(frame.whole.with_window(frame.box, one.picture))


class _Patches(ExitStack):
    """The compositor's files of a shot, if the options ask for them."""

    def __init__(self, path: Path, shot: Shot) -> None:
        super().__init__()
        self.path, self.shot = path, shot

    def __enter__(self) -> Self:
        from av_models.io.patches import PatchWriter

        kind = self.shot.options.handover
        self.writer = (
            self.enter_context(PatchWriter(self.path, kind, self.shot.rate)) if kind is not Handover.NONE else None
        )
        return self

    def write(self, one: Finished) -> None:
        from av_models.io.patches import PatchFrame

        if self.writer is None:
            return
        for face, patch in zip(self.shot.faces, one.patches, strict=True):
            if patch is not None:
                what = patch.face, patch.matte, patch.matrix, _warp_of(patch, face.track.footage)
                row = PatchFrame(face.track.person, one.frame.filmed, *what)
                self.writer.write(row, self.shot.plate_s[one.frame.index])


def _warp_of(patch: Patch, footage: Footage) -> np.ndarray | None:
    """(H,W,2) of the whole plate, see `PatchFrame`."""
    if patch.warp is None:
        return None
    width, height = footage.width_px, footage.height_px
    whole = patch.warp.in_plate(patch.matrix, len(patch.face), (height, width), (0, 0, width, height))
    return whole.moves if whole is not None else None
