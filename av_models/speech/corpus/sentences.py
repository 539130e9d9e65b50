"""Long recordings cut into sentences: the whole text is laid over the sound, and cuts fall into its pauses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from av_models.alignment.cepstra import RATE_HZ as ALIGNED_HZ
from av_models.alignment.forced import NO_WORD, Heard, as_16khz, plain_ways
from av_models.alignment.pronounced import line_pronunciations
from av_models.alignment.recordings import lay_text
from av_models.alignment.trellis import ANYTHING, Prices
from av_models.domain.corpus import CORPUS_RATE_HZ, LONGEST_CLIP_S
from av_models.domain.script import Line, Token
from av_models.speech.script import read_script

__all__ = ["Excerpt", "Leftover", "excerpts", "line_of"]

_SHORTEST_PAUSE_S = 0.12
_KEPT_S = 0.3
"""Of a pause, at either end of a clip."""
_LONGEST_S = LONGEST_CLIP_S - 0.1
_EXTRA_S = 0.6
_NEIGHBOURS = 8
_SENTENCE_ENDS = (".", "?", "!")
_BLOCK = 60 * CORPUS_RATE_HZ


class _Sound(Protocol):
    @property
    def n_samples(self) -> int: ...

    def read(self, start: int, end: int) -> NDArray[np.float32]: ...


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A stretch of a recording that says a line."""

    start_s: float
    end_s: float
    line: Line


@dataclass(frozen=True, slots=True)
class Leftover:
    """A stretch that cannot be used. reason: a clause."""

    start_s: float
    end_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class _Piece:
    """Tokens that are said without a pause. sound: what lies before `start_s` and after `end_s` is no speech."""

    first: int
    last: int
    start_s: float
    end_s: float
    room_before_s: float
    room_after_s: float
    broken: bool


def line_of(text: str, language: str) -> Line:
    """A transcript as one line: no roles, no titles, no marks but [breath]. InputError when it cannot be spoken."""
    plain = " ".join(text.split())
    plain = re.sub(r"([\\{}*#])", r"\\\1", plain)
    plain = re.sub(r"\[(?!breath\])", r"\\[", plain)
    plain = re.sub(r"(?<!\[breath)\]", r"\\]", plain)
    plain = re.sub(r"^([^:]{1,40}):", r"\1,", plain)
    tokens = tuple(token for line in read_script(plain, language).lines for token in line.tokens)
    return Line("", tokens)


def excerpts(
    sound: _Sound, line: Line, language: str, on_progress: Callable[[float], None] | None = None
) -> Iterator[Excerpt | Leftover]:
    """First what cannot be used, then clips of at most LONGEST_CLIP_S, each a sentence where the pauses allow it.

    Words that are not heard, and speech that is not in the text, end a clip before them. Nothing when the text cannot
    be laid over the sound at all. on_progress: called with the seconds over which the text is laid.
    """
    ways = plain_ways(line_pronunciations(line, language))
    heard = lay_text(_narrow(sound), ways, Prices(), on_progress)
    if not heard:
        return
    pieces = _pieces(heard, line.tokens)
    yield from _leftovers(heard, pieces, line.tokens)
    for group in _groups(pieces, line.tokens):
        if isinstance(group, Leftover):
            yield group
            continue
        start_s = group[0].start_s - min(_KEPT_S, group[0].room_before_s / 2)
        end_s = group[-1].end_s + min(_KEPT_S, group[-1].room_after_s / 2)
        yield Excerpt(max(0.0, start_s), end_s, Line("", line.tokens[group[0].first : group[-1].last + 1]))


def _narrow(sound: _Sound) -> NDArray[np.float32]:
    """The sound at the aligner's rate; blocks are resampled with their neighbours' edges, so that no seam is heard."""
    ratio = ALIGNED_HZ / CORPUS_RATE_HZ
    edge = CORPUS_RATE_HZ // 10
    parts = []
    for start in range(0, sound.n_samples, _BLOCK):
        first, end = max(0, start - edge), min(sound.n_samples, start + _BLOCK + edge)
        block = as_16khz(sound.read(first, end)[:, 0], CORPUS_RATE_HZ)
        begin = round((start - first) * ratio)
        parts.append(block[begin : begin + round((min(start + _BLOCK, sound.n_samples) - start) * ratio)])
    return np.concatenate(parts)


def _pieces(heard: Sequence[Heard], tokens: Sequence[Token]) -> list[_Piece]:
    """Runs of tokens between pauses. broken: before it a word is not heard, or something else is said."""
    token_of = [number for number, token in enumerate(tokens) for _ in token.spoken]
    spans = {index: _span(list(run)) for index, run in groupby(heard, key=lambda phone: phone.word) if index != NO_WORD}
    extra = {p.junction for p in heard if _is_other(p)}
    pieces: list[_Piece] = []
    doubtful = _doubtful(tokens, {token_of[index] for index in range(len(token_of)) if index not in spans})
    for index, number in enumerate(token_of):
        if number in doubtful:
            continue
        start_s, end_s = spans[index]
        before = pieces[-1] if pieces else None
        pause_s = start_s - (before.end_s if before else 0.0)
        broken = index in extra or (index > 0 and before is not None and before.last < token_of[index - 1])
        if before is not None and not broken and (number == before.last or pause_s < _SHORTEST_PAUSE_S):
            pieces[-1] = replace(before, last=number, end_s=end_s)
            continue
        if before is not None:
            pieces[-1] = replace(before, room_after_s=pause_s)
        pieces.append(_Piece(number, number, start_s, end_s, pause_s, 0.0, broken))
    if pieces:
        pieces[-1] = replace(pieces[-1], room_after_s=heard[-1].end_s - pieces[-1].end_s)
    return pieces


def _doubtful(tokens: Sequence[Token], unheard: set[int]) -> set[int]:
    """Tokens that are not heard, and their neighbours in the same sentence: next to words that are not said, short
    ones are found anywhere."""
    doubtful = set(unheard)
    for number in unheard:
        for step in (-1, 1):
            at = number
            for _ in range(_NEIGHBOURS):
                sentence_end = min(at, at + step)  # the token whose punctuation stands between the two
                at += step
                if not 0 <= at < len(tokens) or tokens[sentence_end].break_after in _SENTENCE_ENDS:
                    break
                doubtful.add(at)
    return doubtful


def _is_other(phone: Heard) -> bool:
    return phone.label == ANYTHING and phone.end_s - phone.start_s >= _EXTRA_S


def _leftovers(heard: Sequence[Heard], pieces: Sequence[_Piece], tokens: Sequence[Token]) -> Iterator[Leftover]:
    """What is said and not written, and what is written and not said."""
    for phone in heard:
        if _is_other(phone):
            yield Leftover(phone.start_s, phone.end_s, "says something that its transcript lacks")
    reached, at_s = 0, 0.0
    for first, last, end_s in [*((p.first, p.last, p.end_s) for p in pieces), (len(tokens), len(tokens), at_s)]:
        lacking = [token.written for token in tokens[reached:first] if token.spoken]
        if lacking:
            words = " ".join(lacking[:6]) + (" …" if len(lacking) > 6 else "")
            yield Leftover(at_s, at_s, f"not heard, though in the transcript: '{words}'")
        reached, at_s = last + 1, end_s


def _groups(pieces: Sequence[_Piece], tokens: Sequence[Token]) -> Iterator[list[_Piece] | Leftover]:
    """Neighbouring pieces joined to sentences; what is too long is parted at its best pause."""
    open_group: list[_Piece] = []
    for piece in pieces:
        if piece.end_s - piece.start_s > _LONGEST_S:
            yield from _cut_up(open_group, tokens)
            open_group = []
            length_s = piece.end_s - piece.start_s
            yield Leftover(piece.start_s, piece.end_s, f"without a pause for {length_s:.0f} s")
            continue
        if open_group and piece.broken:
            yield from _cut_up(open_group, tokens)
            open_group = []
        open_group.append(piece)
        if tokens[piece.last].break_after in _SENTENCE_ENDS:
            yield from _cut_up(open_group, tokens)
            open_group = []
    yield from _cut_up(open_group, tokens)


def _cut_up(group: Sequence[_Piece], tokens: Sequence[Token]) -> Iterator[list[_Piece]]:
    """A sentence, in parts of at most LONGEST_CLIP_S: cut at commas before other pauses, late before early."""
    rest = list(group)
    while rest:
        fitting = [
            n for n in range(1, len(rest) + 1) if rest[n - 1].end_s - rest[0].start_s <= _LONGEST_S - 2 * _KEPT_S
        ]
        n_taken = fitting[-1] if fitting else 1
        if n_taken < len(rest):
            commas = [n for n in fitting if tokens[rest[n - 1].last].break_after]
            n_taken = commas[-1] if commas else n_taken
        yield rest[:n_taken]
        rest = rest[n_taken:]


def _span(run: Sequence[Heard]) -> tuple[float, float]:
    return run[0].start_s, run[-1].end_s
