"""What is in front of a face: a hand, a microphone, a strand of hair, told by how unlike the person's own face it is.

Nothing is learnt from other people. A small model of this person's aligned crops (median, principal components, and
how far each pixel usually strays from them) explains a new crop as far as it can: light from any side, a crop that
lies a little off, any mouth and lids of the clip. It is fitted robustly, so that what cannot be explained does not pull
the rest along; what then still differs by many times what is usual, in a patch of some size, lies in front of the face.

It knows the person from the clip alone: what is there in most frames (glasses, a beard, a microphone that never
leaves) counts as part of the face.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from av_models.runtime.one_thread import one_thread

__all__ = ["MODEL_PX", "FaceModel"]

Floats = NDArray[np.floating[Any]]
Pixels = NDArray[np.uint8]

MODEL_PX = 48
"""Side of the crops that are compared: a finger is some five pixels wide in it."""

_MOST_FACES = 160
_AT_ONCE = 64
"""Faces that are explained together: bounds the working memory, some 4 MB."""

_N_COMPONENTS = 24
_ROUNDS = 4
_STRAY = 2.5
"""A pixel loses weight in the fit beyond this many times its usual stray (Geman and McClure's function)."""

_LEAST_STRAY = np.array([3.0, 1.5, 1.5], np.float32)
"""Of lightness and the two colours of CIELAB, in steps of 0..255: coding noise alone makes as much."""

_STRONG, _WEAK = 3.0, 2.0
"""In usual strays: where something in front begins to be believed, and how far from there it reaches."""

_SURE = 4.5
"""More does not count, so that a black microphone is not blurred over the face beside it."""

_LEAST_PATCH = 0.012
"""Of the face's area, beside brows, lids and lips, which show something new now and then; smaller patches are noise."""

_ALWAYS_FACE = 0.7
_RIM_PX = 8
"""Pixels that are face in most frames are judged; those round them, now face and now background, follow their
neighbours."""

_BLUR_PX = 1.0
_FLAT = 25.0
"""Variance of a plane of CIELAB below which the guided filter takes it for even."""

_FIRST_TRUSTED = 0.5
_PLAIN_SHARES = (0.10, 0.06)
"""A frame with less than this in front of it teaches the second and the third model; the first one, a median that
knows no lids and lips, is taken from the most usual half of every pixel, so that a hand in a third of the frames does
not pass for usual."""


@dataclass(frozen=True, eq=False)
class FaceModel:
    """One person's usual face in crops of one alignment, at MODEL_PX; M pixels of it are ever face.

    inside (P,P) bool: those pixels.  mean (M,3) CIELAB.  basis (K,M*3): principal components, and what light and
    small shifts do to the mean.  scale (K,): how far each usually goes.  stray (M,3): usual distance of a pixel from
    what the basis explains.
    """

    inside: NDArray[np.bool_]
    mean: NDArray[np.float32]
    basis: NDArray[np.float32]
    scale: NDArray[np.float32]
    stray: NDArray[np.float32]

    @classmethod
    def fit(cls, crops: Pixels, masks: Pixels) -> Self:
        """From aligned crops (N,S,S,3) RGB of one clip and where the face is in them, masks (N,S,S) 0..255.

        Some frames may have something in front: they are found and left out. At most 160 crops are looked at.
        ValueError without a crop.
        """
        if not len(crops):
            raise ValueError("FaceModel needs at least one crop")
        chosen = np.unique(np.linspace(0, len(crops) - 1, min(len(crops), _MOST_FACES)).round().astype(int))
        faces = np.stack([_small_lab(crops[i]) for i in chosen])
        inside = np.mean([_small(masks[i]) for i in chosen], axis=0) > _ALWAYS_FACE * 255
        with one_thread():
            model = cls._of(faces, inside, 0, trusted=_FIRST_TRUSTED)
            for n_components, most in zip((_N_COMPONENTS // 2, _N_COMPONENTS), _PLAIN_SHARES, strict=True):
                covered = model._covered(faces)
                plain = (covered < most) | (covered <= np.median(covered))
                model = cls._of(faces[plain], inside, n_components)
        return model

    @classmethod
    def _of(cls, faces: Floats, inside: NDArray[np.bool_], n_components: int, trusted: float = 0.95) -> Self:
        """Components of every second face, strays of the others: what the components know is no usual stray.

        trusted: share of the faces, pixel by pixel the most usual ones, that the strays are taken from.
        """
        mean = np.median(faces, axis=0)
        fixed = _light_and_shift(mean, inside)
        rows = (faces - mean)[:, inside].reshape(len(faces), -1)
        held = rows[::2] if len(faces) >= 16 else rows
        own, scale = _components(held - held @ fixed.T @ fixed, min(n_components, len(held) // 3))
        reach = np.concatenate([np.full(len(fixed), 1e4), 3 * scale + 1])
        first = np.broadcast_to(3 * _LEAST_STRAY, mean[inside].shape)
        model = cls(inside, *(_f32(a) for a in (mean[inside], np.concatenate([fixed, own]), reach, first)))
        others = faces[1::2] if len(faces) >= 16 else faces
        strays = np.sort(model._unexplained(others) ** 2, axis=0)
        usual = np.sqrt(strays[: max(1, round(trusted * len(strays)))].mean(axis=0)) * (1.25 if trusted < 0.9 else 1)
        return replace(model, stray=_f32(_widened(usual, inside)))

    def hidden(self, crop: Pixels) -> NDArray[np.float32]:
        """(S,S) 0..1 for a crop (S,S,3) uint8 RGB of the alignment that the model was fitted on: 1 is in front.

        Only where the face may be; 0 everywhere else. The edge follows that of the picture.
        """
        return self.all_hidden([crop])[0]

    def all_hidden(self, crops: Sequence[Pixels]) -> list[NDArray[np.float32]]:
        """`hidden` of every crop, with a fraction of the work of one after the other."""
        with one_thread():
            doubts = self._doubts(np.stack([_small_lab(crop) for crop in crops]))
        return [self._before(crop, doubt) for crop, doubt in zip(crops, doubts, strict=True)]

    def _before(self, crop: Pixels, doubt: Floats) -> NDArray[np.float32]:
        import cv2

        patch = self._with_rim(self._patch(doubt))
        if not patch.any():
            return np.zeros(crop.shape[:2], np.float32)
        size = (crop.shape[1], crop.shape[0])
        soft = _f32(cv2.resize(patch.astype(np.float32), size, interpolation=cv2.INTER_LINEAR))
        return _guided(_lab(crop), soft)

    def hidden_share(self, crop: Pixels) -> float:
        """How much of the face lies behind something, 0..1."""
        return float(self.hidden_shares([crop])[0])

    def hidden_shares(self, crops: Sequence[Pixels]) -> Floats:
        """`hidden_share` of many crops (N,), with a fraction of the work of one after the other."""
        groups = [crops[first : first + _AT_ONCE] for first in range(0, len(crops), _AT_ONCE)]
        with one_thread():
            found = [self._covered(np.stack([_small_lab(crop) for crop in group])) for group in groups]
        return np.concatenate([np.zeros(0), *found])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """For the store; `from_arrays` is the way back."""
        return {name: getattr(self, name) for name in _NAMES}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        return cls(*(arrays[name] for name in _NAMES))

    def _covered(self, faces: Floats) -> Floats:
        """(N,) of faces (N,P,P,3) in CIELAB."""
        if not self.inside.any():
            return np.zeros(len(faces))
        return np.array([self._patch(doubt)[self.inside].mean() for doubt in self._doubts(faces)])

    def _doubts(self, faces: Floats) -> Floats:
        """(N,M) distance from what can be explained, in usual strays."""
        return np.asarray(np.sqrt(((self._unexplained(faces) / self.stray) ** 2).mean(axis=-1)))

    def _unexplained(self, faces: Floats) -> NDArray[np.float32]:
        """(N,M,3) what the best robust explanation of each face leaves over. Coefficients: from every second pixel."""
        target = faces[:, self.inside] - self.mean
        n, k = len(faces), len(self.basis)
        basis, shares = self._normal
        aim = target[:, ::2] / self.stray[::2]
        ridge = np.diag(self.scale**-2.0)
        rest, reach = aim, 3 * _STRAY
        for _ in range(_ROUNDS):
            trust = 1 / (1 + (rest**2).mean(axis=-1) / reach**2) ** 2
            wanted = (aim * trust[..., None]).reshape(n, -1) @ basis.T
            found = np.linalg.solve((trust @ shares).reshape(n, k, k) + ridge, wanted[..., None])[..., 0]
            rest, reach = aim - (found @ basis).reshape(aim.shape), _STRAY
        return _f32(target - (found @ self.basis).reshape(target.shape))

    @cached_property
    def _normal(self) -> tuple[Floats, Floats]:
        """The basis in usual strays (K,L*3) and what each of its L pixels adds to the normal equations (L,K*K).

        A pixel's three channels share one weight, so what it adds is a fixed matrix times that weight: the matrices
        are made once, and a third of the products is left for each face and round.
        """
        k = len(self.basis)
        by_pixel = (self.basis.reshape(k, -1, 3)[:, ::2] / self.stray[::2]).transpose(1, 0, 2)
        shares = (by_pixel @ by_pixel.transpose(0, 2, 1)).reshape(-1, k * k)
        return by_pixel.transpose(1, 0, 2).reshape(k, -1), shares

    def _patch(self, doubt: Floats) -> NDArray[np.bool_]:
        """(P,P) patches that no explanation covers: they hold a strong doubt (M,) and reach as far as the weak one."""
        import cv2

        apart = np.zeros(self.inside.shape, np.float32)
        apart[self.inside] = np.minimum(doubt, _SURE)
        apart = _f32(cv2.GaussianBlur(apart, (0, 0), _BLUR_PX))
        closing = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
        weak = cv2.morphologyEx(((apart > _WEAK) & self.inside).astype(np.uint8), cv2.MORPH_CLOSE, closing)
        n, labels = cv2.connectedComponents(weak, connectivity=4)
        least = _LEAST_PATCH * self.inside.sum()
        patches = [(k, labels == k) for k in range(1, n)]
        kept = [k for k, at in patches if (at & ~_LIVELY).sum() >= least and apart[at].max() > _STRONG]
        return np.asarray(_holes_filled(np.isin(labels, kept)) & self.inside, np.bool_)

    def _with_rim(self, patch: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """What lies before the outermost face lies before what is outside of it, too."""
        import cv2

        outside = (~self.inside).astype(np.uint8)
        away, nearest = cv2.distanceTransformWithLabels(outside, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
        state = np.zeros(int(nearest.max()) + 1, np.bool_)
        state[nearest[self.inside]] = patch[self.inside]
        return np.asarray(patch | (state[nearest] & (away <= _RIM_PX)), np.bool_)


def _lively() -> NDArray[np.bool_]:
    """(P,P) brows, lids and lips: both ways of cropping (`warp.mean_template`, `fit.upright_matrix`) put them here."""
    y, x = (np.indices((MODEL_PX, MODEL_PX)) + 0.5) / MODEL_PX
    zones = ((0.355, 0.28, 0.11, 0.08), (0.64, 0.28, 0.11, 0.08), (0.5, 0.63, 0.14, 0.11))
    inside = [((x - x0) / rx) ** 2 + ((y - y0) / ry) ** 2 < 1 for x0, y0, rx, ry in zones]
    return np.asarray(np.any(inside, axis=0))


_LIVELY = _lively()
_NAMES = ("inside", "mean", "basis", "scale", "stray")


def _light_and_shift(mean: Floats, inside: NDArray[np.bool_]) -> Floats:
    """(F, M*3) orthonormal: level and gain of the channels, slopes of light, and shifts, zoom and turn of the mean."""
    px = mean.shape[0]
    y, x = np.mgrid[:px, :px] / (px - 1) * 2 - 1
    down, across = (np.asarray(slope) for slope in np.gradient(mean, axis=(0, 1)))
    one, light = np.ones((px, px)), mean[..., 0] / 128
    fields = [_in_channel(field, channel) for channel in range(3) for field in (one, x, y)]
    fields += [_in_channel(field * light, 0) for field in (one, x, y, x * y, x * x, y * y)]
    fields += [_in_channel(mean[..., channel], channel) for channel in (1, 2)]
    fields += [down, across, down * y[..., None] + across * x[..., None], down * x[..., None] - across * y[..., None]]
    flat = np.array([field[inside].ravel() for field in fields])
    return np.asarray(np.linalg.qr((flat / (np.linalg.norm(flat, axis=1, keepdims=True) + 1e-9)).T)[0].T)


def _in_channel(field: Floats, channel: int) -> Floats:
    out = np.zeros((*field.shape, 3))
    out[..., channel] = field
    return out


def _components(rows: Floats, n: int) -> tuple[Floats, Floats]:
    """The first n principal directions (n, D) of centred rows (N, D) and the deviation along each (n,)."""
    if n < 1:
        return np.zeros((0, rows.shape[1])), np.zeros(0)
    _, power, directions = np.linalg.svd(rows, full_matrices=False)
    return directions[:n], power[:n] / np.sqrt(len(rows))


def _widened(usual: Floats, inside: NDArray[np.bool_]) -> Floats:
    """Usual strays (M,3), at least what coding makes, and as large as a neighbour's: an edge may move by a pixel."""
    import cv2

    wide = np.zeros((*inside.shape, 3), np.float32)
    wide[inside] = usual
    return np.maximum(np.asarray(cv2.dilate(wide, np.ones((3, 3), np.uint8)))[inside], _LEAST_STRAY)


def _holes_filled(patch: NDArray[np.bool_]) -> NDArray[np.bool_]:
    import cv2

    outlines = cv2.findContours(patch.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    filled = np.zeros(patch.shape, np.uint8)
    cv2.drawContours(filled, outlines, -1, 1, cv2.FILLED)
    return filled.astype(np.bool_)


def _guided(guide: Floats, mask: Floats) -> NDArray[np.float32]:
    """The mask with its edge moved to the picture's (guided filter, He, Sun and Tang 2010; each channel on its own)."""
    import cv2

    side = max(3, round(mask.shape[0] / MODEL_PX * 3) | 1)

    def mean(plane: Floats) -> NDArray[np.float32]:
        return _f32(cv2.blur(np.asarray(plane, np.float32), (side, side)))

    base = mean(mask)
    total, weight = base.copy(), np.ones_like(base)
    for channel in range(3):
        plane = guide[..., channel]
        middle = mean(plane)
        spread = mean(plane * plane) - middle * middle
        slope = (mean(plane * mask) - middle * base) / (spread + _FLAT)
        share = spread / (spread + _FLAT)
        total += share * (mean(slope) * plane + mean(base - slope * middle))
        weight += share
    return _f32(np.clip(total / weight, 0, 1))


def _small_lab(crop: Pixels) -> NDArray[np.float32]:
    return _lab(_small(crop))


def _small(picture: Pixels) -> Pixels:
    import cv2

    return np.asarray(cv2.resize(picture, (MODEL_PX, MODEL_PX), interpolation=cv2.INTER_AREA), np.uint8)


def _lab(rgb: Pixels) -> NDArray[np.float32]:
    import cv2

    return _f32(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB))


def _f32(values: Any) -> NDArray[np.float32]:
    return np.asarray(values, np.float32)
