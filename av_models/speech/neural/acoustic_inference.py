"""The acoustic network as arithmetic on arrays, for speaking one sentence: what `AcousticModel` computes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .layers import Floats, Linear, Stack, part_of
from .shapes import CONTOUR_SCALE
from .symbols import Symbols

__all__ = ["AcousticInference", "Lain", "lay_over_frames"]

_TABLES = {"phone": "phones", "stress": "stresses", "place": "places", "ending": "endings"}


@dataclass(frozen=True, slots=True, eq=False)
class Lain:
    """Phones laid over T frames. owner: int64 (T,) the phone of each.  facts: (T, FRAME_FACTS).  course: (T, V)."""

    owner: NDArray[np.int64]
    facts: Floats
    course: Floats


@dataclass(frozen=True, slots=True, eq=False)
class AcousticInference:
    """prosody_mean, prosody_spread: (N_PROSODY,), see `AcousticModel`. noise: channels that each prediction reads."""

    state: Mapping[str, Floats]
    facts: Linear
    reader: Stack
    prosody: Stack
    contour: Stack
    to_contour: Linear
    sketcher: Stack
    painter: Stack
    noise: int

    @classmethod
    def of(cls, state: Mapping[str, Floats], noise: int) -> AcousticInference:
        """state: weights of an `AcousticModel` by their names. KeyError when one is missing."""

        def stack(name: str) -> Stack:
            return Stack.of(part_of(state, name))

        def linear(name: str) -> Linear:
            return Linear.of(part_of(state, name))

        tables = (f"{name}.weight" for name in (*_TABLES, "speaker"))
        return cls(
            {name: state[name] for name in (*tables, "prosody_mean", "prosody_spread", "mel_mean", "mel_spread")},
            facts=linear("facts"),
            reader=stack("reader"),
            prosody=stack("prosody"),
            contour=stack("contour"),
            to_contour=linear("to_contour"),
            sketcher=stack("sketcher"),
            painter=stack("painter"),
            noise=noise,
        )

    @property
    def prosody_mean(self) -> Floats:
        return self.state["prosody_mean"]

    @property
    def prosody_spread(self) -> Floats:
        return self.state["prosody_spread"]

    def read(self, symbols: Symbols, speaker: Floats) -> tuple[Floats, Floats]:
        """What is said, (P, width), and the condition (c,) of a speaker vector (SPEAKER_SIZE,)."""
        condition = np.tanh(self.state["speaker.weight"] @ speaker)
        said = self.facts(symbols.facts)
        for table, field in _TABLES.items():
            said += self.state[f"{table}.weight"][getattr(symbols, field)]
        return self.reader(said, condition), condition

    def predict_prosody(self, said: Floats, condition: Floats, noise: Floats) -> Floats:
        """(P, N_PROSODY) log frames, log pitch and energy of each phone; noise (P, self.noise)."""
        scaled = self.prosody(np.concatenate([said, noise], axis=1), condition)
        return scaled * self.prosody_spread + self.prosody_mean

    def predict_contour(self, said: Floats, condition: Floats, lain: Lain, noise: Floats) -> tuple[Floats, Floats]:
        """Scaled log pitch over the phones' course (T,), and the logit of being voiced (T,), frame by frame.

        said: over T frames.  lain.course: pitch and energy of the phones, scaled.  noise: (T, self.noise).
        """
        given = np.concatenate([self.to_contour(said), noise, lain.facts, lain.course], axis=1)
        found = self.contour(given, condition)
        return found[:, 0] / (np.float32(CONTOUR_SCALE) * self.prosody_spread[1]), found[:, 1]

    def sketch(self, said: Floats, condition: Floats, frames: Floats) -> Floats:
        """(T, width): all of the mel frames that is not chance.

        frames: (T, FRAME_FACTS + 3): the facts of each frame, then scaled pitch, voiced (0 or 1) and energy.
        """
        return self.sketcher(np.concatenate([said, frames], axis=1), condition)

    def paint(self, sketch: Floats, condition: Floats, noise: Floats) -> Floats:
        """Natural-log mel frames (T, N_MELS); noise (T, self.noise)."""
        mel = self.painter(np.concatenate([sketch, noise], axis=1), condition)
        return mel * self.state["mel_spread"] + self.state["mel_mean"]


def lay_over_frames(frames: NDArray[np.int64], values: Floats) -> Lain:
    """As `spread_over_frames`, for `frames` (P,) hops per phone and phone values (P, V)."""
    n_frames = int(frames.sum())
    owner = np.repeat(np.arange(frames.size), frames)
    ends = np.cumsum(frames)
    since = np.arange(n_frames) - (ends - frames)[owner]
    length = frames[owner].astype(np.float32)
    begun, left = since / 16, (length - 1 - since) / 16
    facts = np.stack([(since + 0.5) / length, np.minimum(begun, 1), np.minimum(left, 1), np.log(length) / 3], axis=1)
    middles, known = (ends - frames / 2)[frames > 0], values[frames > 0]
    at = np.arange(n_frames) + 0.5
    course = np.stack([np.interp(at, middles, column) for column in known.T], axis=1)
    return Lain(owner, facts.astype(np.float32), course.astype(np.float32))
