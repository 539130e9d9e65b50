"""The best path of a sound through the states of a text (Viterbi 1967)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .trellis import IMPOSSIBLE, Trellis

__all__ = ["Step", "best_path"]

Array = NDArray[np.float32]

# Log likelihood below the best path so far at which a path is given up, and how far ahead of the living states a path
# may move in one frame: past the longest word with all its pronunciations, and one left out.
_BEAM = 500.0
_REACH = 500


@dataclass(frozen=True, slots=True)
class Step:
    """One phone of the path. unit: index into the units of the trellis.  first, n_frames: in frames."""

    unit: int
    first: int
    n_frames: int


def best_path(trellis: Trellis, scores: Array, columns: NDArray[np.int64]) -> tuple[Step, ...]:
    """Phones of the best path; () when there is none.

    scores: (frames, k) log likelihoods.  columns: (states,) which of them is a state's.
    """
    n_frames, n = len(scores), len(trellis.senones)
    came = np.zeros((n_frames, n), dtype=np.uint8)
    here = trellis.start + scores[0, columns]
    for frame in range(1, n_frames):
        alive = np.flatnonzero(here > here.max() - _BEAM)
        low, high = int(alive[0]), min(n, int(alive[-1]) + _REACH)
        ways = here[trellis.before[low:high]] + trellis.price[low:high]
        best = ways.argmax(axis=1)
        came[frame, low:high] = best
        here = np.full(n, IMPOSSIBLE, dtype=np.float32)
        here[low:high] = ways[np.arange(high - low), best] + scores[frame, columns[low:high]]
    final = here + trellis.end
    state = int(final.argmax())
    return _traced(trellis, came, state) if final[state] > IMPOSSIBLE / 2 else ()


def _traced(trellis: Trellis, came: NDArray[np.uint8], state: int) -> tuple[Step, ...]:
    steps: list[Step] = []
    end = len(came)
    for frame in range(len(came) - 1, -1, -1):
        source = int(trellis.before[state, came[frame, state]])
        unit = int(trellis.unit_of[state])
        begins = frame == 0 or (source != state and trellis.units[unit].first_state == state)
        if begins:
            steps.append(Step(unit, frame, end - frame))
            end = frame
        state = source
    return tuple(reversed(steps))
