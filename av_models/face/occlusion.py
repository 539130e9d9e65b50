"""What is in front of a face: a hand, a microphone, a strand of hair, told by how unlike the person's own face it is.

A small model of this person's aligned crops (median, principal components, and how far each pixel usually strays from
them) explains a new crop as far as it can: light from any side, a crop that lies a little off, any mouth and lids of
the clip. It is fitted robustly, so that what cannot be explained does not pull the rest along. Where a crop then still
differs from what it should show, `front` tells things in front from what a face does by itself.

It knows the person from the clip alone: what is there in most frames (glasses, a beard, a microphone that never
leaves) counts as part of the face.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["MODEL_PX", "FaceModel", "lab", "shrunk"]

Floats = NDArray[np.floating[Any]]
Pixels = NDArray[np.uint8]

MODEL_PX = 48
"""Side of the crops that are compared: a finger is some five pixels wide in it."""

_ROUNDS = 4
_STRAY = 2.5
"""A pixel loses weight in the fit beyond this many times its usual stray (Geman and McClure's function)."""

_LEAST_STRAY = np.array([3.0, 1.5, 1.5], np.float32)
"""Of lightness and the two colours of CIELAB, in steps of 0..255: coding noise alone makes as much."""


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
    def of(cls, faces: Floats, inside: NDArray[np.bool_], n_components: int, trusted: float = 0.95) -> Self:
        """From faces (N,P,P,3) in CIELAB with nothing in front, and which pixels are face in nearly all (P,P).

        Components of every second face, strays of the others: what the components know is no usual stray.
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
        strays = np.sort(model.unexplained(others) ** 2, axis=0)
        usual = np.sqrt(strays[: max(1, round(trusted * len(strays)))].mean(axis=0)) * (1.25 if trusted < 0.9 else 1)
        return replace(model, stray=_f32(_widened(usual, inside)))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """For the store; `from_arrays` is the way back."""
        return {name: getattr(self, name) for name in _NAMES}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        return cls(*(arrays[name] for name in _NAMES))

    def in_strays(self, left: Floats) -> Floats:
        """(N,M): how large `left` (N,M,3) is beside what is usual."""
        return np.asarray(np.sqrt(((left / self.stray) ** 2).mean(axis=-1)))

    def explained(self, faces: Floats) -> NDArray[np.float32]:
        """(N,P,P,3) CIELAB of what should be seen in faces (N,P,P,3), so far as it is known; as they are elsewhere."""
        shown = np.array(faces, np.float32)
        shown[:, self.inside] -= self.unexplained(faces)
        return shown

    def stray_map(self) -> NDArray[np.float32]:
        """(P,P,3): `stray` where it is known, else 1."""
        wide = np.ones((*self.inside.shape, 3), np.float32)
        wide[self.inside] = self.stray
        return wide

    def unexplained(self, faces: Floats) -> NDArray[np.float32]:
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


def shrunk(picture: Pixels, side: int) -> Pixels:
    import cv2

    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def lab(rgb: Pixels) -> NDArray[np.float32]:
    import cv2

    return _f32(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB))


def _f32(values: Any) -> NDArray[np.float32]:
    return np.asarray(values, np.float32)
