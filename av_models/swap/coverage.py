"""Which faces of a long clip are trained on: all that it shows, the rare as well as the usual.

At even steps a clip of ten minutes would keep one frame in thirty, and next to none of its blinks and far turns. So
faces are sorted into cells of alike pose, mouth and lids. Each cell gives about as many as the square root of what it
holds, the sharpest of each stretch of time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Coverage", "chosen_faces", "eye_patches", "rarity_of"]

Floats = NDArray[np.floating[Any]]

_CELL = np.array([8.0, 8.0, 0.7, 0.34])
"""Sizes of a cell: turn and nod in degrees, opening of the mouth as it is normalised, lids from usual to shut."""

_WIDER = np.array([1.5, 1.5, 1.5, 1.15])
"""Lids last: a blink is soon among open eyes."""

_BLURRED = 0.5
"""Of the clip's median sharpness: less is left out where enough others are."""

_PATCH_PX = 12


@dataclass(frozen=True, slots=True)
class Coverage:
    """What N faces show, in the order of the footage. frame (N,): numbers of frames, rising.  yaw_deg, pitch_deg (N,).

    opening (N,): of the mouth, normalised.  lids (N,): 0 usual .. 1 as in a blink.  sharpness (N,).
    """

    frame: NDArray[np.integer[Any]]
    yaw_deg: Floats
    pitch_deg: Floats
    opening: Floats
    lids: Floats
    sharpness: Floats

    def __len__(self) -> int:
        return len(self.frame)


def chosen_faces(shown: Coverage, most: int, in_pairs: bool) -> NDArray[np.intp]:
    """Rising rows of at most `most` faces; all where there are no more.

    in_pairs: half of them are chosen, and the frame that follows each comes along: what changes from one frame to the
    next is wanted, too.
    """
    if len(shown) <= most:
        return np.arange(len(shown))
    kept = np.flatnonzero(_sharp_enough(shown.sharpness, most))
    n = most // 2 if in_pairs else most
    cells = _cells(shown, kept, n)
    quotas = _quotas(np.bincount(cells), n)
    rows = np.concatenate([_sharpest(shown, kept[cells == cell], quota) for cell, quota in enumerate(quotas)])
    if in_pairs:
        after = rows[rows + 1 < len(shown)] + 1
        rows = np.concatenate([rows, after[shown.frame[after] - shown.frame[after - 1] == 1]])
    return np.unique(rows)


def _sharp_enough(sharpness: Floats, most: int) -> NDArray[np.bool_]:
    """(N,). The limit gives way where it would leave fewer than `most`."""
    least = min(_BLURRED * float(np.median(sharpness)), float(np.sort(sharpness)[-most]))
    return np.asarray(sharpness >= least)


def _cells(shown: Coverage, rows: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    """The number of each row's cell, from 0. Cells are made wider until there are no more than half of `most`."""
    values = np.stack([shown.yaw_deg, shown.pitch_deg, shown.opening, shown.lids], 1)[rows]
    values = np.nan_to_num(values - np.nanmedian(values, axis=0))
    size = _CELL
    while True:
        _, cells = np.unique(np.round(values / size).astype(int), axis=0, return_inverse=True)
        if cells.max() < max(1, most // 2):
            return np.asarray(cells).reshape(-1)
        size = size * _WIDER


def _quotas(counts: NDArray[np.intp], n: int) -> NDArray[np.intp]:
    """How many each cell gives, n in all (or all there are): a share of the root of its count, one at the least."""
    low, high = 0.0, float(n)
    for _ in range(60):
        share = (low + high) / 2
        too_many = _at_share(counts, share).sum() > n
        low, high = (low, share) if too_many else (share, high)
    return _at_share(counts, low)


def _at_share(counts: NDArray[np.intp], share: float) -> NDArray[np.intp]:
    return np.minimum(counts, np.maximum(1, np.floor(share * np.sqrt(counts)))).astype(np.intp)


def _sharpest(shown: Coverage, rows: NDArray[np.intp], n: int) -> NDArray[np.intp]:
    """n of the rows of a cell: it is cut into as many stretches of time, and of each the sharpest is taken."""
    stretches = np.array_split(rows, n)
    return np.array([part[shown.sharpness[part].argmax()] for part in stretches], np.intp)


def eye_patches(crops: NDArray[np.uint8], landmarks: Floats) -> NDArray[np.float32]:
    """(M, 2 P P) small grey pictures of both eyes in crops (M,S,S,3), between the corners that landmarks (M,68,2) give:
    those hold still in a blink, and the lids' own points miss it."""
    import cv2

    side = max(_PATCH_PX, round(1.5 * float(np.linalg.norm(landmarks[:, 36] - landmarks[:, 39], axis=1).mean())))
    found = []
    for crop, points in zip(crops, landmarks, strict=True):
        grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
        for corners in ([36, 39], [42, 45]):
            x, y = points[corners].mean(0)
            eye = cv2.getRectSubPix(grey, (side, side), (float(x), float(y)))
            found.append(cv2.resize(eye, (_PATCH_PX, _PATCH_PX), interpolation=cv2.INTER_AREA))
    return np.stack(found).reshape(len(crops), -1).astype(np.float32)


def rarity_of(patches: Floats) -> Floats:
    """(N,) 0..1: how far the eyes (N,F) are from what is usual, a blink near 1."""
    away = np.abs(patches - np.median(patches, axis=0)).mean(1)
    usual = np.median(away)
    return np.asarray(np.clip((away - usual) / max(float(np.quantile(away, 0.99) - usual), 1.0), 0, 1))
