"""What the directions of a line come to, word by word and sound by sound, for every engine alike; and in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from av_models.domain.script import PLAIN, Direction, Line, Token, TokenKind

from .fillers import Filler, filler_named
from .melody import Bend, bend
from .times import NO_WORD, Stretch

__all__ = [
    "EMPHASES",
    "bends",
    "bent",
    "directed_paces",
    "filler_of",
    "gains_db",
    "phone_directions",
    "told",
    "word_directions",
]

Samples = NDArray[np.float32]

EMPHASES = (
    PLAIN,
    Direction(rate=0.82, pitch_st=2.5, volume_db=3.0),
    Direction(rate=0.7, pitch_st=4.0, volume_db=5.0),
)
"""An emphasised word is slower, higher and louder (Terken & Hermes 2000); by what `Token.emphasis` says."""

_GLIDE_S, _GLIDING_PHONES = 0.3, 4  # the second is about as long as the first
_STRENGTHS = ("", "emphasis", "strong emphasis")
_BETWEEN = {TokenKind.BREATH: "breath", TokenKind.SIGH: "sigh"}


def filler_of(token: Token) -> Filler | None:
    """The shape of a filler; None for any other word."""
    if not token.filler:
        return None
    return next((f for code in ("en", "de") if (f := filler_named(token.spoken[0], code))), None)


def word_directions(tokens: Sequence[Token], *, emphasised: bool = False) -> list[Direction]:
    """One for each spoken word, with the length and level of fillers in it. emphasised: with `EMPHASES`, for an engine
    that knows no emphasis of its own."""
    found = []
    for token in tokens:
        direction = token.direction
        if emphasised:
            direction = EMPHASES[token.emphasis].within(direction)
        if filler := filler_of(token):
            direction = Direction(rate=1 / filler.slowness, volume_db=filler.volume_db).within(direction)
        found += [direction] * len(token.spoken)
    return found


def phone_directions(token: Token, n_phones: int) -> list[Direction]:
    """As a token's word directions, for each of its phones: fillers with their own melody, glides step by step.

    Without the lengths of fillers, and without levels, which are set when the line is laid.
    """
    asked = replace(token.direction, glide_st=0.0, volume_db=0.0, level_range=1.0)
    glide_st = token.direction.glide_st
    moving = min(n_phones, _GLIDING_PHONES)
    shares = [max(0.0, (k + 0.5 - (n_phones - moving)) / moving) for k in range(n_phones)]
    glided = [replace(asked, pitch_st=asked.pitch_st + glide_st * share) for share in shares]
    filler = filler_of(token)
    if filler is None or n_phones != len(filler.phones):
        return glided
    return [
        Direction(pitch_st=pitch_st, pitch_range=filler.pitch_range).within(one)
        for one, pitch_st in zip(glided, filler.pitch_st, strict=True)
    ]


def directed_paces(directions: Sequence[Direction], paces: Sequence[float] = ()) -> tuple[float, ...]:
    """How many times as fast each word is said. paces: asked for besides, or none. () where all are as usual."""
    together = [one.rate * pace for one, pace in zip(directions, paces or (1.0,) * len(directions), strict=True)]
    return tuple(together) if paces or any(pace != 1 for pace in together) else ()


def gains_db(samples: Samples, stretches: Sequence[Stretch], directions: Sequence[Direction]) -> list[float]:
    """What is added to each stretch: what is asked for, and the share of its distance from the line's level."""
    levels = _word_levels_db(samples, stretches) if any(one.level_range != 1 for one in directions) else {}
    middle_db = float(np.median(list(levels.values()))) if levels else 0.0
    gains = [
        one.volume_db + (one.level_range - 1) * (levels.get(word, middle_db) - middle_db)
        for word, one in enumerate(directions)
    ]
    return [gains[s.word] if s.word != NO_WORD else 0.0 for s in stretches]


def _word_levels_db(samples: Samples, stretches: Sequence[Stretch]) -> dict[int, float]:
    """Of each word the level of its loudest sound."""
    levels: dict[int, float] = {}
    for one in stretches:
        if one.word != NO_WORD and one.end > one.first:
            power = float(np.mean(np.square(samples[one.first : one.end], dtype=np.float64)))
            levels[one.word] = max(levels.get(one.word, -90.0), 10 * float(np.log10(power + 1e-9)))
    return levels


def bends(
    stretches: Sequence[Stretch], tokens: Sequence[Token], directions: Sequence[Direction], rate_hz: int
) -> list[Bend]:
    """What `melody.bend` is to do with each word; sound by sound for fillers."""
    fillers = [filler_of(token) for token in tokens for _ in token.spoken]
    found: list[Bend] = []
    for word, group in groupby(stretches, key=lambda stretch: stretch.word):
        if word == NO_WORD:
            continue
        sounds, direction, filler = list(group), directions[word], fillers[word]
        if filler and len(sounds) == len(filler.pitch_st):
            found += [
                Bend(s.first, s.end, direction.pitch_st + st, direction.pitch_st + st, filler.pitch_range)
                for s, st in zip(sounds, filler.pitch_st, strict=True)
            ]
        else:
            first, end = sounds[0].first, sounds[-1].end
            turn = max(first, end - round(_GLIDE_S * rate_hz)) if direction.glide_st else end
            low, high = direction.pitch_st, direction.pitch_st + direction.glide_st
            found += [Bend(first, turn, low, low, direction.pitch_range)] * (turn > first)
            found += [Bend(turn, end, low, high, direction.pitch_range)] * (end > turn)
    return found


def bent(
    samples: Samples, tokens: Sequence[Token], stretches: Sequence[Stretch], rate_hz: int, *, emphasised: bool = False
) -> Samples:
    """A run with the melody that its directions ask for. stretches: of its samples, words counted in `tokens`."""
    return bend(samples, rate_hz, bends(stretches, tokens, word_directions(tokens, emphasised=emphasised), rate_hz))


def told(line: Line) -> list[str]:
    """The directions of a line in words: 'rate 0.9 on “the old harbour”', 'pause 400 ms after “boats”'."""
    return [*_spans(line.tokens), *_marks(line.tokens)]


def _spans(tokens: Sequence[Token]) -> Iterator[str]:
    words = [token for token in tokens if token.kind is TokenKind.WORD]
    for direction, group in groupby(words, key=lambda token: token.direction):
        said = list(group)
        if direction != PLAIN:
            whole = "the line" if len(said) == len(words) else f"“{_shortened([t.written for t in said])}”"
            yield f"{', '.join(_asked(direction))} on {whole}"


def _marks(tokens: Sequence[Token]) -> Iterator[str]:
    before = ""
    for token in tokens:
        place = f"after “{before}”" if before else "at the beginning"
        if token.kind is TokenKind.PAUSE:
            yield f"pause {token.pause_ms} ms {place}"
        elif token.kind in _BETWEEN:
            yield f"{_BETWEEN[token.kind]} {place}"
        else:
            if token.emphasis:
                yield f"{_STRENGTHS[token.emphasis]} on “{token.written}”"
            if token.filler:
                yield f"filler “{token.written}”"
            elif token.phones:
                yield f"“{token.written}” said {' '.join(token.phones)}"
            before = token.written


def _asked(direction: Direction) -> Iterator[str]:
    usual = PLAIN
    if direction.rate != usual.rate:
        yield f"rate {direction.rate:.3g}"
    if direction.pitch_st:
        yield f"pitch {direction.pitch_st:+.3g} st"
    if direction.glide_st:
        yield f"glide {direction.glide_st:+.3g} st"
    if direction.pitch_range != usual.pitch_range:
        yield f"range {direction.pitch_range:.3g}"
    if direction.level_range != usual.level_range:
        yield f"dynamics {direction.level_range:.3g}"
    if direction.volume_db:
        yield f"volume {direction.volume_db:+.3g} dB"


def _shortened(words: Sequence[str]) -> str:
    return " ".join(words) if len(words) < 6 else f"{' '.join(words[:3])} … {words[-1]}"
