"""What a footage is lit by, beside the faces that are painted for it: shade over the face, and colours.

A lamp stays where it is when a head turns, and another cheek comes into its light. One field of light for all turns
would leave the shadow of a nose on the cheek beside it, so light is measured turn by turn; and at one turn, too, no two
frames show the nose at one place, so it is measured, and laid on again, where it lies on the face (`surface.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..domain.swap import ColorMatch, SwapOptions
from .color import fit_colors, recolored
from .light import log_gains
from .relight import DARK, plate_light
from .shading import SHADING_PX, hue_left
from .shape import BRIDGE, EYE_CORNERS, NOSE_TIP
from .surface import Surface

Floats = NDArray[np.floating[Any]]

__all__ = [
    "Light",
    "Scene",
    "by_turn",
    "gains_left",
    "is_even",
    "light_of",
    "lit",
    "planes_of",
    "turn_centres",
    "turns_of",
]

_STEP = 0.14
"""Between turns that have a light of their own, as `turns_of` counts: 12 degrees."""

_MOST_TURNS = 5
_ENDS = 0.05, 0.95
"""Of the turns of a clip: beyond, there are too few frames to measure light on."""

_LEAST_FRAMES = 6
_LAID_PX = 2 * SHADING_PX
_NEAR = 0.3
"""Share that a turn's light has in a frame's, from which on the frame tells it."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Painted faces beside what was filmed: faces, plates (N,D,D,3) 0..1, skin (N,D,D) 0..1, the bare skin of both, and
    points (N,K,2) of the faces in units of their side."""

    faces: Floats
    plates: Floats
    skin: Floats
    points: Floats

    def part(self, rows: NDArray[np.integer[Any]]) -> Scene:
        return Scene(self.faces[rows], self.plates[rows], self.skin[rows], self.points[rows])

    def laid(self, surface: Surface) -> Scene:
        """Every face where faces usually are, as finely as light needs it; points stay what they were."""
        points = torch.from_numpy(np.asarray(self.points, np.float32))
        faces, plates = (
            _laid(planes_of(one), points, surface).permute(0, 2, 3, 1) for one in (self.faces, self.plates)
        )
        skin = _laid(torch.from_numpy(np.asarray(self.skin, np.float32))[:, None], points, surface)[:, 0]
        return Scene(faces.numpy(), plates.numpy(), skin.numpy(), self.points)


@dataclass(frozen=True, slots=True)
class Light:
    """What frames were found to be lit by. shading (B,G,G,3): gains, for heads that are turned as turns (B,) say, of
    faces whose points lie as surface (K,2) says.  table (n,n,n,4): see `color.fit_colors`."""

    shading: Floats
    turns: Floats
    surface: Floats
    table: Floats

    def shown(self, scene: Scene) -> NDArray[np.float32]:
        """The scene's faces (N,D,D,3) after shading and change of colour."""
        return _recolored(self.shaded(scene), self.table)

    def shaded(self, scene: Scene) -> NDArray[np.float32]:
        if is_even(self.shading):
            return np.asarray(scene.faces, np.float32)
        points, surface = torch.from_numpy(np.asarray(scene.points)), Surface(self.surface)
        fields = surface.worn(by_turn(planes_of(self.shading), self.turns, points), points)
        return np.asarray(lit(planes_of(scene.faces), fields).permute(0, 2, 3, 1).numpy())


def light_of(scene: Scene, options: SwapOptions, turns: Floats | None = None, usual: Floats | None = None) -> Light:
    """turns (B,): those that are measured; the scene's own `turn_centres` if left out.  usual (K,2): where points of
    faces lie in what is measured; if left out, where they do on the mean."""
    if turns is None:
        turns = turn_centres(scene.points) if options.shading else np.zeros(1)
    usual = np.asarray(scene.points.mean(0) if usual is None else usual, np.float32)
    light = Light(np.ones((len(turns), SHADING_PX, SHADING_PX, 3), np.float32), turns, usual, np.zeros(0))
    surface = Surface(usual)
    if options.shading:
        bright = replace(scene, faces=_as_bright(scene)).laid(surface)
        axis = float(usual[BRIDGE, 0].mean())
        fields = _each_turn(bright, turns, lambda part: plate_light(part.faces, part.plates, part.skin, axis))
        light = replace(light, shading=fields)
    # Light first: a face that is lit from another side would pass for one of other colours.
    light = _with_table(light, scene, options)
    if options.shading and options.color is not ColorMatch.NONE:
        shown = replace(scene, faces=light.shown(scene)).laid(surface)
        hues = _each_turn(shown, turns, lambda part: hue_left(part.faces, part.plates, part.skin))
        light = _with_table(replace(light, shading=light.shading * hues), scene, options)
    return light


def gains_left(scene: Scene, light: Light, where: NDArray[np.bool_]) -> Floats:
    """(N,3): see `light.log_gains`, of the scene's faces in a light."""
    return log_gains(light.shown(scene), scene.plates, where)


def turns_of(points: Floats | torch.Tensor) -> NDArray[np.float64]:
    """(N,) of points (N,K,2): how far the tip of the nose is from the middle of the eyes, along their line and in
    distances between the eyes; positive to the picture's right."""
    places = np.asarray(points, np.float64)
    right, left = (places[:, list(corners)].mean(1) for corners in (EYE_CORNERS[:2], EYE_CORNERS[2:]))
    across = left - right
    away = places[:, NOSE_TIP] - (left + right) / 2
    return np.asarray((away * across).sum(1) / np.maximum((across**2).sum(1), 1e-12))


def turn_centres(points: Floats) -> NDArray[np.float64]:
    """(B,) turns from the one end of a clip's (N,K,2) to the other, in steps in which light is alike."""
    turns = turns_of(points)
    low, high = np.quantile(turns, _ENDS)
    n = min(1 + round((high - low) / _STEP), _MOST_TURNS)
    return np.linspace(low, high, n) if n > 1 else np.median(turns, keepdims=True)


def by_turn(fields: torch.Tensor, turns: Floats, points: torch.Tensor) -> torch.Tensor:
    """Of fields (B,C,G,G) at turns (B,) those for faces with points (N,K,2): (N,C,G,G), or (1,C,G,G) for all."""
    if len(turns) == 1:
        return fields
    shares = torch.from_numpy(_shares(turns_of(points.cpu()), turns)).to(fields)
    return torch.einsum("nb,bcgh->ncgh", shares, fields)


def is_even(shading: Floats) -> bool:
    """Whether gains change nothing anywhere."""
    return bool((np.asarray(shading) == 1).all())


def lit(faces: torch.Tensor, shading: torch.Tensor) -> torch.Tensor:
    """Faces (N,3,D,D) 0..1 in the light of fields (N,3,G,G) or (1,3,G,G); what would be brighter than white keeps its
    hue."""
    wide = torch.nn.functional.interpolate(shading, size=faces.shape[-2:], mode="bilinear", align_corners=False)
    brighter = faces * wide
    return brighter / brighter.amax(1, keepdim=True).clamp(min=1)


def _shares(turned: Floats, turns: Floats) -> NDArray[np.float32]:
    """(N,B): how much each of the turns, which lie evenly, has in those of frames (N,); 1 in sum."""
    at = (np.clip(turned, turns[0], turns[-1]) - turns[0]) / (turns[1] - turns[0])
    return np.asarray(np.clip(1 - np.abs(at[:, None] - np.arange(len(turns))), 0, 1), np.float32)


def _each_turn(scene: Scene, turns: Floats, field_of: Callable[[Scene], Floats]) -> NDArray[np.float32]:
    """(B,G,G,3). Where too few frames show a turn, it is lit as all are."""
    whole = field_of(scene)
    if len(turns) == 1:
        return np.asarray(whole[None], np.float32)
    shares = _shares(turns_of(scene.points), turns)
    near = [np.flatnonzero(column > _NEAR) for column in shares.T]
    return np.stack([field_of(scene.part(rows)) if len(rows) >= _LEAST_FRAMES else whole for rows in near])


def _laid(pictures: torch.Tensor, points: torch.Tensor, surface: Surface) -> torch.Tensor:
    if pictures.shape[-1] > _LAID_PX:
        pictures = torch.nn.functional.interpolate(pictures, size=_LAID_PX, mode="area")
    return surface.laid(pictures, points).clamp(0, 1)


def _as_bright(scene: Scene) -> Floats:
    """Faces at the plates' brightness, channel by channel: logarithms of light are then alike in the shadows, too."""
    inside = scene.skin > 0.5
    if not inside.any():
        return scene.faces
    ours, theirs = (np.median(pictures[inside], axis=0) for pictures in (scene.faces, scene.plates))
    return np.asarray(scene.faces * ((theirs + DARK) / (ours + DARK)))


def _with_table(light: Light, scene: Scene, options: SwapOptions) -> Light:
    inside = scene.skin > 0.5
    table = fit_colors(light.shaded(scene)[inside], scene.plates[inside], options.color)
    return replace(light, table=table)


def _recolored(faces: Floats, table: Floats) -> NDArray[np.float32]:
    moved = recolored(planes_of(faces), torch.from_numpy(np.asarray(table, np.float32)))
    return np.asarray(moved.permute(0, 2, 3, 1).numpy())


def planes_of(pictures: Floats) -> torch.Tensor:
    """(N,H,W,3) -> (N,3,H,W)."""
    return torch.from_numpy(np.asarray(pictures, np.float32)).permute(0, 3, 1, 2)
