"""The light of each shot of a footage. After a cut another lamp burns or another camera looks, so a shot that is seen
long enough has colours and shade of its own, and light is followed over time within it only.

A shot of any length is measured: its frames come in parts of which one at a time is held.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..domain.swap import ColorMatch, SwapOptions
from .light import always_skin, followed
from .lighting import Light, gains_left, light_of
from .plate import PlateLook, PlateSample, painted_faces, scene_of
from .render import Painter

__all__ = ["LEAST_OWN", "ShotLight", "in_shots", "measure_shot"]

Floats = NDArray[np.floating[Any]]

LEAST_OWN = 12
"""Frames that colours and shade can be measured on; a shot that shows fewer has those of the whole clip."""


@dataclass(frozen=True, slots=True)
class ShotLight:
    """number: of the shot.  own: its table (n,n,n,4), shading (B,G,G,3) and level (3,), see `PlateLook`; None where
    those of the whole clip are used.  knots (K,), log_gain (K,3): see `light.followed`; K is 0 where no light can be
    told."""

    number: int
    own: tuple[Floats, Floats, Floats] | None
    knots: Floats
    log_gain: Floats


def measure_shot(
    number: int, painter: Painter, whole: PlateLook, parts: Iterable[PlateSample], options: SwapOptions
) -> ShotLight:
    """parts: frames of the shot; the first lie evenly over all of it and tell its colours, the others only add to what
    is known of its light over time.  painter: as `plate.measure_look` left it."""
    waiting = iter(parts)
    first = next(waiting)
    scene = scene_of(painted_faces(painter, first), first)
    clip = Light(whole.shading[0], whole.turns, whole.surface, whole.table[0])
    own = len(scene.faces) >= LEAST_OWN
    light = light_of(scene, options, whole.turns, whole.surface) if own else clip
    where = always_skin(scene.skin)
    if options.color is ColorMatch.NONE or not where.any():
        level = whole.level[0]
        return ShotLight(number, (light.table, light.shading, level) if own else None, np.zeros(0), np.zeros((0, 3)))
    gains = [gains_left(scene, light, where)]
    # Of what the clip's colours leave: how much more or less light than usual there is in this shot.
    lighter = gains_left(scene, clip, where).mean(0) if own else gains[0].mean(0)
    level = gains[0].mean(0) - (lighter - whole.level[0])
    times = [first.time_s]
    for part in waiting:
        gains.append(gains_left(scene_of(painted_faces(painter, part), part), light, where))
        times.append(part.time_s)
    order = np.argsort(np.concatenate(times))
    knots, log_gain = followed(np.concatenate(times)[order], np.concatenate(gains)[order])
    return ShotLight(number, (light.table, light.shading, level) if own else None, knots, log_gain)


def _with_usual_light(look: PlateLook, shots: Sequence[ShotLight], n_shots: int) -> list[ShotLight]:
    """Every shot, those in which no light can be told in the clip's usual one: faces there are painted, too."""
    found = {one.number: one for one in shots}
    usual = np.zeros(1), look.log_gain.mean(0, keepdims=True)
    dark = ShotLight(0, None, np.zeros(0), np.zeros((0, 3)))
    every = [replace(found.get(number, dark), number=number) for number in range(n_shots)]
    return [one if len(one.knots) else replace(one, knots=usual[0], log_gain=usual[1]) for one in every]


def in_shots(look: PlateLook, shots: Sequence[ShotLight], n_shots: int) -> PlateLook:
    """The clip's look with the light of its shots. n_shots: of the footage; those that are not given, in which the
    person cannot be measured, keep the clip's colours and its usual light."""
    shots = _with_usual_light(look, shots, n_shots)
    own = [(one.number, one.own) for one in shots if one.own is not None]
    row = np.zeros(n_shots, np.int32)
    row[[number for number, _ in own]] = np.arange(1, len(own) + 1)
    return replace(
        look,
        table=np.stack([look.table[0], *(light[0] for _, light in own)]),
        shading=np.stack([look.shading[0], *(light[1] for _, light in own)]),
        level=np.stack([look.level[0], *(light[2] for _, light in own)]),
        row=row,
        knots=np.concatenate([one.knots for one in shots]),
        log_gain=np.concatenate([one.log_gain for one in shots]),
        knot_shot=np.concatenate([np.full(len(one.knots), one.number, np.int32) for one in shots]),
    )
