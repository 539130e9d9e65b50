"""How this person's mouth speaks, learnt from the person's own aligned speech.

The targets of the visemes are moved from the table to where the person's mouth goes, by ridge regression round the
table: a sound that was heard often gets its own target, one that was never heard keeps the table's. How wide sounds
reach, and how far the table is trusted, is chosen by cross-validation on stretches of the same clip, so that little
data means little change, and speech that has nothing to do with the picture means none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..domain.speech import Phone
from .coarticulation import Kernel, shares
from .drive import LATERAL, USUAL_EFFORT, VERTICAL, MouthModel, stretched, table_model
from .effort import Loudness, efforts
from .gestures import Gesture, gestures_of
from .mouth import GAP, MOUTH_NUMBERS
from .visemes import MouthRange, mouth_range

Floats = NDArray[np.floating[Any]]

KERNELS = tuple(product((0.7, 0.85, 1.0, 1.2), (0.5, 0.75, 1.0), (1.0, 1.3)))
"""reach, core, power."""
SHIFTS_S = tuple(k / 50 for k in range(-5, 6))
"""Sound against picture of the clip itself: found to learn from it, never passed on."""
RIDGES = (0.1, 0.3, 1.0, 3.0, 10.0, 100.0, 1e9)
FIRST_RIDGE = 0.5
WHOLE_RIDGE, FEW = 1.0, 100.0
"""What all sounds have in common is told by many more frames than any one of them, and needs less of a ridge."""
CLEARLY = 0.97
RELATED = 0.4
"""Below it what is heard has nothing to do with the mouth that is seen: a voice-over, another person."""
FOLDS = 6
GUARD_S = 0.25
LEAST_FRAMES, MOST_FRAMES = 75, 6000
EFFORT_FRAMES = 100
"""Frames of a clip that weigh as much as USUAL_EFFORT."""
MOST_EFFORT = 0.4
MOST_GAIN = 1.35
LEAST_CORRELATION = 0.5


def learn_mouth(phones: Sequence[Phone], times_s: Floats, codes: Floats, heard: Loudness | None = None) -> MouthModel:
    """What the table says, moved by what is seen: codes (N,8) normalised, at times_s (N,), the middles of the frames.

    phones: of the same clip, in its time; frames that no phone covers, and rows with NaN, teach the range alone.
    heard: the clip's sound. The table's answer comes back with less than LEAST_FRAMES frames of speech, and where the
    speech does not foretell the mouth.
    """
    mouth = mouth_range(codes, times_s)
    clip = _Clip.of(phones, times_s, codes, heard)
    if clip is None:
        return table_model(mouth)
    clip = replace(clip, shift_s=_best_shift(clip, mouth))
    learnt = _fitted(clip, mouth, _best_kernel(clip, mouth, False), _best_kernel(clip, mouth, True))
    return learnt if (learnt.correlation or 0.0) >= RELATED else table_model(mouth)


@dataclass(frozen=True, slots=True, eq=False)
class _Clip:
    """times_s (n,), codes (n,8), weights (n,) 0..1: the frames to learn from.  efforts: of each gesture.

    shift_s: how much later than the picture the sound comes.
    """

    gestures: tuple[Gesture, ...]
    times_s: Floats
    codes: Floats
    weights: Floats
    efforts: Floats
    shift_s: float = 0.0

    @classmethod
    def of(cls, phones: Sequence[Phone], times_s: Floats, codes: Floats, heard: Loudness | None) -> _Clip | None:
        weights = _trust(phones, np.asarray(times_s, np.float64))
        use = np.flatnonzero(np.isfinite(codes).all(1) & (weights > 0))[:MOST_FRAMES]
        if len(use) < LEAST_FRAMES:
            return None
        gestures = gestures_of(phones)
        times, rows = np.asarray(times_s, np.float64)[use], np.asarray(codes, np.float64)[use]
        return cls(gestures, times, rows, weights[use], efforts(gestures, heard))

    def shares(self, kernel: Kernel) -> Floats:
        return shares(self.gestures, self.times_s + self.shift_s, kernel)[0]

    def forced(self, kernel: Kernel) -> Floats:
        """The shares weighed by effort."""
        return shares(self.gestures, self.times_s + self.shift_s, kernel, self.efforts)[1]

    def folds(self) -> list[tuple[NDArray[np.int_], NDArray[np.bool_]]]:
        """Rows to predict, and the rows to learn them from: none within GUARD_S of them."""
        blocks = np.array_split(np.arange(len(self.times_s)), FOLDS)
        near = [(self.times_s[block[0]] - GUARD_S, self.times_s[block[-1]] + GUARD_S) for block in blocks]
        return [
            (block, (self.times_s < first) | (self.times_s > last))
            for block, (first, last) in zip(blocks, near, strict=True)
        ]


def _trust(phones: Sequence[Phone], times_s: Floats) -> NDArray[np.float64]:
    """0 where no phone is known, else how sure its place is."""
    trust = np.zeros(len(times_s))
    for phone in phones:
        first, last = np.searchsorted(times_s, [float(phone.start), float(phone.end)])
        trust[first:last] = 1.0 if phone.confidence is None else max(phone.confidence, 0.05)
    return trust


def _best_shift(clip: _Clip, mouth: MouthRange) -> float:
    """By the opening alone; 0 unless another shift is clearly better."""
    table, numbers = table_model(mouth), [GAP]
    errors = [
        _errors(clip, numbers, _foretold(clip, numbers, replace(clip, shift_s=shift_s).shares(table.vertical), table))[
            0
        ]
        for shift_s in SHIFTS_S
    ]
    best = int(np.argmin(errors))
    return SHIFTS_S[best] if errors[best] < CLEARLY * errors[SHIFTS_S.index(0.0)] else 0.0


def _best_kernel(clip: _Clip, mouth: MouthRange, for_width: bool) -> Kernel:
    """The one that foretells the numbers it is used for best."""
    table = table_model(mouth)
    numbers = list(LATERAL if for_width else VERTICAL)
    kernels = [Kernel(*values, for_width) for values in KERNELS]
    errors = [_errors(clip, numbers, _foretold(clip, numbers, clip.shares(kernel), table)).mean() for kernel in kernels]
    return kernels[int(np.argmin(errors))]


def _fitted(clip: _Clip, mouth: MouthRange, vertical: Kernel, lateral: Kernel) -> MouthModel:
    table = table_model(mouth)
    targets, gain, middle = table.targets.copy(), np.ones(MOUTH_NUMBERS), np.zeros(MOUTH_NUMBERS)
    correlation = 0.0
    for numbers, kernel in ((list(VERTICAL), vertical), (list(LATERAL), lateral)):
        seen = clip.shares(kernel)
        trials = [_foretold(clip, numbers, seen, table, ridge) for ridge in RIDGES]
        chosen = np.argmin([_errors(clip, numbers, trial) for trial in trials], axis=0)
        ridges = [RIDGES[k] for k in chosen]
        targets[:, numbers] = _targets(seen, clip.codes[:, numbers], clip.weights, table.targets[:, numbers], ridges)
        for k, number in enumerate(numbers):
            told, own = trials[chosen[k]][:, k], clip.codes[:, number]
            gain[number], middle[number] = _missing_gain(told, own), told.mean()
            correlation = _correlation(told, own) if number == GAP else correlation
    targets = stretched(targets, middle, gain)
    model = MouthModel(mouth, targets, vertical, lateral, USUAL_EFFORT, correlation)
    return replace(model, effort=_effort(clip, model))


def _foretold(clip: _Clip, numbers: list[int], seen: Floats, table: MouthModel, ridge: float = FIRST_RIDGE) -> Floats:
    """Some numbers of the codes (n,k), every fold as the other folds foretell it. seen: shares (n, classes)."""
    own, targets = clip.codes[:, numbers], table.targets[:, numbers]
    told = np.empty_like(own)
    for block, rows in clip.folds():
        fitted = _targets(seen[rows], own[rows], clip.weights[rows], targets, [ridge] * len(numbers))
        told[block] = seen[block] @ fitted
    return told


def _targets(seen: Floats, codes: Floats, weights: Floats, table: Floats, ridges: Sequence[float]) -> Floats:
    """Targets (classes, k) that explain k numbers (n,k) by shares (n, classes), each drawn to its table by its ridge.

    The table as a whole is moved and stretched first, at WHOLE_RIDGE: what the heard sounds have in common goes for
    those that were not heard too.
    """
    weighted = seen * weights[:, None]
    gram, pull = weighted.T @ seen, weighted.T @ (codes - seen @ table)
    found = np.empty_like(table)
    for k, ridge in enumerate(ridges):
        basis = np.column_stack([np.eye(len(table)), np.ones(len(table)), table[:, k] - table[:, k].mean()])
        penalty = np.diag([ridge] * len(table) + [max(WHOLE_RIDGE, ridge / FEW)] * 2)
        moved = np.linalg.solve(basis.T @ gram @ basis + penalty, basis.T @ pull[:, k])
        found[:, k] = table[:, k] + basis @ moved
    return found


def _errors(clip: _Clip, numbers: list[int], told: Floats) -> Floats:
    return np.asarray(np.average((told - clip.codes[:, numbers]) ** 2, axis=0, weights=clip.weights))


def _correlation(told: Floats, seen: Floats) -> float:
    return float(np.corrcoef(told, seen)[0, 1]) if min(told.std(), seen.std()) > 1e-6 else 0.0


def _missing_gain(told: Floats, seen: Floats) -> float:
    """A mean of many is flatter than each: the movement that averaging takes away is given back."""
    if _correlation(told, seen) < LEAST_CORRELATION:
        return 1.0
    return float(np.clip(seen.std() / told.std(), 1.0, MOST_GAIN))


def _effort(clip: _Clip, model: MouthModel) -> float:
    """How much further this person opens for a loud vowel, drawn to the usual."""
    seen, forced = clip.shares(model.vertical), clip.forced(model.vertical)
    away = model.targets[:, GAP] - model.mouth.closed[GAP]
    more, left = forced @ away, clip.codes[:, GAP] - seen @ model.targets[:, GAP]
    trusted = EFFORT_FRAMES * float(np.mean(more**2)) + 1e-9
    found = (clip.weights * more) @ left + trusted * USUAL_EFFORT
    return float(np.clip(found / ((clip.weights * more) @ more + trusted), 0.0, MOST_EFFORT))


__all__ = ["learn_mouth"]
