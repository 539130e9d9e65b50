"""Laying a line on the time line: runs of words as an engine says them, and the marks between them to the sample."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from av_models.domain.errors import InputError, ModelError
from av_models.domain.script import Direction, Line, Token, TokenKind
from av_models.domain.speech import BREATH, SILENCE

from .breath import breath_of
from .directions import gains_db, word_directions
from .engine import Synthesis
from .level import levelled
from .times import Stretch, close_gaps, to_phones, to_words

__all__ = ["Run", "Said", "lay", "runs_of", "trimmed"]

_LEAD_MS, _TAIL_MS = 40, 100
_SENTENCE_PAUSE_MS = 330
_BREATH_GAP_MS = 40
_FADE_MS = 4
_SENTENCE_ENDS = (".", "?", "!")


@dataclass(frozen=True, slots=True)
class Run:
    """Words up to the next mark or the end of their sentence. first_word: index in the line of the first spoken word.

    last: nothing follows in the line.
    """

    tokens: tuple[Token, ...]
    first_word: int
    last: bool

    @property
    def spoken(self) -> tuple[str, ...]:
        return tuple(word for token in self.tokens for word in token.spoken)


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """One run as spoken, from first phone to last. samples: float32 (n,). stretches: their words counted in the run."""

    samples: np.ndarray
    rate_hz: int
    stretches: tuple[Stretch, ...]


def trimmed(samples: np.ndarray, rate_hz: int, stretches: Sequence[Stretch]) -> Said:
    """Cut silence off both ends, with a short fade so that no cut clicks."""
    sounding = [index for index, stretch in enumerate(stretches) if stretch.label != SILENCE]
    if not sounding:
        raise ModelError("The voice made no sound for these words.", "Write them differently, or use another voice.")
    kept = stretches[sounding[0] : sounding[-1] + 1]
    first = kept[0].first
    cut = np.array(samples[first : kept[-1].end], dtype=np.float32)
    n_fade = min(round(_FADE_MS * rate_hz / 1000), cut.size // 2)
    ramp = np.linspace(0, 1, n_fade, dtype=np.float32)
    cut[:n_fade] *= ramp
    cut[cut.size - n_fade :] *= ramp[::-1]
    return Said(cut, rate_hz, tuple(s.moved(-first, 0) for s in kept))


def runs_of(line: Line) -> tuple[Run, ...]:
    """The runs of a line in order, as `lay` asks for them."""
    return tuple(part for part in _parts(line.tokens) if isinstance(part, Run))


def lay(
    line: Line,
    say: Callable[[Run], Said],
    finish: Callable[[np.ndarray, int], np.ndarray],
    seed: int,
    breath_level: float,
    directions: Sequence[Direction] = (),
) -> Synthesis:
    """Speak every run with `say`, put pauses and breaths between, and `finish` the whole sound (n,) -> (n,).

    Levels are set here, after all else, so that they are exact; pace and pitch are the business of `say`.
    directions: of every spoken word, those of the script if left out.
    """
    if not line.spoken:
        raise InputError("The line has no words to speak.", "Write at least one word on every line.")
    parts = [(part, say(part) if isinstance(part, Run) else None) for part in _parts(line.tokens)]
    reel = _Reel(next(said.rate_hz for _, said in parts if said))
    for part, said in parts:
        if isinstance(part, Run) and said:
            reel.add(said.samples, said.stretches, part.first_word)
        elif isinstance(part, Token) and part.kind is TokenKind.PAUSE:
            reel.silence(part.pause_ms)
        elif isinstance(part, Token):
            reel.breath(seed, breath_level, part.kind)
    samples = finish(np.concatenate(reel.pieces), reel.rate_hz)
    gains = gains_db(samples, reel.stretches, directions or word_directions(line.tokens))
    samples = levelled(samples, reel.rate_hz, reel.stretches, gains)
    stretches = close_gaps(reel.stretches, samples.size)
    words = to_words(stretches, line.spoken, reel.rate_hz)
    return Synthesis(samples, reel.rate_hz, words, to_phones(stretches, reel.rate_hz))


@dataclass(slots=True)
class _Reel:
    """The utterance as laid so far."""

    rate_hz: int
    pieces: list[np.ndarray] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)
    n_samples: int = 0

    def add(self, samples: np.ndarray, stretches: Sequence[Stretch], first_word: int = 0) -> None:
        at = self.n_samples
        self.stretches += [s.moved(at, first_word) for s in stretches]
        self.pieces.append(samples)
        self.n_samples += samples.size

    def silence(self, length_ms: int) -> None:
        self.add(np.zeros(round(length_ms * self.rate_hz / 1000), dtype=np.float32), ())

    def breath(self, seed: int, level: float, kind: TokenKind) -> None:
        sound = breath_of(kind, self.rate_hz, seed + self.n_samples, level)
        self.silence(_BREATH_GAP_MS)
        self.add(sound, [Stretch(BREATH, 0, sound.size)])
        self.silence(_BREATH_GAP_MS)


def _parts(tokens: Sequence[Token]) -> Iterator[Run | Token]:
    """Runs and marks as they follow; a sentence's end pauses, and both ends of the line have a short silence, unless a
    mark asks for another."""
    groups = list(_groups(tokens))
    if isinstance(groups[0], tuple):
        yield _pause(_LEAD_MS)
    first_word = 0
    for index, group in enumerate(groups):
        following = groups[index + 1] if index + 1 < len(groups) else None
        if isinstance(group, Token):
            yield group
            continue
        run = Run(group, first_word, last=following is None)
        first_word += len(run.spoken)
        yield run
        if isinstance(following, tuple):
            yield _pause(_SENTENCE_PAUSE_MS)
    last = groups[-1]
    if isinstance(last, tuple) or last.kind in (TokenKind.BREATH, TokenKind.SIGH):
        yield _pause(_TAIL_MS)


def _groups(tokens: Sequence[Token]) -> Iterator[tuple[Token, ...] | Token]:
    words: list[Token] = []
    for token in tokens:
        is_word = token.kind is TokenKind.WORD
        if is_word:
            words.append(token)
        if words and (not is_word or token.break_after in _SENTENCE_ENDS):
            yield tuple(words)
            words = []
        if not is_word:
            yield token
    if words:
        yield tuple(words)


def _pause(length_ms: int) -> Token:
    return Token(TokenKind.PAUSE, pause_ms=length_ms)
