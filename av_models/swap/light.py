"""The plate's light, how it changes over seconds.

It is measured on many frames. What is quicker than a few seconds is not followed: it would be the mouth, a blink or
the noise of the measurement, and the face would pump. Across a cut nothing is followed: each shot has a light of its
own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

WINDOW_S = 2.0
"""Standard deviation of the window over time."""

KNOT_S = 1.0
ALWAYS_SKIN = 0.9
"""Share of the frames in which a pixel must be bare skin to be measured: the same pixels in every frame, so that a
chin that drops with the mouth takes no part."""

MAX_LOG_GAIN = 0.5
_LEAST_PIXELS = 64


def always_skin(skin: Floats) -> Mask:
    """(D,D): what is bare skin in nearly all of (N,D,D); nothing where that is too little to measure light on."""
    steady = (skin > 0.5).mean(0) > ALWAYS_SKIN
    return np.asarray(steady if steady.sum() >= _LEAST_PIXELS else np.zeros_like(steady))


def log_gains(faces: Floats, plates: Floats, where: Mask) -> Floats:
    """(N,3): logarithm of what faces (N,D,D,3) have to be multiplied by to be as bright as the plates."""
    painted, seen = (_log_level(pictures, where) for pictures in (faces, plates))
    return np.clip(seen - painted, -MAX_LOG_GAIN, MAX_LOG_GAIN)


def followed(time_s: Floats, log_gain: Floats) -> tuple[Floats, Floats]:
    """Gains (N,3) of single frames of one shot -> knots (K,) and smooth gains there (K,3). Far from all frames the
    nearest one's counts."""
    knots = np.arange(time_s[0], time_s[-1] + KNOT_S, KNOT_S)
    return knots, np.stack([_near(knot, time_s) @ log_gain for knot in knots])


def gain_at(time_s: Floats, knots: Floats, log_gain: Floats) -> NDArray[np.float32]:
    """Gains (N,3) at times (N,)."""
    return np.exp(np.stack([np.interp(time_s, knots, column) for column in log_gain.T], -1)).astype(np.float32)


def gain_in(
    shot: NDArray[np.integer[Any]], time_s: Floats, curves: Mapping[int, tuple[Floats, Floats]]
) -> NDArray[np.float32]:
    """As `gain_at` for frames of several shots (N,): each from its own shot's knots and gains; 1 where it has none."""
    gains = np.ones((len(shot), 3), np.float32)
    for number in np.unique(shot):
        if number in curves:
            gains[shot == number] = gain_at(time_s[shot == number], *curves[number])
    return gains


def _near(knot: float, time_s: Floats) -> Floats:
    """(N,) weights of sum 1. Taken beside the nearest frame's, so that they do not vanish all together."""
    squared = ((knot - time_s) / WINDOW_S) ** 2
    weight = np.exp(-0.5 * (squared - squared.min()))
    return np.asarray(weight / weight.sum())


def _log_level(pictures: Floats, where: Mask) -> Floats:
    return np.log(np.stack([np.median(picture[where], axis=0) for picture in pictures]) + 0.02)


__all__ = ["always_skin", "followed", "gain_at", "gain_in", "log_gains"]
