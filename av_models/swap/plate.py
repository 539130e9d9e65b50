"""How one model is laid into one footage: measured once on frames from the whole clip, so that every shot is alike.

Needs the model and the footage's track, never the faces that the model was trained on.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from ..domain.swap import SwapOptions
from .color import fit_colors, recolored
from .faces import feature_weight
from .finish import detail
from .matte import hull_masks
from .render import Painter, sharpened
from .weights import Finish

Floats = NDArray[np.floating[Any]]
Pixels = NDArray[np.uint8]

# The distance holds who they are, but also how differently they performed: all of it would cost blinks and glances.
CODE_SHARE = 0.5
GRAIN_SIGMA_PX = 0.8
# Above this it is no grain but structure of the skin that was measured.
MAX_GRAIN = 0.02


@dataclass(frozen=True, slots=True)
class PlateSample:
    """Frames of the footage, evenly over its length.

    time_s (N,).  crops (N,S,S,3) uint8 in the footage's own crop, as the network wants them.  plates (N,D,D,3) uint8
    and landmarks (N,68,2) px where the painted face will lie, in the source's crop.  mouths (N,8) normalised.
    """

    time_s: Floats
    crops: Pixels
    plates: Pixels
    landmarks: Floats
    mouths: Floats


@dataclass(frozen=True, slots=True)
class PlateLook:
    """What was measured, as arrays that lie in the store.

    template (68,2): mean shape of the person in the footage.  place (2,3): similarity from the source's crop to that
    person's, in units of the side.  code_shift (C,): added to the codes of this person's face.  table (n,n,n,3):
    colours, see `color.fit_colors`.  grain (): standard deviation of the noise that the painted face lacks.
    """

    template: Floats
    place: Floats
    code_shift: Floats
    table: Floats
    grain: Floats

    def arrays(self) -> dict[str, Floats]:
        return {field.name: np.asarray(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})


def code_shift(painter: Painter, finish: Finish, crops: Pixels) -> NDArray[np.float32]:
    """What moves the codes of the footage's face towards the source's: CODE_SHARE of the distance of their means.

    The encoder keeps some of who somebody is: narrow eyes come out as the source's eyes half closed.
    """
    codes = np.concatenate([painter.codes(crops[k : k + 32]) for k in range(0, len(crops), 32)])
    return (CODE_SHARE * (np.array(finish.mean_code) - codes.mean(0))).astype(np.float32)


def measure_look(
    painter: Painter, finish: Finish, sample: PlateSample, template: Floats, place: Floats, options: SwapOptions
) -> PlateLook:
    """painter: with the footage's `code_shift` in it."""
    faces, skin = _painted(painter, sample)
    plates = sample.plates.astype(np.float32) / 255
    inside = skin > 0.5
    table = fit_colors(faces[inside], plates[inside], options.color)
    moved = recolored(torch.from_numpy(faces).permute(0, 3, 1, 2), torch.from_numpy(table)).permute(0, 2, 3, 1).numpy()
    grain = missing_grain(moved, plates, skin, finish.sharpen) if options.detail else 0.0
    return PlateLook(template, place, painter.code_shift, table, np.float32(grain))


def dressed(faces: Floats, look: PlateLook) -> NDArray[np.float32]:
    """Painted faces (B,D,D,3) in the plate's light."""
    pictures = torch.from_numpy(np.asarray(faces, np.float32)).permute(0, 3, 1, 2)
    return recolored(pictures, torch.from_numpy(np.asarray(look.table, np.float32))).permute(0, 2, 3, 1).numpy()


def missing_grain(faces: Floats, plates: Floats, skin: Floats, sharpen: float) -> float:
    """Standard deviation of the noise that the plates have and the finished faces lack; (N,D,D,3) and masks."""
    crisp = np.stack([sharpened(face, sharpen) for face in faces])
    missing = detail(plates, skin, GRAIN_SIGMA_PX) ** 2 - detail(crisp, skin, GRAIN_SIGMA_PX) ** 2
    return float(min(max(missing, 0.0) ** 0.5, MAX_GRAIN))


def _painted(painter: Painter, sample: PlateSample) -> tuple[Floats, Floats]:
    """Painted faces (N,D,D,3) and masks (N,D,D) of bare skin that both have."""
    faces, masks = [], []
    for k in range(0, len(sample.crops), 16):
        painted = painter.paint(sample.crops[k : k + 16], sample.mouths[k : k + 16])
        faces.append(painted.faces)
        masks.append(painted.masks)
    side = painter.output_px
    features = feature_weight(torch.from_numpy(sample.landmarks).float(), side, 3.0, 3.0)[:, 0].numpy()
    inside = np.minimum(np.concatenate(masks), hull_masks(sample.landmarks, side))
    return np.concatenate(faces), inside * (features < 1.5)


__all__ = ["CODE_SHARE", "PlateLook", "PlateSample", "code_shift", "dressed", "measure_look", "missing_grain"]
