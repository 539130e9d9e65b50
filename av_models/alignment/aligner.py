"""What every aligner is, and how one is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from av_models.domain.errors import InputError
from av_models.domain.script import Line
from av_models.domain.speech import Phone, Word

if TYPE_CHECKING:
    from .events import Event
    from .verdict import Verdict

__all__ = ["ALIGNERS", "IMPORTED", "Aligned", "Aligner", "KnownTimes", "get_aligner"]

KnownTimes = tuple[tuple[Word, ...], tuple[Phone, ...]]
ALIGNERS = ("auto", "engine", "pocketsphinx", "mfa")
IMPORTED = ("whisperx", "textgrid")


@dataclass(frozen=True, slots=True)
class Aligned:
    """words and phones (ARPAbet, covering the sound without gaps). score: per-frame log likelihood, None if unknown.

    aligner: the name of the one that did it, which 'auto' decides.  verdict: which words are in doubt, None from
    aligners that have none.  events: what is no word.
    """

    words: tuple[Word, ...]
    phones: tuple[Phone, ...]
    score: float | None
    aligner: str
    verdict: Verdict | None = None
    events: tuple[Event, ...] = ()


class Aligner(Protocol):
    """name: its key in `get_aligner`."""

    name: str

    def align(self, samples: np.ndarray, rate_hz: int, line: Line, language: str, known: KnownTimes) -> Aligned:
        """Times of the line's words and phones in float samples (n,). known: what the speech engine says, or empty.

        InputError when the sound cannot be saying the line, ModelError when the aligner itself is missing.
        """
        ...


class AutoAligner:
    """The engine's own times where it knows them, pocketsphinx elsewhere."""

    name = "auto"

    def align(self, samples: np.ndarray, rate_hz: int, line: Line, language: str, known: KnownTimes) -> Aligned:
        chosen = get_aligner("engine" if known[1] else "pocketsphinx")
        return chosen.align(samples, rate_hz, line, language, known)


def get_aligner(name: str) -> Aligner:
    """InputError when there is none of that name."""
    if name == "auto":
        return AutoAligner()
    if name == "engine":
        from .engine_times import EngineTimes

        return EngineTimes()
    if name == "pocketsphinx":
        from .sphinx import SphinxAligner

        return SphinxAligner()
    if name in IMPORTED:
        remedy = "Use flow run align --times FILE, which reads WhisperX's JSON and TextGrids."
        raise InputError(f"The aligner '{name}' reads times from a file.", remedy)
    if name == "mfa":
        from .mfa import MfaAligner

        return MfaAligner()
    raise InputError(f"There is no aligner '{name}'.", f"Known aligners: {', '.join(ALIGNERS)}.")
