"""Made-up things in front of faces, with the exact share of every pixel that they cover.

Fingers, microphones, cups, phones, strands of hair, other people's faces and shapes of no name; in skin, in plain
colours, in stripes, or cut out of another picture; sharp or out of focus, with or without the shadow that they throw.
What `occlusion_training` learns from: pictures with a true matte that nobody had to draw.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Covered", "cast_shadow", "cover"]

Floats = NDArray[np.floating[Any]]
Pixels = NDArray[np.uint8]
Rng = np.random.Generator

_FINE = 4
"""Shapes are drawn so many times finer, so that their edges are smooth."""

_SHADOWED = 0.5
_SPECKS = 5.0


@dataclass(frozen=True, slots=True)
class Covered:
    """rgb (S,S,3) uint8 with the thing in it; alpha (S,S) 0..1: how much of each pixel it covers."""

    rgb: Pixels
    alpha: NDArray[np.float32]


def cover(crop: Pixels, others: Pixels, rng: Rng) -> Covered:
    """A thing before the face in crop (S,S,3) RGB, upright and in the middle of it.

    others (N,S,S,3): crops that textures and faces are cut out of.
    """
    side = crop.shape[0]
    alpha, depth = _SHAPES[int(rng.choice(len(_SHAPES), p=_SHARES))](side, rng)
    texture = _textured(crop, others, depth, rng)
    alpha = _focused(alpha, rng)
    face = _with_shadow(crop, alpha, rng) if rng.random() < _SHADOWED else crop.astype(np.float32)
    mixed = face + (texture - face) * alpha[..., None]
    return Covered(np.clip(np.round(mixed), 0, 255).astype(np.uint8), alpha)


def cast_shadow(crop: Pixels, rng: Rng) -> Pixels:
    """Only the shadow of something that is itself out of the picture: nothing is in front of the face."""
    shape, _ = _SHAPES[int(rng.choice(len(_SHAPES), p=_SHARES))](crop.shape[0], rng)
    return np.clip(np.round(_with_shadow(crop, shape, rng)), 0, 255).astype(np.uint8)


def _with_shadow(crop: Pixels, alpha: Floats, rng: Rng) -> Floats:
    """Softer and a little aside, as light never comes from the lens."""
    import cv2

    side = crop.shape[0]
    aside = np.array([[1, 0, rng.normal(0, 0.05) * side], [0, 1, rng.uniform(-0.02, 0.1) * side]])
    shadow = cv2.warpAffine(alpha, aside, (side, side))
    shadow = cv2.GaussianBlur(shadow, (0, 0), side * rng.uniform(0.005, 0.06))
    return np.asarray(crop * (1 - rng.uniform(0.1, 0.6) * shadow[..., None]))


def _focused(alpha: Floats, rng: Rng) -> NDArray[np.float32]:
    import cv2

    blur = float(rng.choice([0.4, 0.7, 1.0, 2.5], p=[0.35, 0.3, 0.25, 0.1]))
    return np.asarray(cv2.GaussianBlur(alpha, (0, 0), blur * alpha.shape[0] / 128), np.float32)


# Shapes: (side, rng) -> alpha (S,S) 0..1 and depth (S,S), 0 at the edge of a part to 1 along its middle.

_Shape = tuple[NDArray[np.float32], NDArray[np.float32]]


def _hand(side: int, rng: Rng) -> _Shape:
    """One to five fingers side by side, from any side of the picture; their palm is often out of it."""
    n, width = int(rng.integers(1, 6)), rng.uniform(0.05, 0.11)
    tip, towards = rng.uniform([0.15, 0.25], [0.85, 0.95]), _outwards(rng)
    across = np.array([-towards[1], towards[0]]) * width * rng.uniform(0.8, 1.3)
    parts = []
    for k in range(n):
        end = tip + across * (k - (n - 1) / 2) + towards * rng.uniform(0, 0.12)
        bend = across * rng.normal(0, 0.6)
        parts.append(([end, end + towards * 0.35 + bend, end + towards * 1.3 + bend], width * rng.uniform(0.85, 1.1)))
    palm = [] if rng.random() < 0.5 else [([tip + towards * 0.5, tip + towards * 1.3], width * n)]
    return _drawn(side, parts + palm)


def _microphone(side: int, rng: Rng) -> _Shape:
    head, towards, size = rng.uniform([0.15, 0.35], [0.85, 0.9]), _outwards(rng), rng.uniform(0.06, 0.2)
    stick = ([head, head + towards * 1.3], size * rng.uniform(0.15, 0.9))
    return _drawn(side, [([head, head + towards * size * rng.uniform(0, 0.6)], size), stick])


def _box(side: int, rng: Rng) -> _Shape:
    """A phone, a sheet, a cup."""
    middle, turn = rng.uniform(0.05, 0.95, 2), rng.uniform(0, np.pi)
    half = rng.uniform([0.05, 0.1], [0.25, 0.4])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half * rng.uniform(0.85, 1.15, (4, 1))
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return _filled(side, corners @ spin + middle)


def _blob(side: int, rng: Rng) -> _Shape:
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    radius = 1 + sum(rng.normal(0, 0.25 / k) * np.cos(k * angle + rng.uniform(0, 6.3)) for k in range(1, 6))
    stretch = rng.uniform(0.05, 0.25, 2)
    outline = np.stack([np.cos(angle), np.sin(angle)], 1) * np.asarray(radius)[:, None] * stretch
    return _filled(side, outline + rng.uniform(0.1, 0.9, 2))


def _strands(side: int, rng: Rng) -> _Shape:
    """Hair that falls from above, or a cable."""
    x, drift, parts = rng.uniform(0.1, 0.9), rng.normal(0, 0.2), []
    down = np.linspace(0, 1, 9)
    for _ in range(int(rng.integers(1, 14))):
        wave = rng.normal(0, 0.03) * np.sin(down * rng.uniform(2, 7) + rng.uniform(0, 6.3))
        line = np.stack([x + rng.normal(0, 0.03) + drift * down + wave, rng.uniform(-0.1, 0.1) + down], 1)
        parts.append((list(line[: int(rng.integers(4, 10))]), rng.uniform(0.006, 0.03)))
    return _drawn(side, parts)


def _bar(side: int, rng: Rng) -> _Shape:
    """Right across: a scarf, a branch, the frame of a window."""
    middle, along = rng.uniform(0.1, 0.9, 2), rng.normal(size=2)
    along = along / np.hypot(*along) * 1.5
    return _drawn(side, [([middle - along, middle + rng.normal(0, 0.05, 2), middle + along], rng.uniform(0.03, 0.25))])


_SHAPES: tuple[Callable[[int, Rng], _Shape], ...] = (_hand, _microphone, _box, _blob, _strands, _bar)
_SHARES = (0.34, 0.16, 0.14, 0.14, 0.14, 0.08)


def _outwards(rng: Rng) -> Floats:
    """A direction (2,): mostly down or to the side, where arms are."""
    turn = rng.normal(np.pi / 2, 0.9)
    return np.array([np.cos(turn), np.sin(turn)])


def _drawn(side: int, parts: list[tuple[list[Floats], float]]) -> _Shape:
    """Thick lines: points and width in units of the side, the last on top."""
    import cv2

    fine = side * _FINE
    alpha, depth = np.zeros((side, side), np.float32), np.zeros((side, side), np.float32)
    for line, width in parts:
        one = np.zeros((fine, fine), np.uint8)
        points = np.round(np.array(line) * fine).astype(np.int32)
        cv2.polylines(one, [points], False, 255, max(1, round(width * fine)), cv2.LINE_AA)
        part = np.asarray(cv2.resize(one, (side, side), interpolation=cv2.INTER_AREA), np.float32) / 255
        depth = np.where(part > 0.5, _depth(part), depth)
        alpha = np.maximum(alpha, part)
    return alpha, depth


def _filled(side: int, outline: Floats) -> _Shape:
    import cv2

    one = np.zeros((side * _FINE, side * _FINE), np.uint8)
    cv2.fillPoly(one, [np.round(outline * side * _FINE).astype(np.int32)], 255, cv2.LINE_AA)
    alpha = np.asarray(cv2.resize(one, (side, side), interpolation=cv2.INTER_AREA) / np.float32(255), np.float32)
    return alpha, _depth(alpha)


def _depth(alpha: Floats) -> NDArray[np.float32]:
    import cv2

    away = cv2.distanceTransform((alpha > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(away / max(float(away.max()), 1.0), np.float32)


def _textured(crop: Pixels, others: Pixels, depth: Floats, rng: Rng) -> Floats:
    """(S,S,3) 0..255."""
    kind = rng.choice(4, p=[0.4, 0.3, 0.22, 0.08])
    if kind == 2:
        return _piece(others, rng)
    if kind == 0:
        color = _skin_of(crop if rng.random() < 0.6 else others[rng.integers(len(others))], rng)
    else:
        color = rng.uniform(0, 255) + rng.normal(0, rng.choice([6.0, 60.0]), 3)
    round_edges = rng.uniform(0.3, 1)
    plain: Floats = np.clip(color, 0, 255) * (round_edges + (1 - round_edges) * np.sqrt(depth)[..., None])
    if kind == 3:
        plain = _striped(plain, rng)
    return np.asarray(plain * _uneven(crop.shape[0], rng) + rng.normal(0, rng.uniform(0, _SPECKS), crop.shape))


def _skin_of(crop: Pixels, rng: Rng) -> Floats:
    """The colour of a cheek, a little lighter or darker."""
    side = crop.shape[0]
    y, x = (round(share * side) for share in (rng.uniform(0.45, 0.58), rng.choice([0.28, 0.34, 0.66, 0.72])))
    patch = crop[y : y + max(2, side // 24), x : x + max(2, side // 24)].reshape(-1, 3)
    return np.asarray(np.median(patch, axis=0) * rng.uniform(0.75, 1.2) * rng.normal(1, 0.03, 3))


def _piece(others: Pixels, rng: Rng) -> Floats:
    """A part of another picture, at another size."""
    import cv2

    other = others[rng.integers(len(others))]
    side = other.shape[0]
    part = round(side * rng.uniform(0.3, 1.0))
    y, x = rng.integers(0, side - part + 1, 2)
    piece = cv2.resize(other[y : y + part, x : x + part], (side, side), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.rot90(piece, int(rng.integers(4))).astype(np.float32) * rng.uniform(0.6, 1.2))


def _striped(plain: Floats, rng: Rng) -> Floats:
    side = plain.shape[0]
    y, x = np.mgrid[:side, :side] / side
    turn, pitch = rng.uniform(0, np.pi), rng.uniform(4, 25)
    stripes = np.sin((x * np.cos(turn) + y * np.sin(turn)) * 2 * np.pi * pitch) > rng.uniform(-0.7, 0.7)
    return np.asarray(np.where(stripes[..., None], plain, rng.uniform(0, 255, 3)))


def _uneven(side: int, rng: Rng) -> Floats:
    """(S,S,1) about 1: what light and dirt do to any surface."""
    import cv2

    cells = rng.normal(1, rng.uniform(0.01, 0.12), (int(rng.integers(2, 9)),) * 2).astype(np.float32)
    return np.asarray(cv2.resize(cells, (side, side), interpolation=cv2.INTER_CUBIC), np.float32)[..., None]
