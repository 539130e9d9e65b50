"""From pieces of a script to tokens ready to be spoken: words spelled out, punctuation turned into prosody."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from av_models.domain.errors import ScriptError
from av_models.domain.script import Token, TokenKind

from .fillers import LAUGHS, filler_named
from .languages.language import strip_punctuation
from .normalise import Unspeakable, sentence_ends, speak_words
from .pieces import Piece

__all__ = ["LONGEST_LINE", "has_words", "split", "to_tokens"]

LONGEST_LINE = 400
_ENDS = (".", "?", "!")
_CLOSING = "\"'”’“‘«»‹›.,;:!?…)—–-"
# Names of fillers that are also words or units; these are fillers in brackets only.
_ALSO_WORDS = frozenset({"er", "mm"}) | LAUGHS


def to_tokens(pieces: Sequence[Piece], language: str) -> list[Token]:
    """One token for each piece but bare punctuation. ScriptError where a word cannot be spoken."""
    words = [piece for piece in pieces if piece.kind is TokenKind.WORD]
    written = [_read_for(piece) for piece in words]
    said = _spoken(words, written, language)
    ends = {id(piece): end for piece, end in zip(words, sentence_ends(written, language), strict=True)}
    following = {id(piece): after.written for piece, after in pairwise(words)}
    tokens: list[Token] = []
    for piece in pieces:
        if piece.kind is not TokenKind.WORD:
            tokens.append(Token(piece.kind, pause_ms=piece.pause_ms))
        elif said[id(piece)]:
            mark = _break_after(piece.written, following.get(id(piece), ""), ends[id(piece)])
            tokens.append(_word(piece, said[id(piece)], mark, language))
        else:
            _attach(tokens, piece)
    return tokens


def _read_for(piece: Piece) -> str:
    """The one word that stands for a piece among its neighbours."""
    if not piece.alias:
        return "x" + _tail(piece.written) if piece.phones and " " in piece.written else piece.written
    return piece.alias[-1] + _tail(piece.written)


def _tail(written: str) -> str:
    return written[len(written.rstrip(_CLOSING)) :]


def _spoken(words: Sequence[Piece], written: Sequence[str], language: str) -> dict[int, tuple[str, ...]]:
    """Spoken words by the id of their piece."""
    try:
        spoken = speak_words(written, language)
        said = {id(piece): words_ for piece, words_ in zip(words, spoken, strict=True)}
        for piece in words:
            if piece.alias:
                said[id(piece)] = tuple(word for one in speak_words(piece.alias, language) for word in one)
    except Unspeakable as error:
        place = words[min(error.index, len(words) - 1)]
        raise ScriptError(f"found {error}", place.line, place.column, "words, numbers and punctuation") from error
    return said


def _word(piece: Piece, spoken: tuple[str, ...], break_after: str, language: str) -> Token:
    core = strip_punctuation(piece.written).lower()
    filler = filler_named(core, language) if piece.filler or (core not in _ALSO_WORDS and not piece.phones) else None
    phones = filler.phones if filler else piece.phones
    if filler:
        spoken = (filler.spoken,)
    elif piece.phones and len(spoken) != 1:
        spoken = (re.sub(r"[^\w']", "", piece.said).lower() or "word",)
    return Token(
        TokenKind.WORD,
        written=piece.written,
        spoken=spoken,
        break_after=break_after,
        emphasis=piece.emphasis,
        phones=phones,
        direction=piece.direction,
        filler=filler is not None,
    )


def _attach(tokens: list[Token], piece: Piece) -> None:
    """Punctuation that stands alone ('—') goes to the word before it and shapes its ending."""
    last = next((i for i in reversed(range(len(tokens))) if tokens[i].kind is TokenKind.WORD), None)
    if last is not None:
        mark = tokens[last].break_after or _break_after(piece.written, "", True) or ","
        tokens[last] = replace(tokens[last], written=f"{tokens[last].written} {piece.written}", break_after=mark)


def _break_after(written: str, after: str, ends_sentence: bool) -> str:
    """The punctuation that shapes the prosody. after: the next written word. ends_sentence: if a full stop follows."""
    tail = _tail(written)
    if "?" in tail:
        return "?"
    if "!" in tail:
        return "!"
    if "…" in tail or ("." in tail and ends_sentence):
        return "."
    if any(mark in tail for mark in ",;:)—–") or after.startswith("("):
        return ","
    return ""


def has_words(tokens: Sequence[Token]) -> bool:
    return any(token.spoken for token in tokens)


def split(tokens: tuple[Token, ...]) -> list[tuple[Token, ...]]:
    """Pieces of at most LONGEST_LINE written characters, cut at the last sentence end, else comma, else word."""
    parts = []
    while (fit := _fitting(tokens)) < len(tokens):
        cut = _cut(tokens[:fit])
        parts.append(tokens[:cut])
        tokens = tokens[cut:]
    if parts and not has_words(tokens):
        parts[-1] += tokens
    else:
        parts.append(tokens)
    return parts


def _fitting(tokens: Sequence[Token]) -> int:
    """How many of the tokens stay within LONGEST_LINE characters; at least one word."""
    length = -1
    for index, token in enumerate(tokens):
        length += len(token.written) + 1 if token.kind is TokenKind.WORD else 0
        if length > LONGEST_LINE and has_words(tokens[:index]):
            return index
    return len(tokens)


def _cut(tokens: Sequence[Token]) -> int:
    for marks in (_ENDS, (",",)):
        for cut in range(len(tokens), 0, -1):
            if tokens[cut - 1].break_after in marks and has_words(tokens[:cut]):
                return cut
    return len(tokens)
