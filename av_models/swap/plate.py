"""How one model is laid into one footage: measured once on frames from the whole clip, and for the light of each of its
shots (`plate_shots.py`) on frames of that shot.

Needs the model and the footage's track, never the faces that the model was trained on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from ..domain.swap import ColorMatch, SwapOptions
from ..face.front import learn
from ..face.occlusion import FaceModel
from .brows import BrowReader
from .color import recolored, rolled_off, share_of_change
from .expression import ExpressionReader
from .glances import GlanceReader
from .grain import bare_skin, missing_grain
from .irises import SeenIrises
from .lids import lid_gain, lid_levels, lid_place, lid_tremble
from .light import always_skin, followed, gain_in
from .lighting import Light, Scene, by_turn, gains_left, is_even, light_of, lit, planes_of
from .matte import hull_masks
from .placing import drawn_outline
from .reader import READINGS
from .render import Painted, Painter, joined
from .softness import in_painted, missing_softness, painted_edges, sharp_edges
from .surface import Surface
from .weights import Finish
from .whites import whites_places

Floats = NDArray[np.floating[Any]]
Pixels = NDArray[np.uint8]

# The distance holds who they are, but also how differently they performed: all of it would cost blinks and glances.
CODE_SHARE = 0.5
# What is read of a face is off by who it is as well, on people whom the reader never saw by 1 degree of turn and 2.5 of
# nod; but people may really look another way on the whole. Taken is what is to be expected of the two, if such habits
# differ by 4 degrees; glances and lids have no such habits.
READ_SHARE = {"yaw": 0.15, "pitch": 0.5}

_FRONT, _EXPRESSION = "front_", "expression_"


@dataclass(frozen=True, slots=True)
class PlateSample:
    """Frames of the footage, evenly over its length or over that of a shot.

    time_s (N,).  crops (N,S,S,3) uint8 in the footage's own crop, as the network wants them.  plates (N,D,D,3) uint8
    and landmarks (N,68,2) px where the painted face will lie, in the source's crop.  mouths (N,8) normalised.
    scale (N,): plate pixels beside a pixel of the painted face.  grain: level of the noise in the footage's own pixels,
    see `grain.grain_level`.  edges (N,2,K): see `softness.edge_power`, with faces in the sizes that they have on the
    whole; NaN where unseen, or where nobody looked.
    """

    time_s: Floats
    crops: Pixels
    plates: Pixels
    landmarks: Floats
    mouths: Floats
    scale: Floats
    grain: float
    edges: Floats


@dataclass(frozen=True, slots=True)
class PlateReadings:
    """What was read of a person in frames of the whole footage, which lie so dense that every blink is met.

    lids (M,): how shut they are; empty without a reader.  brows, irises: None where nothing can be told of them.
    """

    lids: Floats
    brows: BrowReader | None = None
    irises: SeenIrises | None = None


@dataclass(frozen=True, slots=True)
class PlateLook:
    """What was measured, as arrays that lie in the store.

    template (68,2): mean shape of the person in the footage. place (2,3): similarity from the source's crop to that
    person's, in units of the side. outline (68,2): see `placing.drawn_outline`. code_gain, code_shift, code_mean (C,):
    what the codes of this person's face are multiplied by, what is added, and the mean of them before. table
    (T,n,n,n,4): colours, see `color.fit_colors`. shading (T,B,G,G,3): gains for heads that are turned as turns (B,)
    say, of faces whose points lie as surface (K,2) says, see `lighting.light_of`. level (T,3): mean logarithm of the
    gain, which is colour, too: it does not change. row (S,): which of the three each shot of the footage has; row 0 is
    the whole clip's. share (G,G): see `color.share_of_change`. knots (K,), log_gain (K,3): see `light.followed`.
    knot_shot (K,): the shot that each knot belongs to. grain (): standard deviation of the noise that the painted face
    lacks. edges (2,K): of this person's sharp frames, see `softness.sharp_edges`. scale (): plate pixels beside a pixel
    of the painted face there. soft (): by how much softer they are than the painted face, in pixels of `edges`.
    agreement (2,): median and spread over the clip of how much of the face the decoder takes for face. tremble (): of
    open lids, see `lids.lid_tremble`. front: what this person's face usually looks like, None if what is in front of it
    does not matter. expression: how brows and glances are read, None where neither is followed.
    """

    template: Floats
    place: Floats
    outline: Floats
    code_gain: Floats
    code_shift: Floats
    code_mean: Floats
    table: Floats
    shading: Floats
    turns: Floats
    surface: Floats
    level: Floats
    row: NDArray[np.integer[Any]]
    share: Floats
    knots: Floats
    log_gain: Floats
    knot_shot: NDArray[np.integer[Any]]
    grain: Floats
    edges: Floats
    scale: Floats
    soft: Floats
    agreement: Floats
    tremble: Floats
    front: FaceModel | None
    expression: ExpressionReader | None

    def arrays(self) -> dict[str, NDArray[Any]]:
        found = {name: np.asarray(getattr(self, name)) for name in self._plain()}
        for prefix, part in ((_FRONT, self.front), (_EXPRESSION, self.expression)):
            found |= {prefix + name: values for name, values in (part.arrays() if part is not None else {}).items()}
        return found

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        front, expression = (
            {name.removeprefix(prefix): values for name, values in arrays.items() if name.startswith(prefix)}
            for prefix in (_FRONT, _EXPRESSION)
        )
        return cls(
            **{name: arrays[name] for name in cls._plain()},
            front=FaceModel.from_arrays(front) if front else None,
            expression=ExpressionReader.from_arrays(expression) if expression else None,
        )

    @classmethod
    def _plain(cls) -> list[str]:
        """Fields that are arrays."""
        return [field.name for field in fields(cls) if field.name not in ("front", "expression")]


class Grade:
    """Painted faces into the plate's light, on the device where they were painted."""

    def __init__(self, look: PlateLook, device: torch.device) -> None:
        self.look = look
        self.tables = torch.from_numpy(np.asarray(look.table, np.float32)).to(device)
        self.shadings = [planes_of(one).contiguous().to(device) for one in look.shading]
        self.surface = None if is_even(look.shading) else Surface(look.surface, device)
        self.levels = torch.from_numpy(np.asarray(look.level, np.float32)).to(device)
        self.share = torch.from_numpy(np.asarray(look.share, np.float32)).to(device)[None, None]
        self.all_of_it = bool((np.asarray(look.share) == 1).all())
        self.curves = {
            int(shot): (look.knots[look.knot_shot == shot], look.log_gain[look.knot_shot == shot])
            for shot in np.unique(look.knot_shot)
        }

    @torch.no_grad()
    def __call__(
        self, faces: torch.Tensor, points: torch.Tensor, time_s: Floats, shot: NDArray[np.integer[Any]]
    ) -> torch.Tensor:
        """faces (B,3,D,D) 0..1 and points (B,K,2) as they were painted, time_s (B,) of the footage, shot (B,) numbers
        of its shots -> the same, graded; above 1 nowhere."""
        gain = torch.from_numpy(gain_in(shot, time_s, self.curves)).to(faces.device)
        rows = self.look.row[shot]
        parts = [(row, np.flatnonzero(rows == row)) for row in np.unique(rows).tolist()]
        whites = whites_places(points, faces.shape[-1])
        colored = self._colored(faces, points, whites, parts[0][0]) if len(parts) == 1 else torch.empty_like(faces)
        for row, there in parts if len(parts) > 1 else ():
            colored[there] = self._colored(faces[there], points[there], whites[there], row)
        return rolled_off(colored * gain[:, :, None, None])

    def _colored(self, faces: torch.Tensor, points: torch.Tensor, whites: torch.Tensor, row: int) -> torch.Tensor:
        own = faces
        if self.surface is not None:
            own = lit(faces, self.surface.worn(by_turn(self.shadings[row], self.look.turns, points), points))
        moved = recolored(own, self.tables[row], whites)
        if self.all_of_it:
            return moved
        share = torch.nn.functional.interpolate(self.share, size=faces.shape[-2:], mode="bilinear")
        undone = torch.exp((share - 1) * self.levels[row][None, :, None, None])
        return torch.lerp(own, moved, share) * undone


def shift_codes(painter: Painter, finish: Finish, crops: Pixels, lids: Floats | None = None) -> NDArray[np.float32]:
    """Set the painter's shift to a share of the distance between the source's codes and those of crops (N,S,S,3).

    The encoder keeps some of who somebody is: narrow eyes come out as the source's eyes half closed. lids: readings of
    this person's blinks, which are brought to the source's scale. Returns the mean of the crops' codes (C,), before
    the shift.
    """
    mean = np.concatenate([painter.codes(crops[k : k + 32]) for k in range(0, len(crops), 32)]).mean(0)
    share = np.full(len(mean), CODE_SHARE)
    share[painter.network.config.code :] = 1.0
    if painter.network.config.readings:
        for name, part in READ_SHARE.items():
            share[painter.network.config.code + READINGS.index(name)] = part
    shift, gain = share * (np.array(finish.mean_code) - mean), np.ones(len(mean))
    place = lid_place(painter.network.config)
    if place is not None and lids is not None:
        own = lid_levels(lids)
        gain[place] = lid_gain(finish.lids, own)
        if gain[place] != 1:
            shift[place] = finish.lids[0] - gain[place] * own[0]
    painter.shift(shift, gain)
    return np.asarray(mean, np.float32)


def measure_look(
    painter: Painter,
    finish: Finish,
    sample: PlateSample,
    readings: PlateReadings,
    template: Floats,
    place: Floats,
    options: SwapOptions,
) -> PlateLook:
    """As if the clip were one shot.

    painter: gets the footage's code shift, and draws the outline that the footage asks for.
    """
    mean_shape = np.array(finish.shape)
    outline = drawn_outline(mean_shape, template, place, options.outline * (1 - options.reshape))
    painter.draw(outline, mean_shape)
    mean = shift_codes(painter, finish, sample.crops, readings.lids)
    tremble = lid_tremble(readings.lids)
    painter.expect_lids(tremble)
    painted = painted_faces(painter, sample)
    scene = scene_of(painted, sample)
    light = light_of(scene, options)
    knots, log_gain = _followed(scene, light, sample, options)
    hulls = hull_masks(sample.landmarks, painter.output_px)
    share = share_of_change(np.minimum(painted.masks, hulls).mean(0), options.color_strength)
    # Light is measured with the whole change of colour: after a part of it, what is missing would pass for light.
    # What is the same over the whole clip is colour, too.
    look = PlateLook(
        *(template, place, outline, painter.code_gain, painter.code_shift, mean),
        *(light.table[None], light.shading[None], light.turns, light.surface, log_gain.mean(0)[None]),
        row=np.zeros(1, np.int32),
        share=share,
        knots=knots,
        log_gain=log_gain,
        knot_shot=np.zeros(len(knots), np.int32),
        grain=np.zeros(()),
        edges=sharp_edges(sample.edges),
        scale=np.array(np.median(sample.scale)),
        soft=np.zeros(()),
        agreement=_agreement(painted.masks, hulls),
        tremble=np.array(tremble),
        front=_front(sample, painter.input_px, place) if options.occlusion else None,
        expression=_expression(painter, readings, place, options),
    )
    if options.detail:
        look = _as_filmed(look, painted, sample, scene.skin, finish)
    return look


def _expression(
    painter: Painter, readings: PlateReadings, place: Floats, options: SwapOptions
) -> ExpressionReader | None:
    brows = readings.brows if options.brows else None
    glances = None
    if options.glances and readings.irises is not None and painter.usual_irises is not None:
        glances = GlanceReader.of(readings.irises, painter.usual_irises)
    if brows is None and glances is None:
        return None
    gain = options.brows / float(np.sqrt(np.linalg.det(place[:, :2])))
    return ExpressionReader(brows, glances, gain, options.glances)


def scene_of(painted: Painted, sample: PlateSample) -> Scene:
    side = sample.plates.shape[1]
    skin = np.minimum(painted.masks, hull_masks(sample.landmarks, side)) * bare_skin(sample.landmarks, side)
    plates = np.asarray(sample.plates / np.float32(255), np.float32)
    return Scene(painted.faces, plates, np.asarray(skin, np.float32), painted.points)


def _followed(scene: Scene, light: Light, sample: PlateSample, options: SwapOptions) -> tuple[Floats, Floats]:
    """knots and log_gain of a `PlateLook`."""
    where = always_skin(scene.skin)
    if options.color is ColorMatch.NONE or not where.any():
        return np.zeros(1), np.zeros((1, 3))
    return followed(sample.time_s, gains_left(scene, light, where))


def _agreement(learned: Floats, hulls: Floats) -> Floats:
    agreed = [mask[hull > 0.5].mean() if hull.any() else 0.0 for mask, hull in zip(learned, hulls, strict=True)]
    return np.array([np.median(agreed), np.std(agreed)])


def _as_filmed(look: PlateLook, painted: Painted, sample: PlateSample, skin: Floats, finish: Finish) -> PlateLook:
    """With the softness and the grain that the painted faces lack, once they are graded."""
    scale = float(look.scale)
    grade, whole = Grade(look, torch.device("cpu")), np.zeros(len(painted.faces), np.int32)
    graded = grade(planes_of(painted.faces), torch.from_numpy(painted.points), sample.time_s, whole)
    finished = graded.clamp(0, 1).permute(0, 2, 3, 1).numpy()
    soft = missing_softness(painted_edges(finished, sample.landmarks, finish.sharpen, scale), look.edges)
    own_soft = in_painted(soft, scale)
    grain = missing_grain(finished, sample.grain, skin, finish.sharpen, scale, own_soft)
    return replace(look, grain=np.array(grain), soft=np.array(soft))


def _front(sample: PlateSample, size_px: int, place: Floats) -> FaceModel | None:
    """In the footage's own crop, as `occlusion` wants it."""
    from ..face.warp import transform

    side = sample.plates.shape[1]
    points = transform((sample.landmarks + 0.5) / side, place) * size_px - 0.5
    return learn(sample.crops, (hull_masks(points, size_px) * 255).astype(np.uint8))


def painted_faces(painter: Painter, sample: PlateSample) -> Painted:
    """What the painter makes of the sample's crops."""
    batches = (slice(k, k + 16) for k in range(0, len(sample.crops), 16))
    return joined([painter.paint(sample.crops[part], sample.mouths[part]) for part in batches])


__all__ = [
    "CODE_SHARE", "Grade", "PlateLook", "PlateReadings", "PlateSample", "measure_look", "painted_faces", "scene_of",
    "shift_codes",
]  # fmt: skip
