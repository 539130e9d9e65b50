"""What the figures of the suite `faces` are about, to be looked at: the actor, each swap and the truth, moment by
moment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from av_models.domain.edit import SwappedClip
from av_models.domain.media import MediaRef
from tasks.bench_faces import Sitting
from tasks.workspace import store

__all__ = ["swap_sheet"]

_MOMENTS, _TILE_PX = 7, 192


def swap_sheet(sitting: Sitting, swaps: Sequence[SwappedClip]) -> np.ndarray:
    """RGB uint8: a row for the actor, one for each swap, one for each truth that there is; a column for a moment."""
    exam = sitting.exam
    truths = [footage.media for footage in (exam.face_truth, exam.truth) if footage is not None]
    clips = [exam.actor.media, *(swap.video for swap in swaps), *truths]
    moments = np.unique(np.linspace(0, sitting.n_frames - 1, _MOMENTS).round().astype(int))
    return np.concatenate([_row(sitting, clip, moments.tolist()) for clip in clips])


def _row(sitting: Sitting, clip: MediaRef, moments: list[int]) -> np.ndarray:
    """All rows show the same part of the picture: where the actor's face is."""
    from av_models.face.warp import align_matrix, mean_template, warp_crop
    from av_models.io.video import read_pictures

    points = sitting.actor.landmarks
    template = mean_template(points)
    pictures = read_pictures(store().path(clip), moments)
    crops = [
        warp_crop(picture.rgb, align_matrix(points[picture.index], _TILE_PX, template), _TILE_PX)
        for picture in pictures
    ]
    return np.concatenate(crops, axis=1)
