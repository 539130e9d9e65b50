"""How one model is laid into one footage: measured once on frames from the whole clip, so that every shot is alike.

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
from ..face.occlusion import FaceModel
from .color import fit_colors, recolored, rolled_off, toned
from .grain import bare_skin, missing_grain
from .lids import lid_gain, lid_levels, lid_place
from .light import gain_at, light_over_time
from .matte import hull_masks
from .placing import drawn_outline
from .reader import READINGS
from .relight import DARK, plate_light
from .render import Painter
from .shading import SHADING_PX
from .softness import in_painted, missing_softness, painted_edges, sharp_edges
from .weights import Finish

Floats = NDArray[np.floating[Any]]
Pixels = NDArray[np.uint8]

# The distance holds who they are, but also how differently they performed: all of it would cost blinks and glances.
CODE_SHARE = 0.5
# What is read of a face is off by who it is as well, on people whom the reader never saw by 1 degree of turn and 2.5 of
# nod; but people may really look another way on the whole. Taken is what is to be expected of the two, if such habits
# differ by 4 degrees; glances and lids have no such habits.
READ_SHARE = {"yaw": 0.15, "pitch": 0.5}

_FRONT = "front_"
_BRIDGE = slice(27, 31)
"""Of the nose, in iBUG-68 order."""


@dataclass(frozen=True, slots=True)
class PlateSample:
    """Frames of the footage, evenly over its length.

    time_s (N,).  crops (N,S,S,3) uint8 in the footage's own crop, as the network wants them.  plates (N,D,D,3) uint8
    and landmarks (N,68,2) px where the painted face will lie, in the source's crop.  mouths (N,8) normalised.
    scale (N,): plate pixels beside a pixel of the painted face.  grain: level of the noise in the footage's own pixels,
    see `grain.grain_level`.  lids (M,): readings of frames that lie dense enough
    for blinks, see `Painter.lids`.
    edges (N,2,K): see `softness.edge_power`, with faces in the sizes that they have on the whole; NaN where unseen.
    """

    time_s: Floats
    crops: Pixels
    plates: Pixels
    landmarks: Floats
    mouths: Floats
    scale: Floats
    grain: float
    lids: Floats
    edges: Floats


@dataclass(frozen=True, slots=True)
class PlateLook:
    """What was measured, as arrays that lie in the store.

    template (68,2): mean shape of the person in the footage.  place (2,3): similarity from the source's crop to that
    person's, in units of the side.  outline (68,2): see `placing.drawn_outline`.  code_gain, code_shift, code_mean
    (C,): what the codes of this person's face are multiplied by, what is added, and the mean of them before.  table
    (n,n,n,3): colours, see `color.fit_colors`.  knots (K,), log_gain (K,3): see `light.light_over_time`.  shading
    (G,G,3): see `relight.plate_light`.  grain (): standard deviation of the noise that the painted face lacks.
    edges (2,K): of this person's sharp frames, see `softness.sharp_edges`.  scale (): plate pixels beside a pixel of
    the painted face there.  soft (): by how much softer they are than the painted face, in pixels of `edges`.
    agreement (2,): median and spread over the clip of how much of the face the decoder takes for face.  front: what
    this person's face usually looks like, None if what is in front of it does not matter.
    """

    template: Floats
    place: Floats
    outline: Floats
    code_gain: Floats
    code_shift: Floats
    code_mean: Floats
    table: Floats
    knots: Floats
    log_gain: Floats
    shading: Floats
    grain: Floats
    edges: Floats
    scale: Floats
    soft: Floats
    agreement: Floats
    front: FaceModel | None

    def arrays(self) -> dict[str, NDArray[Any]]:
        own = {field.name: np.asarray(getattr(self, field.name)) for field in fields(self) if field.name != "front"}
        front = self.front.arrays() if self.front is not None else {}
        return own | {_FRONT + name: values for name, values in front.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        front = {name.removeprefix(_FRONT): values for name, values in arrays.items() if name.startswith(_FRONT)}
        own = {field.name: arrays[field.name] for field in fields(cls) if field.name != "front"}
        return cls(**own, front=FaceModel.from_arrays(front) if front else None)


class Grade:
    """Painted faces into the plate's light, on the device where they were painted."""

    def __init__(self, look: PlateLook, device: torch.device) -> None:
        self.look = look
        self.table = torch.from_numpy(np.asarray(look.table, np.float32)).to(device)
        shading = torch.from_numpy(np.asarray(look.shading, np.float32))
        self.shading = shading.permute(2, 0, 1)[None].contiguous().to(device)

    @torch.no_grad()
    def __call__(self, faces: torch.Tensor, time_s: Floats) -> torch.Tensor:
        """faces (B,3,D,D) 0..1, time_s (B,) of the footage -> the same, graded; above 1 nowhere."""
        gain = torch.from_numpy(gain_at(time_s, self.look.knots, self.look.log_gain)).to(faces.device)
        return rolled_off(recolored(lit(faces, self.shading), self.table) * gain[:, :, None, None])


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
    painter: Painter, finish: Finish, sample: PlateSample, template: Floats, place: Floats, options: SwapOptions
) -> PlateLook:
    """painter: gets the footage's code shift, and draws the outline that the footage asks for."""
    outline = drawn_outline(np.array(finish.shape), template, place, options.outline)
    painter.draw(outline)
    mean = shift_codes(painter, finish, sample.crops, sample.lids)
    faces, learned = _painted(painter, sample)
    plates = sample.plates.astype(np.float32) / 255
    hulls = hull_masks(sample.landmarks, painter.output_px)
    skin = np.minimum(learned, hulls) * bare_skin(sample.landmarks, painter.output_px)
    inside = skin > 0.5
    shading = np.ones((SHADING_PX, SHADING_PX, 3), np.float32)
    if options.shading:
        axis = float((sample.landmarks[:, _BRIDGE, 0].mean() + 0.5) / painter.output_px)
        shading = plate_light(_as_bright(faces, plates, inside), plates, skin, axis)
    # Light first: a face that is lit from another side would pass for one of other colours.
    shown = lit(_planes(faces), _planes(shading[None]))
    shown_pixels = shown.permute(0, 2, 3, 1).numpy()
    table = fit_colors(shown_pixels[inside], plates[inside], options.color)
    knots, log_gain = _level(shown, plates, skin, table, sample.time_s, options)
    agreed = np.array(
        [mask[hull > 0.5].mean() if hull.any() else 0.0 for mask, hull in zip(learned, hulls, strict=True)]
    )
    agreement = np.array([np.median(agreed), agreed.std()])
    front = _front(sample, painter.input_px, place) if options.occlusion else None
    # Light is measured with the whole change of colour: after a part of it, what is missing would pass for light. What
    # is the same over the whole clip is colour, too.
    shown_table = toned(table, options.color_strength)
    light = knots, log_gain - (1 - options.color_strength) * log_gain.mean(0), shading
    codes = painter.code_gain, painter.code_shift, mean
    scale, none = float(np.median(sample.scale)), np.zeros(())
    sharp = none, sharp_edges(sample.edges), np.array(scale), none
    look = PlateLook(template, place, outline, *codes, shown_table, *light, *sharp, agreement, front)
    if not options.detail:
        return look
    graded = Grade(look, torch.device("cpu"))(_planes(faces), sample.time_s)
    finished = graded.clamp(0, 1).permute(0, 2, 3, 1).numpy()
    soft = missing_softness(painted_edges(finished, sample.landmarks, finish.sharpen, scale), look.edges)
    own_soft = in_painted(soft, scale)
    grain = missing_grain(finished, sample.grain, skin, finish.sharpen, scale, own_soft)
    return replace(look, grain=np.array(grain), soft=np.array(soft))


def lit(faces: torch.Tensor, shading: torch.Tensor) -> torch.Tensor:
    """Faces (B,3,D,D) 0..1 in the light of a field (1,3,G,G); what would be brighter than white keeps its hue."""
    field = torch.nn.functional.interpolate(shading, size=faces.shape[-2:], mode="bilinear", align_corners=False)
    brighter = faces * field
    return brighter / brighter.amax(1, keepdim=True).clamp(min=1)


def _as_bright(faces: Floats, plates: Floats, inside: NDArray[np.bool_]) -> Floats:
    """Faces at the plates' brightness, channel by channel: logarithms of light are then alike in the shadows, too."""
    if not inside.any():
        return faces
    ours, theirs = (np.median(pictures[inside], axis=0) for pictures in (faces, plates))
    return np.asarray(faces * ((theirs + DARK) / (ours + DARK)))


def _level(
    shown: torch.Tensor, plates: Floats, skin: Floats, table: Floats, time_s: Floats, options: SwapOptions
) -> tuple[Floats, Floats]:
    """knots and log_gain of a `PlateLook`; shown (N,3,D,D): faces in the plates' light."""
    if options.color is ColorMatch.NONE:
        return np.zeros(1), np.zeros((1, 3))
    moved = recolored(shown, torch.from_numpy(table)).permute(0, 2, 3, 1).numpy()
    return light_over_time(time_s, moved, plates, skin)


def _planes(pictures: Floats) -> torch.Tensor:
    """(N,H,W,3) -> (N,3,H,W)."""
    return torch.from_numpy(np.asarray(pictures, np.float32)).permute(0, 3, 1, 2)


def _front(sample: PlateSample, size_px: int, place: Floats) -> FaceModel | None:
    """In the footage's own crop, as `occlusion` wants it."""
    from ..face.warp import transform

    side = sample.plates.shape[1]
    points = transform((sample.landmarks + 0.5) / side, place) * size_px - 0.5
    return FaceModel.fit(sample.crops, (hull_masks(points, size_px) * 255).astype(np.uint8))


def _painted(painter: Painter, sample: PlateSample) -> tuple[Floats, Floats]:
    """Painted faces (N,D,D,3) and the decoder's masks (N,D,D)."""
    batches = (slice(k, k + 16) for k in range(0, len(sample.crops), 16))
    painted = [painter.paint(sample.crops[part], sample.mouths[part]) for part in batches]
    return np.concatenate([one.faces for one in painted]), np.concatenate([one.masks for one in painted])


__all__ = ["CODE_SHARE", "Grade", "PlateLook", "PlateSample", "measure_look", "shift_codes"]
