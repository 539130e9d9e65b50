"""Reading a script: title, roles, comments, paragraphs, and every line as tokens ready to be spoken."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from av_models.domain.errors import InputError, ScriptError
from av_models.domain.script import Line, Script, Token, TokenKind

from .marks import Piece, take_apart
from .normalise import Unspeakable, sentence_ends, speak_words
from .script_language import notes_on

__all__ = ["LONGEST_LINE", "LONGEST_SCRIPT", "decode_script", "read_script"]

LONGEST_SCRIPT = 200_000
LONGEST_LINE = 400
_TITLE = re.compile(r"\s*(?:title|titel)\s*:\s*(.*?)\s*$", re.IGNORECASE)
_LANGUAGE = re.compile(r"\s*(?:language|sprache)\s*:\s*([a-z]{2,3}(?:-[a-z0-9]{2,8})*)\s*$", re.IGNORECASE)
_ROLE = re.compile(r"\s*([^\W\d_][\w .'’-]{0,39}?)\s*:(?=\s|$)\s*")
_DIVIDER = re.compile(r"\s*(?:[-–—_=~*]\s*){2,}")
_ENDS = (".", "?", "!")
_CLOSING = "\"'”’“‘«»‹›.,;:!?…)—–-"


def decode_script(data: bytes, name: str) -> str:
    """Text of a script file. name: for messages. InputError when it is empty, binary, not UTF-8 or too long."""
    remedy = "Save it as plain text in UTF-8."
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{name} is encoded in UTF-16.", remedy)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        kind = "is a binary file, not a script" if b"\0" in data else f"is not UTF-8 at byte {error.start}"
        raise InputError(f"{name} {kind}.", remedy) from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if any(unicodedata.category(c) == "Cc" and c not in "\n\t\f\v" for c in text):
        raise InputError(f"{name} is a binary file, not a script.", remedy)
    if not text.strip():
        raise InputError(f"{name} is empty.", "Write at least one line to be spoken.")
    if len(text) > LONGEST_SCRIPT:
        problem = f"{name} has {len(text)} characters; {LONGEST_SCRIPT} are allowed."
        raise InputError(problem, "Split it into several scripts.")
    return text


def read_script(text: str, language: str = "en-us", *, for_voice: bool = False) -> Script:
    """Lines in order, none of them without words, none over LONGEST_LINE characters. Raises ScriptError, InputError.

    A role ('BOB:') counts to the end of its paragraph or to the next role. Pauses and breaths on a line of their own
    belong to the line that follows. for_voice: a voice of `language` shall speak it, so a script that is clearly in
    another one is refused, unless 'Language: en' above its lines says that it is meant.
    """
    title, role, declared, paragraph = "", "", "", 0
    lines: list[Line] = []
    waiting: list[Token] = []
    gap = False
    for number, raw in enumerate(text.split("\n"), start=1):
        if raw.lstrip().startswith("#"):
            continue
        if not raw.strip() or _DIVIDER.fullmatch(raw):
            gap, role = True, ""
            continue
        if match := _TITLE.match(raw):
            title = _only_title(title, match[1], number, lines)
            continue
        if not lines and not declared and (match := _LANGUAGE.match(raw)):
            declared = match[1].lower()
            continue
        if gap and lines:
            paragraph += 1
        gap = False
        named, start = _role(raw)
        role = named or role
        tokens = waiting + _tokens(take_apart(raw[start:], number, start + 1), number, language)
        if not _has_words(tokens):
            waiting = tokens
        else:
            waiting = []
            lines += [Line(role, part, paragraph) for part in _split(tuple(tokens))]
    if not lines:
        raise InputError("The script has nothing to say.", "Write at least one line that is no comment, title or mark.")
    if waiting:
        lines[-1] = replace(lines[-1], tokens=(*lines[-1].tokens, *waiting))
    return Script(title, language, tuple(lines), notes_on(lines, language, declared, for_voice))


def _only_title(old: str, new: str, number: int, lines: Sequence[Line]) -> str:
    if old or lines or not new:
        problem = "an empty title" if not new else "a second title" if old else "a title after the first line"
        raise ScriptError(problem, number, 1, "one 'Title: ...' above everything that is spoken")
    return new


def _role(raw: str) -> tuple[str, int]:
    """A name in capitals before a colon, and where the speech begins."""
    match = _ROLE.match(raw)
    if match and match[1].isupper():
        return match[1], match.end()
    return "", 0


def _has_words(tokens: Sequence[Token]) -> bool:
    return any(token.spoken for token in tokens)


def _tokens(pieces: Sequence[Piece], line: int, language: str) -> list[Token]:
    words = [piece for piece in pieces if piece.kind is TokenKind.WORD]
    written = [piece.written for piece in words]
    try:
        spoken = speak_words(written, language)
    except Unspeakable as error:
        place = words[error.index]
        raise ScriptError(f"found {error}", line, place.column, "words, numbers and punctuation") from error
    said = {id(piece): words_ for piece, words_ in zip(words, spoken, strict=True)}
    ends = {id(piece): end for piece, end in zip(words, sentence_ends(written, language), strict=True)}
    following = {id(piece): after.written for piece, after in pairwise(words)}
    tokens: list[Token] = []
    for piece in pieces:
        if piece.kind is not TokenKind.WORD:
            tokens.append(Token(piece.kind, pause_ms=piece.pause_ms))
        elif said[id(piece)]:
            mark = _break_after(piece.written, following.get(id(piece), ""), ends[id(piece)])
            tokens.append(_word(piece, said[id(piece)], mark))
        else:
            _attach(tokens, piece)
    return tokens


def _word(piece: Piece, spoken: tuple[str, ...], break_after: str) -> Token:
    if piece.phones and len(spoken) != 1:
        spoken = (re.sub(r"[^\w']", "", piece.said).lower(),)
    return Token(
        TokenKind.WORD,
        written=piece.written,
        spoken=spoken,
        break_after=break_after,
        emphasis=piece.emphasis,
        phones=piece.phones,
    )


def _attach(tokens: list[Token], piece: Piece) -> None:
    """Punctuation that stands alone ('—') goes to the word before it and shapes its ending."""
    last = next((i for i in reversed(range(len(tokens))) if tokens[i].kind is TokenKind.WORD), None)
    if last is not None:
        mark = tokens[last].break_after or _break_after(piece.written, "", True) or ","
        tokens[last] = replace(tokens[last], written=f"{tokens[last].written} {piece.written}", break_after=mark)


def _break_after(written: str, after: str, ends_sentence: bool) -> str:
    """The punctuation that shapes the prosody. after: the next written word. ends_sentence: if a full stop follows."""
    tail = written[len(written.rstrip(_CLOSING)) :]
    if "?" in tail:
        return "?"
    if "!" in tail:
        return "!"
    if "…" in tail or ("." in tail and ends_sentence):
        return "."
    if any(mark in tail for mark in ",;:)—–") or after.startswith("("):
        return ","
    return ""


def _split(tokens: tuple[Token, ...]) -> list[tuple[Token, ...]]:
    """Pieces of at most LONGEST_LINE written characters, cut at the last sentence end, else comma, else word."""
    parts = []
    while (fit := _fitting(tokens)) < len(tokens):
        cut = _cut(tokens[:fit])
        parts.append(tokens[:cut])
        tokens = tokens[cut:]
    if parts and not _has_words(tokens):
        parts[-1] += tokens
    else:
        parts.append(tokens)
    return parts


def _fitting(tokens: Sequence[Token]) -> int:
    """How many of the tokens stay within LONGEST_LINE characters; at least one word."""
    length = -1
    for index, token in enumerate(tokens):
        length += len(token.written) + 1 if token.kind is TokenKind.WORD else 0
        if length > LONGEST_LINE and _has_words(tokens[:index]):
            return index
    return len(tokens)


def _cut(tokens: Sequence[Token]) -> int:
    for marks in (_ENDS, (",",)):
        for cut in range(len(tokens), 0, -1):
            if tokens[cut - 1].break_after in marks and _has_words(tokens[:cut]):
                return cut
    return len(tokens)
