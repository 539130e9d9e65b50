"""From phones to mouths: a mouth code for every frame of speech that no camera saw.

Targets, blended by dominance, then what every mouth obeys: lips shut on p, b and m, the lower lip at the teeth on f
and v, rest in silence, and nothing faster than this person moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..domain.speech import SILENCE, Phone
from .closing import close_lips, within
from .coarticulation import COLUMN, Kernel, shares
from .effort import Loudness, efforts
from .gestures import Gesture, gestures_of
from .mouth import CHIN, CORNERS, GAP, INNER_WIDTH, LOWER, MOUTH_NUMBERS, OUTER_GAP, UPPER, WIDTH
from .visemes import MouthRange, table_targets

Floats = NDArray[np.floating[Any]]

VERTICAL = (GAP, OUTER_GAP, UPPER, LOWER, CHIN)
LATERAL = (WIDTH, INNER_WIDTH, CORNERS)
USUAL_EFFORT = 0.15
"""Full effort opens the mouth by so much more, where nothing is known about a person: a guess, learnt away."""
TABLE_GAIN = 1.35
"""What blending flattens, given back where no speech of the person tells how much: 1.45 and 1.7 on two CG talkers,
less something for vowels that are held."""
LEAD_S = 0.006
"""Lips move this much before what is heard: without it, 32 readings of CG talkers whose lips lead by 5 ms come 7 ms
late."""
SETTLE_S, PREPARE_S = 0.22, 0.24
"""A mouth comes to rest so long after speech and breath, and leaves it so long before."""
LEAST_EASE_S = 0.06
_VERTICAL_KERNEL, _LATERAL_KERNEL = Kernel(), Kernel(for_width=True)


@dataclass(frozen=True, slots=True, eq=False)
class MouthModel:
    """targets (classes, 8): normalised codes.  vertical, lateral: dominance of opening and jaw, of the width.

    effort: how much further full effort opens.
    correlation: with the person's own opening, on stretches it was not learnt from; None if not learnt.
    """

    mouth: MouthRange
    targets: NDArray[np.float64]
    vertical: Kernel = _VERTICAL_KERNEL
    lateral: Kernel = _LATERAL_KERNEL
    effort: float = USUAL_EFFORT
    correlation: float | None = None

    @property
    def rest(self) -> NDArray[np.float64]:
        """The code in silence (8,)."""
        return self.targets[COLUMN[SILENCE]]


def table_model(mouth: MouthRange) -> MouthModel:
    """Of a person who was never heard: the table of visemes on this person's range."""
    targets = table_targets(mouth)
    return MouthModel(mouth, stretched(targets, targets.mean(0), TABLE_GAIN))


def stretched(targets: Floats, middle: Floats, gain: Floats | float) -> NDArray[np.float64]:
    """Targets (classes, 8) moved away from the middle (8,) by gain; a mouth at rest stays where it is."""
    out = np.asarray(middle + (targets - middle) * gain, np.float64)
    out[COLUMN[SILENCE]] = targets[COLUMN[SILENCE]]
    return out


def drive(
    phones: Sequence[Phone], times_s: Floats, model: MouthModel, heard: Loudness | None = None
) -> NDArray[np.float32]:
    """Normalised mouth codes (n,8) at times_s (n,), the middles of the frames, ascending, in the time of the phones.

    heard: loudness of the same speech. At rest outside of the phones; any frame rate.
    """
    times = np.asarray(times_s, np.float64)
    if not len(times):
        return np.zeros((0, MOUTH_NUMBERS), np.float32)
    gestures = gestures_of(phones)
    codes = _blended(gestures, times + LEAD_S, model, efforts(gestures, heard))
    still = _stillness(gestures, times)[:, None]
    codes = within(codes, model.mouth) * (1 - still) + model.rest * still
    return close_lips(codes, gestures, times, model.mouth).astype(np.float32)


def _blended(gestures: Sequence[Gesture], times: Floats, model: MouthModel, effort: Floats) -> NDArray[np.float64]:
    codes = np.empty((len(times), MOUTH_NUMBERS))
    for numbers, kernel in ((VERTICAL, model.vertical), (LATERAL, model.lateral)):
        seen, forced = shares(gestures, times, kernel, effort)
        part = list(numbers)
        codes[:, part] = seen @ model.targets[:, part]
        if numbers is VERTICAL:
            away = model.targets[:, part] - np.array(model.mouth.closed)[part]
            codes[:, part] += model.effort * forced @ away
    return codes


def _stillness(gestures: Sequence[Gesture], times: Floats) -> NDArray[np.float64]:
    """1 where the mouth rests, 0 where it speaks, eased (n,). The first and the last frame are at rest where there is
    room for it, so that a line's picture can follow any other."""
    still = np.zeros(len(times))
    for gesture in gestures:
        if gesture.name == SILENCE:
            settle_s = np.clip(times[-1] - gesture.start_s, LEAST_EASE_S, SETTLE_S)
            prepare_s = np.clip(gesture.end_s - times[0], LEAST_EASE_S, PREPARE_S)
            after = np.clip((times - gesture.start_s) / settle_s, 0, 1)
            before = np.clip((gesture.end_s - times) / prepare_s, 0, 1)
            still = np.maximum(still, _eased(np.minimum(after, before)))
    return still


def _eased(share: Floats) -> Floats:
    """0..1 -> 0..1 without a corner at either end."""
    return share * share * (3 - 2 * share)


__all__ = ["LATERAL", "USUAL_EFFORT", "VERTICAL", "MouthModel", "drive", "stretched", "table_model"]
