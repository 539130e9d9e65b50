"""Moving the painted face into the plate's light.

Whatever the method, the result is one table of colours for the clip, and a gain that follows the light in seconds: a
transfer that is measured frame by frame pumps with the mouth and the blinks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..domain.swap import ColorMatch

Floats = NDArray[np.floating[Any]]

N_NODES = 17
"""Nodes a channel. The maps are smooth: the mean error between nodes is below a quarter of an 8-bit step."""

# More than this and the inside of the mouth, far from the skin that is measured, turns blue or grey.
MAX_GAIN = 1.12
MAX_PIXELS = 40_000
_ROUNDS = 24
_KNEE = 0.85
"""From here on highlights are drawn in."""

_AS_SKIN = 0.6
"""Saturation, beside that of the skin, that is surely skin, in a highlight at least."""

_SKIN_SPREADS = 2.0
"""Of lightness, below the mean: down to there it is skin."""

_PALE = 0.4
"""Beside what is surely skin: as colourless as white."""

_COLOURLESS = 0.08
"""Skin of less saturation was filmed in black and white; then there is no telling."""

SHARE_PX = 96
_RIM, _RIM_SOFT = 0.14, 0.02
"""Of the crop's side: as far inside as the edge's share of the change reaches, and how smoothly it ends."""

_TRUST = 0.06
"""Colours within about this distance of what was measured follow the measured transport, others the linear map."""


def fit_colors(painted: Floats, plate: Floats, method: ColorMatch) -> NDArray[np.float32]:
    """Painted and plate pixels of bare skin (M,3) RGB 0..1, in pairs -> table (n,n,n,4) over R, G, B: the colour that
    each becomes, and 0..1 how surely it is skin, see `recolored`.

    With fewer pixels than a mean needs, nothing is changed.
    """
    if method is ColorMatch.NONE or len(painted) < 16:
        unchanged = colour_nodes()
        return np.concatenate([unchanged, np.ones_like(unchanged[..., :1])], -1)
    pick = np.linspace(0, len(painted) - 1, min(len(painted), MAX_PIXELS)).astype(int)
    x, y = np.asarray(painted, np.float64)[pick], np.asarray(plate, np.float64)[pick]
    nodes = colour_nodes().reshape(-1, 3).astype(np.float64)
    match method:
        case ColorMatch.REINHARD:
            moved = _reinhard(x, y, nodes)
        case ColorMatch.LINEAR:
            moved = _linear(x, y, nodes)
        case _:
            moved = _transport(x, y, nodes)
    table = np.concatenate([np.clip(moved, 0, 1), _like_skin(nodes, x)[:, None]], 1)
    return table.reshape(N_NODES, N_NODES, N_NODES, 4).astype(np.float32)


def _like_skin(nodes: Floats, skin: Floats) -> Floats:
    """(K,) 0..1: how surely colours (K,3) are those of skin (M,3), and not of something paler."""
    seen = _saturation(skin)
    usual = float(np.median(seen))
    if usual < _COLOURLESS:
        return np.ones(len(nodes))
    place = np.clip((_saturation(nodes) / (_AS_SKIN * usual) - _PALE) / (1 - _PALE), 0, 1)
    return np.asarray(place * place * (3 - 2 * place))


def _saturation(colors: Floats) -> Floats:
    brightest = colors.max(-1)
    return np.asarray((brightest - colors.min(-1)) / np.maximum(brightest, 0.05))


def colour_nodes() -> NDArray[np.float32]:
    """The table that changes nothing, (n,n,n,3)."""
    axis = np.linspace(0, 1, N_NODES, dtype=np.float32)
    return np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1)


def share_of_change(inside: Floats, strength: float) -> NDArray[np.float32]:
    """(SHARE_PX,SHARE_PX) 0..1: how much of the change of colour each place of a face takes.

    inside (D,D): how often it is face.  strength: in the middle of it; the edge takes twice as much, at most all. So a
    face keeps some of its own complexion, and its edge still meets the plate's.
    """
    import cv2

    edge = min(1.0, 2 * strength)
    face = cv2.resize(np.asarray(inside, np.float32), (SHARE_PX, SHARE_PX), interpolation=cv2.INTER_AREA)
    depth = cv2.distanceTransform((face > 0.5).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5) / SHARE_PX
    place = np.clip(depth / _RIM, 0, 1)
    middle = cv2.GaussianBlur(np.asarray(place * place * (3 - 2 * place), np.float32), (0, 0), _RIM_SOFT * SHARE_PX)
    return np.asarray(edge + (strength - edge) * middle, np.float32)


def recolored(faces: torch.Tensor, table: torch.Tensor, whites: torch.Tensor | None = None) -> torch.Tensor:
    """Faces (B,3,H,W) 0..1 through a table (n,n,n,4), trilinear between its nodes.

    whites (B,1,H,W) 0..1: where eyes and teeth are seen. Complexions differ, those hardly do: made fair as the skin is
    they shine, made dark they are brown. There what is paler than skin stays as it was painted; anywhere else it is
    light on skin and goes along, or a fair face has white patches beside a dark skin.

    The table lies flat, slab beside slab of one red: sampling in two dimensions and mixing two slabs by hand takes a
    CPU a fifth of the time of sampling in three.
    """
    last = len(table) - 1
    red, green, blue = (faces.clamp(0, 1) * last).unbind(1)
    slab = red.floor().clamp_(max=last - 1)
    wide = last * (last + 1) - 1
    places = torch.stack([(slab * (last + 1) + blue) * (2 / wide) - 1, green * (2 / last) - 1], -1)
    numbers = 3 if whites is None else 4
    flat = _slabs(table[..., :numbers]).expand(len(faces), -1, -1, -1)
    found = torch.nn.functional.grid_sample(flat, places, mode="bilinear", padding_mode="border", align_corners=True)
    moved = torch.addcmul(found[:, :numbers], found[:, numbers:], (red - slab)[:, None])
    if whites is None:
        return moved
    return torch.lerp(faces, moved[:, :3], 1 - whites * (1 - moved[:, 3:]))


def _slabs(table: torch.Tensor) -> torch.Tensor:
    """(1,2c,n,(n-1)*n) of (n,n,n,c): numbers over green and, side by side for every red but the last, blue; then the
    way from each to the next red."""
    both = torch.cat([table[:-1], table[1:] - table[:-1]], -1)
    return both.permute(3, 1, 0, 2).flatten(2)[None].contiguous()


def rolled_off(faces: torch.Tensor) -> torch.Tensor:
    """Faces (B,3,H,W) whose highlights end softly below 1, in their hue.

    Skin that is lit brighter than white would lose red first, and turn yellow.
    """
    brightest = faces.amax(1, keepdim=True)
    over = (brightest - _KNEE).clamp(min=0) / (1 - _KNEE)
    held = _KNEE + (1 - _KNEE) * (1 - torch.exp(-over))
    return torch.where(brightest > _KNEE, faces * (held / brightest.clamp(min=_KNEE)), faces)


def _reinhard(x: Floats, y: Floats, nodes: Floats) -> Floats:
    """What is darker than skin is no skin: a shift of all lightness would make a fair person's eyes black beside a dark
    skin, and a dark person's brows grey beside a fair one. From the darkest skin down all goes to black in proportion,
    and its colour with it."""
    a, b, lab = _lab(x), _lab(y), _lab(nodes)
    gain = np.clip(b.std(0) / np.maximum(a.std(0), 1e-3), 1 / MAX_GAIN, MAX_GAIN)
    darkest = max(float(a[:, 0].mean() - _SKIN_SPREADS * a[:, 0].std()), 1.0)
    skin = lab.copy()
    skin[:, 0] = np.maximum(lab[:, 0], darkest)
    depth = (lab[:, 0] / skin[:, 0])[:, None]
    moved = (skin - a.mean(0)) * gain + b.mean(0)
    moved[:, 0] = np.maximum(moved[:, 0], 0) * depth[:, 0]
    moved[:, 1:] = lab[:, 1:] + depth * (moved[:, 1:] - lab[:, 1:])
    return _from_lab(moved)


def _linear(x: Floats, y: Floats, nodes: Floats) -> Floats:
    """The map of least movement between two Gaussians, its stretches limited as the gains of Lab are."""
    ridge = np.eye(3) * 1e-5
    half = _root(np.cov(x.T) + ridge)
    back = np.linalg.inv(half)
    matrix = back @ _root(half @ (np.cov(y.T) + ridge) @ half) @ back
    values, vectors = np.linalg.eigh(matrix)
    matrix = (vectors * np.clip(values, 1 / MAX_GAIN, MAX_GAIN)) @ vectors.T
    return np.asarray((nodes - x.mean(0)) @ matrix.T + y.mean(0))


def _transport(x: Floats, y: Floats, nodes: Floats) -> Floats:
    """Sliced optimal transport of the samples; nodes far from all samples follow the linear map."""
    rng = np.random.default_rng(0)
    pick = rng.choice(len(x), min(len(x), 4000), replace=False)
    start, goal = x[pick], y[pick]
    moved = start.copy()
    for _ in range(_ROUNDS):
        turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
        ours, theirs = moved @ turn, np.sort(goal @ turn, axis=0)
        for axis in range(3):
            order = np.argsort(ours[:, axis])
            moved[order] += 0.5 * ((theirs[:, axis] - ours[order, axis])[:, None] * turn[:, axis])
            ours = moved @ turn
    linear = _linear(x, y, nodes)
    away = _linear(x, y, start)
    near = np.exp(-((nodes[:, None] - start[None, ::4]) ** 2).sum(-1) / (2 * _TRUST**2))
    change = near @ (moved - away)[::4] / (near.sum(1, keepdims=True) + 1.0)
    return np.asarray(linear + change)


def _root(matrix: Floats) -> Floats:
    """Of a symmetric positive matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)


def _lab(colors: Floats) -> Floats:
    import cv2

    return np.asarray(cv2.cvtColor(np.clip(colors, 0, 1).astype(np.float32)[None], cv2.COLOR_RGB2LAB)[0], np.float64)


def _from_lab(lab: Floats) -> Floats:
    import cv2

    return np.asarray(cv2.cvtColor(lab.astype(np.float32)[None], cv2.COLOR_LAB2RGB)[0], np.float64)


__all__ = ["MAX_GAIN", "colour_nodes", "fit_colors", "recolored", "rolled_off", "share_of_change"]
