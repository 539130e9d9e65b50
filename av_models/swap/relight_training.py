"""Training of the relighter on people who were all rendered in the same lights. Done once; see `relight.md`.

Light adds up: a person in two lights at once looks like the weighted sum of their pictures in each, in linear light.
So a few dozen lights that people share become any number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..runtime.shipped import train_averaged
from .relight import DARK, Relighter, clues_of

__all__ = ["Lesson", "LitFaces", "exam", "light_error", "train_relighter"]

_GAMMA = 2.2
_HUE_SPREAD, _LEVEL_SPREAD = 0.06, 0.15
_PURE_SHARE = 0.4
"""Of the lights that are drawn: one alone."""

_FEATURES_COUNT = 0.3
_REDRAW_EVERY, _DRAWN = 2000, 20_000


@dataclass(slots=True)
class LitFaces:
    """Faces in cells, see `relight.cells_of`: cells (N,3,G,G) 0..1, skin and face (N,1,G,G) 0 or 1, and of each
    picture the person (N,) and the light (N,)."""

    cells: Tensor
    skin: Tensor
    face: Tensor
    person: Tensor
    light: Tensor

    def part(self, keep: Tensor) -> LitFaces:
        return LitFaces(self.cells[keep], self.skin[keep], self.face[keep], self.person[keep], self.light[keep])


@dataclass(frozen=True, slots=True)
class Lesson:
    """clues (B,20,G,G), wanted (B,3,G,G) about its mean over the skin, weight (B,1,G,G)."""

    clues: Tensor
    wanted: Tensor
    weight: Tensor


def train_relighter(
    faces: LitFaces,
    steps: int,
    batch: int = 24,
    rate: float = 1e-3,
    seed: int = 7,
    on_step: Callable[[int, float], None] = lambda step, loss: None,
) -> Relighter:
    """The averaged network after `steps`. Errors: ValueError if no two people share a light."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    drawn = np.zeros((0, 6), int)

    def loss_of(network: Relighter, step: int) -> Tensor:
        nonlocal drawn
        if step % _REDRAW_EVERY == 0:
            drawn = _draw(faces, _DRAWN, rng)
        lesson = _augmented(_lesson(faces, drawn[rng.integers(len(drawn), size=batch)]))
        return ((network(lesson.clues) - lesson.wanted).abs() * lesson.weight).sum() / lesson.weight.sum() / 3

    return train_averaged(Relighter(), loss_of, steps, rate, 2e-2, 0.05, on_step)


def light_error(told: Tensor, lesson: Lesson) -> float:
    """Root mean square of the logarithm's error, about its mean; told (B,3,G,G)."""
    weight = lesson.weight
    off = told - lesson.wanted
    off = off - (off * weight).sum((2, 3), keepdim=True) / weight.sum((2, 3), keepdim=True)
    each = (off.square() * weight).sum((1, 2, 3)) / (3 * weight.sum((1, 2, 3)))
    return float(each.sqrt().mean())


def exam(faces: LitFaces, lights: Collection[int], n: int, seed: int = 11) -> Lesson:
    """Pairs of people in one of `lights` each, as they were filmed: nothing mixed, mirrored or exposed anew."""
    rows = _draw(faces, n, np.random.default_rng(seed), lights)
    return _lesson(faces, rows[:, [0, 0, 2, 2, 4, 4]], exposed=False)


def _draw(faces: LitFaces, n: int, rng: np.random.Generator, lights: Collection[int] | None = None) -> np.ndarray:
    """(n,6) pictures: of one person two in any light, of another two in lights that both have, of the first again in
    those lights. lights: those that count; all if left out."""
    at = {key: row for row, key in enumerate(zip(faces.person.tolist(), faces.light.tolist(), strict=True))}
    own: dict[int, list[int]] = defaultdict(list)
    for person, light in at:
        own[person].append(light)
    people = sorted(own)
    wanted = set(faces.light.tolist()) if lights is None else set(lights)
    counted = {person: wanted & set(own[person]) for person in people}
    shared = {(one, two): sorted(counted[one] & counted[two]) for one in people for two in people if one != two}
    pairs = [pair for pair, lights in shared.items() if lights]
    if not pairs:
        raise ValueError("no two people share a light")
    rows = []
    for number in rng.integers(len(pairs), size=n):
        one, two = pairs[number]
        first, second = rng.choice(shared[one, two], 2)
        was = rng.choice(own[one], 2)
        new = [(person, light) for person in (two, one) for light in (first, second)]
        rows.append([at[key] for key in [*((one, light) for light in was), *new]])
    return np.array(rows)


def _lesson(faces: LitFaces, rows: np.ndarray, exposed: bool = True) -> Lesson:
    """rows (B,6), see `_draw`. exposed: every clip brighter or darker, warmer or cooler."""
    n = len(rows)
    before, after = _share(n), _share(n)
    one, other = (_exposure(n) if exposed else torch.ones(n, 3, 1, 1) for _ in range(2))
    painted = _mixed(faces, rows[:, 0], rows[:, 1], before, one)
    plate = _mixed(faces, rows[:, 2], rows[:, 3], after, other)
    truth = _mixed(faces, rows[:, 4], rows[:, 5], after, other)
    skin = torch.stack([faces.skin[rows[:, k]] for k in range(4)]).prod(0)
    weight = torch.stack([faces.face[rows[:, k]] for k in (0, 1, 4, 5)]).prod(0)
    bare = torch.stack([faces.skin[rows[:, k]] for k in (0, 1, 4, 5)]).prod(0)
    weight = weight * (_FEATURES_COUNT + (1 - _FEATURES_COUNT) * bare)
    wanted = truth - painted
    area = skin.sum((2, 3), keepdim=True).clamp(min=1)
    wanted = wanted - (wanted * skin).sum((2, 3), keepdim=True) / area
    return Lesson(clues_of(painted, plate, skin), wanted, weight)


def _augmented(lesson: Lesson) -> Lesson:
    """Mirrored, and with colours that swap places: light comes from both sides and in any hue."""
    clues, wanted, weight = lesson.clues, lesson.wanted, lesson.weight
    if torch.rand(()) < 0.5:
        half = clues.shape[1] // 2 - 1
        order = [*range(half, 2 * half), *range(half), 2 * half + 1, 2 * half]
        clues, wanted, weight = clues[:, order], wanted.flip(3), weight.flip(3)
    if torch.rand(()) < 0.3:
        colours = torch.randperm(3)
        planes = torch.cat([colours + 3 * k for k in range(6)] + [torch.tensor([18, 19])])
        clues, wanted = clues[:, planes], wanted[:, colours]
    return Lesson(clues, wanted, weight)


def _share(n: int) -> Tensor:
    share = torch.rand(n, 1, 1, 1)
    return torch.where(torch.rand(n, 1, 1, 1) < _PURE_SHARE, torch.ones(()), share)


def _exposure(n: int) -> Tensor:
    return torch.exp(_LEVEL_SPREAD * torch.randn(n, 1, 1, 1) + _HUE_SPREAD * torch.randn(n, 3, 1, 1))


def _mixed(faces: LitFaces, one: np.ndarray, two: np.ndarray, share: Tensor, exposure: Tensor) -> Tensor:
    """Logarithms of cells in two lights at once."""
    first, second = (faces.cells[rows].clamp(min=0.01) ** _GAMMA for rows in (one, two))
    both = exposure * (share * first + (1 - share) * second)
    return torch.log(both.clamp(1e-6, 1) ** (1 / _GAMMA) + DARK)
