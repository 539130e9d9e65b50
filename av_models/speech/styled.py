"""A style becomes directions: the lines of a script as a voice must say them to speak like a reference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from av_models.domain.script import PLAIN, Direction, Line, Token, TokenKind
from av_models.domain.speech import Performance, PerformedPhone
from av_models.domain.style import Style

__all__ = ["direction_towards", "excerpt", "in_style"]

_RATES, _RANGES, _SWINGS = (0.65, 1.5), (0.4, 2.0), (0.5, 1.8)
_LEVEL_ST, _GLIDE_ST = 6.0, 5.0
_PAUSES_MS = (60, 1500)
_LEAST_GLIDE_ST = 0.3


def direction_towards(style: Style, own: Style, level_st: float = 0.0) -> Direction:
    """From how a voice speaks of its own accord to how a reference does, within what still sounds well.

    level_st: how high the reference lies over its speaker's middle.
    """
    return Direction(
        rate=_within(style.syllables_per_s / max(own.syllables_per_s, 1e-3), _RATES),
        pitch_st=_within(level_st, (-_LEVEL_ST, _LEVEL_ST)),
        pitch_range=_within(style.spread_st / max(own.spread_st, 0.2), _RANGES),
        level_range=_within(style.swing_db / max(own.swing_db, 0.5), _SWINGS) if style.swing_db else 1.0,
    )


def in_style(line: Line, style: Style, own: Style, level_st: float = 0.0) -> Line:
    """The line with the style under what its author directs: pace, melody, phrase endings, dynamics and pauses.

    Pauses that the script asks for stay as they are.
    """
    towards = direction_towards(style, own, level_st)
    last = max((index for index, token in enumerate(line.tokens) if token.spoken), default=-1)
    tokens: list[Token] = []
    for index, token in enumerate(line.tokens):
        if token.kind is not TokenKind.WORD:
            tokens.append(token)
            continue
        outer = replace(towards, glide_st=_glide_st(token, index == last, style, own, towards.pitch_range))
        tokens.append(replace(token, direction=token.direction.within(outer)))
        following = line.tokens[index + 1] if index + 1 < len(line.tokens) else None
        pause_ms = _pause_ms(token, style)
        if pause_ms and following is not None and following.kind is TokenKind.WORD:
            tokens.append(Token(TokenKind.PAUSE, pause_ms=pause_ms))
    return replace(line, tokens=tuple(tokens))


def excerpt(performance: Performance, spoken: Sequence[str], after: int = 0) -> tuple[Performance, int] | None:
    """The part of a performance that says exactly these words, and how many words were before its end; None if there
    is none. after: words to be passed over, so that a line that is said twice is found twice."""
    said = [word.text for word in performance.words]
    n = len(spoken)
    for first in range(after, len(said) - n + 1):
        if said[first : first + n] == list(spoken):
            words = performance.words[first : first + n]
            return Performance(words, _phones_within(performance.phones, words[0].start, words[-1].end)), first + n
    return None


def _phones_within(phones: Sequence[PerformedPhone], start: object, end: object) -> tuple[PerformedPhone, ...]:
    return tuple(one for one in phones if one.phone.start >= start and one.phone.end <= end)  # type: ignore[operator]


def _glide_st(token: Token, is_last: bool, style: Style, own: Style, span: float) -> float:
    """What the end of a phrase must move more, or less, than the voice's own."""
    mark = token.break_after or ("." if is_last else "")
    wanted, usual = style.final_st("." if mark == "!" else mark), own.final_st("." if mark == "!" else mark)
    if not mark or wanted is None or usual is None:
        return PLAIN.glide_st
    more = _within(wanted - usual * span, (-_GLIDE_ST, _GLIDE_ST))
    return more if abs(more) >= _LEAST_GLIDE_ST else PLAIN.glide_st


def _pause_ms(token: Token, style: Style) -> int:
    """0 where the voice is left to itself."""
    wanted = {"": 0, ",": style.comma_ms}.get(token.break_after, style.sentence_ms)
    return min(max(wanted, _PAUSES_MS[0]), _PAUSES_MS[1]) if wanted else 0


def _within(value: float, limits: tuple[float, float]) -> float:
    number = value if math.isfinite(value) else 1.0
    return round(min(max(number, limits[0]), limits[1]), 3)
