"""How well and how fast faces are found and followed: against looking everywhere in each frame, against a still
face, against exact lips."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from av_models.domain.media import Footage
from tasks.workspace import store

if TYPE_CHECKING:
    from av_models.face.track import Followed

__all__ = ["FollowFigures", "lag_frames", "measure_following"]

_GRAIN = 2.0
"""Of the still face: standard deviation of its noise, of 255, as a camera in a lit room has."""
_STILL_FRAMES = 40
_MOST_LAG, _LEAST_FOR_LAG = 4, 24
_LIPS, _EYES = (62, 66), (36, 45)


@dataclass(frozen=True, slots=True)
class FollowFigures:
    """speed_up: processor time of detecting in each frame over that of following.  fps: frames per second of processor
    time when following.  box_px: 95th percentile of the boxes' edges' difference between the two.  jitter: of a still
    face, measured over smoothed.  lag_frames: of the lips behind the exact ones, None where they are not known
    or too few.  n_frames: looked at."""

    speed_up: float
    fps: float
    box_px: float
    jitter: float
    lag_frames: float | None
    n_frames: int


@dataclass(frozen=True, slots=True)
class _Still:
    index: int
    time: Fraction
    rgb: np.ndarray


def measure_following(footage: Footage, n_frames: int, exact: np.ndarray | None) -> FollowFigures:
    """exact: (n,) opening of the lips as a renderer knows it, None where nobody does."""
    fast, fast_s = _timed(footage, n_frames)
    every, every_s = _timed(footage, n_frames, detect_every=1)
    both = fast.arrays["usable"] & every.arrays["usable"]
    apart = np.abs(fast.arrays["box"] - every.arrays["box"])[both]
    lag = None
    if exact is not None and len(both) >= _LEAST_FOR_LAG:
        lag = lag_frames(_lip_gap(fast.arrays["landmarks"]), exact[: len(both)])
    return FollowFigures(
        speed_up=every_s / fast_s,
        fps=n_frames / fast_s,
        box_px=float(np.percentile(apart, 95)) if apart.size else float("nan"),
        jitter=_jitter(footage),
        lag_frames=lag,
        n_frames=n_frames,
    )


def _timed(footage: Footage, n_frames: int, **how: Any) -> tuple[Followed, float]:
    """Decoding counts on both sides: whoever follows has to decode. What a process loads once counts on neither."""
    from av_models.face.backend import get_backend
    from av_models.face.fit import FIT_PX
    from av_models.face.lip_reader import lip_window, read_gaps
    from av_models.face.track import follow
    from av_models.io.video import read_pictures

    backend = get_backend()
    read_gaps(lip_window(np.zeros((FIT_PX, FIT_PX, 3), np.uint8))[None])
    began_s = time.process_time()
    found = follow(islice(read_pictures(store().path(footage.media)), n_frames), backend, **how)
    return found, time.process_time() - began_s


def _jitter(footage: Footage) -> float:
    """Trembling of one frame with fresh grain again and again: standard deviation of what is measured over that of what
    comes out. The head does not move, so all of it is error."""
    from av_models.face.backend import get_backend
    from av_models.face.track import follow

    arrays = follow(_still(footage), get_backend()).arrays
    spread = [np.nanstd(arrays[name], axis=0).mean() for name in ("landmarks_raw", "landmarks")]
    return float(spread[0] / spread[1]) if spread[1] > 0 else float("inf")


def _still(footage: Footage) -> Iterator[_Still]:
    from av_models.io.video import read_pictures

    picture = next(read_pictures(store().path(footage.media))).rgb.astype(np.float32)
    rng = np.random.default_rng(0)
    for index in range(_STILL_FRAMES):
        grain = rng.normal(0, _GRAIN, (*picture.shape[:2], 1))
        rgb = np.clip(np.rint(picture + grain), 0, 255).astype(np.uint8)
        yield _Still(index, index / footage.rate, rgb)


def _lip_gap(landmarks: np.ndarray) -> np.ndarray:
    def apart(pair: tuple[int, int]) -> np.ndarray:
        return np.asarray(np.linalg.norm(landmarks[:, pair[0]] - landmarks[:, pair[1]], axis=1))

    return apart(_LIPS) / apart(_EYES)


def lag_frames(measured: np.ndarray, exact: np.ndarray) -> float:
    """Frames by which `measured` (n,) comes after `exact` (n,), by the peak of their correlation between frames."""
    shifts = np.arange(-_MOST_LAG, _MOST_LAG + 1)
    middle = slice(_MOST_LAG, len(exact) - _MOST_LAG)
    there = np.isfinite(measured)
    filled = np.interp(np.arange(len(measured)), np.flatnonzero(there), measured[there])
    found = np.array([np.corrcoef(np.roll(filled, -shift)[middle], exact[middle])[0, 1] for shift in shifts])
    best = int(np.clip(np.argmax(found), 1, len(shifts) - 2))
    before, at, after = found[best - 1 : best + 2]
    bend = before - 2 * at + after
    return float(shifts[best] + (0.5 * (before - after) / bend if bend else 0.0))
