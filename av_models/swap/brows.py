"""How far brows are raised above where a person usually has them, read from their own picture.

Landmark detectors know little of it: of a brow that is raised, dlib's points show a third, and they fall with every
blink. But a brow looks the same wherever it is. So its usual picture is looked for above and below its usual place
(normalised template matching, which light does not change), to a fraction of a pixel. Brows also move in their crop as
a head turns and nods, by much the same on every face; that is taken out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEFT", "RIGHT", "BrowPictures", "BrowReader"]

Floats = NDArray[np.floating[Any]]
Pixels = NDArray[np.uint8]

LEFT, RIGHT = slice(17, 22), slice(22, 27)
"""In iBUG-68 order, from the left of the picture."""

_LEAST_FRAMES = 12
_AROUND = 0.012, 0.03, 0.02
"""Of the crop's side: how far a brow's picture reaches beside, above and below its landmarks. Lids, which have
movements of their own, are no part of it."""

_REACH = 0.022, 0.07
"""How far it is looked for, across and along."""

_UNSURE, _SURE = 0.55, 0.8
"""Correlations: less than the first is not the brow, from the second on it is."""

_TURNING = np.array([-0.013, -0.005, 0.0045])
_TURNING_APART = np.array([0.006, 0.005, 0.004])
"""Of the crop's side: where `_terms` move a brow, and how differently they do so on different faces; both from six
fictional people."""

_NOISE = 0.003
_MODE_WIDTH = 0.003
_AS_OFTEN, _BESIDE = 0.7, 0.1
_ROUNDS = 8
_STILL, _MOST_STILL = 0.003, 0.005
_TREMBLES = 2.5
"""Readings below so many of the person's own trembles are none, from twice that on they are whole."""

_MOST = 0.06
_TO_SPREAD = 1.4826


@dataclass(frozen=True, slots=True)
class BrowPictures:
    """One person's brows as they usually look in crops of one footage.

    left, right (h,w): grey.  corners (2,2): x and y of their upper left corners in the crop, px.
    """

    left: NDArray[np.float32]
    right: NDArray[np.float32]
    corners: NDArray[np.int64]

    @classmethod
    def of(cls, crops: Pixels, template: Floats) -> Self:
        """From crops (N,S,S,3) RGB, one or more, that are aligned to template (68,2)."""
        grays = [_gray(crop) for crop in crops]
        places = [_place(template[brow], crops.shape[1]) for brow in (LEFT, RIGHT)]
        left, right = (np.median([gray[place] for gray in grays], 0).astype(np.float32) for place in places)
        return cls(left, right, np.array([(columns.start, rows.start) for rows, columns in places]))

    def found(self, crops: Pixels) -> tuple[Floats, Floats]:
        """(N,2) each, of crops (N,S,S,3): how far below its corner each picture is found, in units of the crop's side;
        and how sure that is, 0..1."""
        found = [self._found(_gray(crop)) for crop in crops]
        offset, sure = np.array(found, np.float64).reshape(len(crops), 2, 2).transpose(2, 0, 1)
        return offset, sure

    def _found(self, gray: NDArray[np.uint8]) -> list[tuple[float, float]]:
        return [_matched(gray, *one) for one in zip((self.left, self.right), self.corners.tolist(), strict=True)]


@dataclass(frozen=True, slots=True)
class BrowReader:
    """One person in one footage.

    rest (2,4): how far below their corners the pictures usually lie, in units of the crop's side: times `_terms`, and a
    constant.  still (2,): readings as small as that are none.
    """

    pictures: BrowPictures
    rest: Floats
    still: Floats

    def arrays(self) -> dict[str, NDArray[Any]]:
        found = {field.name: np.asarray(getattr(self.pictures, field.name)) for field in fields(BrowPictures)}
        return found | {"rest": np.asarray(self.rest), "still": np.asarray(self.still)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        pictures = BrowPictures(**{field.name: arrays[field.name] for field in fields(BrowPictures)})
        return cls(pictures, arrays["rest"], arrays["still"])

    @classmethod
    def of(cls, pictures: BrowPictures, found: tuple[Floats, Floats], turns: Floats) -> Self | None:
        """found: what `BrowPictures.found` says of frames all over the clip, turns (N,2): readings of yaw and pitch in
        them. None where they are too few to say what is usual."""
        if len(turns) < _LEAST_FRAMES:
            return None
        offset, sure = found
        rests = [_rest(offset[:, k], sure[:, k], terms) for k, terms in enumerate(_terms(turns))]
        rest, still = (np.stack(one) for one in zip(*rests, strict=True))
        return cls(pictures, rest, still)

    def __call__(self, crops: Pixels, turns: Floats) -> Floats:
        """Crops (N,S,S,3) of the same clip and their readings (N,2) -> (N,2): how far each brow is below where it
        usually is, in units of the crop's side; 0 where it is not found."""
        offset, sure = self.pictures.found(crops)
        usual = np.stack([terms @ row[:-1] + row[-1] for terms, row in zip(_terms(turns), self.rest, strict=True)], 1)
        return np.asarray(sure * _beyond(offset - usual, self.still))


def _gray(crop: Pixels) -> NDArray[np.uint8]:
    import cv2

    return np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY))


def _place(points: Floats, side_px: int) -> tuple[slice, slice]:
    """Rows and columns of the picture of a brow that usually lies at points (5,2), in units of the crop's side. With
    the reach round it, it lies within the crop."""
    beside, above, below = _AROUND
    reach = np.array(_REACH)
    low = np.maximum(points.min(0) - np.array([beside, above]), reach) * side_px
    high = np.minimum(points.max(0) + np.array([beside, below]), 1 - reach) * side_px
    (x, y), (right, lower) = np.ceil(low).astype(int).tolist(), np.floor(high).astype(int).tolist()
    return slice(y, max(lower, y + 1)), slice(x, max(right, x + 1))


def _matched(gray: NDArray[np.uint8], picture: Floats, corner: list[int]) -> tuple[float, float]:
    """How far below its corner a picture is found in a crop, and how sure that is; see `BrowPictures.found`."""
    import cv2

    side = len(gray)
    across, along = (int(share * side) for share in _REACH)
    (x, y), (height, width) = corner, picture.shape
    around = gray[y - along : y + along + height, x - across : x + across + width].astype(np.float32)
    likeness = np.asarray(cv2.matchTemplate(around, picture, cv2.TM_CCOEFF_NORMED)).max(1)
    sure = (float(likeness.max()) - _UNSURE) / (_SURE - _UNSURE)
    return (_peak(likeness) - along) / side, min(max(sure, 0.0), 1.0)


def _peak(values: Floats) -> float:
    """Where a row of values is greatest, by a parabola through the three round it."""
    at = int(values.argmax())
    if not 0 < at < len(values) - 1:
        return float(at)
    before, here, after = values[at - 1 : at + 2].tolist()
    return at + 0.5 * (before - after) / min(before - 2 * here + after, -1e-9)


def _terms(turns: Floats) -> tuple[Floats, Floats]:
    """(N,3) for the left brow and for the right one: by what a brow moves in heads that are turned as readings of yaw
    and pitch (N,2) say."""
    yaw, pitch = np.asarray(turns, np.float64).T
    left, right = (np.stack([side * yaw, yaw**2, pitch], 1) for side in (1, -1))
    return left, right


def _rest(offsets: Floats, sure: Floats, terms: Floats) -> tuple[Floats, float]:
    """Of one brow, found (N,) in frames with terms (N,3): a row of `rest`, and of `still`.

    Begins with what is common to all faces and where the brow is most often. How this face differs is told by frames
    near that, in which the brow is not raised.
    """
    apart = 1 / _TURNING_APART**2
    turning, usual = _TURNING, _lowest_mode(offsets - terms @ _TURNING, sure)
    spread = _NOISE
    weight = np.zeros(len(offsets))
    for _ in range(_ROUNDS):
        left = offsets - terms @ turning - usual
        weight = sure * np.maximum(1 - (left / (3 * spread)) ** 2, 0) ** 2 + 1e-9
        middle = weight @ terms / weight.sum()
        centred, asked = terms - middle, offsets - terms @ _TURNING
        asked = asked - weight @ asked / weight.sum()
        power = (weight[:, None] * centred).T @ centred / _NOISE**2 + np.diag(apart)
        turning = _TURNING + np.linalg.solve(power, (weight[:, None] * centred).T @ asked / _NOISE**2)
        usual = float(weight @ (offsets - terms @ turning) / weight.sum())
    left = np.abs(offsets - terms @ turning - usual)[weight > 0.1]
    tremble = _TO_SPREAD * float(np.median(left)) if len(left) else _NOISE
    return np.append(turning, usual), float(np.clip(_TREMBLES * tremble, _STILL, _MOST_STILL))


def _lowest_mode(values: Floats, weight: Floats) -> float:
    """Where most of values (N,) lie. People raise brows more than they frown: of two places where brows are about as
    often, the lower one is rest."""
    near = np.exp(-0.5 * ((values[:, None] - values) / _MODE_WIDTH) ** 2)
    often = near @ (weight + 1e-9)
    peak = (often >= np.where(near > _BESIDE, often, 0).max(1)) & (often >= _AS_OFTEN * often.max())
    return float(values[peak].max())


def _beyond(moved: Floats, still: Floats) -> Floats:
    """Nothing below `still`, all of it above twice that, softly in between."""
    share = np.clip(np.abs(moved) / still - 1, 0, 1)
    return np.clip(moved * share * share * (3 - 2 * share), -_MOST, _MOST)
