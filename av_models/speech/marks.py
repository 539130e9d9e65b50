"""One line of a script taken apart: words with their columns, and the marks that direct the voice.

[pause 400ms]  [pause 0.4s]   silence of exactly that length
[breath]                      an audible breath
*word*  *several words*       emphasis
{word|AH0 B AW1 T}            said with these ARPAbet phones
\\[ \\] \\{ \\} \\* \\\\ \\#          the character itself
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from av_models.domain.errors import ScriptError
from av_models.domain.script import TokenKind

from .arpabet import check_phones

__all__ = ["LONGEST_PAUSE_MS", "Piece", "take_apart"]

LONGEST_PAUSE_MS = 10_000
_MARKS = "[pause 400ms], [pause 0.4s] or [breath]"
_ESCAPED = "[]{}*\\#"


@dataclass(slots=True)
class Piece:
    """A written word, pause or breath before normalisation. column: from 1. said: the word inside {word|phones}."""

    kind: TokenKind
    column: int
    written: str = ""
    emphasis: bool = False
    phones: tuple[str, ...] = ()
    said: str = ""
    pause_ms: int = 0


class _Reader:
    """Walks over one line once; `pieces` grows, `word` is the written word being read."""

    def __init__(self, text: str, line: int, first_column: int) -> None:
        self.text, self.line, self.first_column = text, line, first_column
        self.at = 0
        self.pieces: list[Piece] = []
        self.word: Piece | None = None
        self.emphasis_opened: int | None = None

    def error(self, problem: str, expected: str, at: int | None = None) -> ScriptError:
        place = self.at if at is None else at
        return ScriptError(problem, self.line, self.first_column + place, expected)

    def read(self) -> list[Piece]:
        while self.at < len(self.text):
            character = self.text[self.at]
            if character == "\\" and self.text[self.at + 1 : self.at + 2] in tuple(_ESCAPED):
                self._write(self.text[self.at + 1], 2)
            elif character.isspace():
                self.word = None
                self.at += 1
            elif character in _READERS:
                _READERS[character](self)
            else:
                self._write(character, 1)
        if self.emphasis_opened is not None:
            raise self.error("emphasis is opened and not closed", "a second * on this line", self.emphasis_opened)
        return self.pieces

    def _write(self, text: str, consumed: int) -> None:
        if self.word is None:
            self.word = Piece(TokenKind.WORD, self.first_column + self.at)
            self.pieces.append(self.word)
        self.word.written += text
        self.word.emphasis |= self.emphasis_opened is not None
        self.at += consumed

    def _until(self, closing: str) -> str:
        end = self.text.find(closing, self.at)
        if end < 0:
            raise self.error(f"'{self.text[self.at]}' is not closed", f"a '{closing}' on this line")
        return self.text[self.at + 1 : end]

    def star(self) -> None:
        following = self.text[self.at + 1 : self.at + 2]
        alone = self.word is None and (not following or following.isspace())
        product = self.text[max(0, self.at - 1) : self.at].isdecimal() and following.isdecimal()
        if (alone or product) and self.emphasis_opened is None:
            self._write("*", 1)
            return
        self.emphasis_opened = self.at if self.emphasis_opened is None else None
        self.at += 1

    def bracket(self) -> None:
        content = self._until("]")
        mark = content.strip().lower()
        column = self.first_column + self.at
        if mark == "breath":
            self.pieces.append(Piece(TokenKind.BREATH, column))
        else:
            self.pieces.append(Piece(TokenKind.PAUSE, column, pause_ms=self._pause_ms(content, mark)))
        self.word = None
        self.at += len(content) + 2

    def _pause_ms(self, content: str, mark: str) -> int:
        match = re.fullmatch(r"pause\s+(\d+(?:\.\d+)?)\s*(ms|s)", mark)
        if not match:
            problem = "a pause without a length" if mark.startswith("pause") else f"unknown mark '[{content}]'"
            raise self.error(problem, _MARKS)
        length_ms = round(Fraction(match[1]) * (1000 if match[2] == "s" else 1))
        if not 0 < length_ms <= LONGEST_PAUSE_MS:
            longest = f"more than 0 and at most {LONGEST_PAUSE_MS // 1000} s"
            raise self.error(f"a pause of {match[1]} {match[2]}", longest)
        return length_ms

    def brace(self) -> None:
        content = self._until("}")
        word, bar, said = content.partition("|")
        phones = tuple(said.upper().split())
        if not bar or not word.strip() or len(word.split()) != 1:
            raise self.error(f"'{{{content}}}' is no pronunciation", "one word, a bar and phones: {word|W ER1 D}")
        if problem := check_phones(phones):
            at = self.at + 1 + len(word) + 1
            raise self.error(f"{{{content}}} has {problem}", "ARPAbet such as AH0 B AW1 T, vowels with 0, 1 or 2", at)
        if self.word is not None and self.word.phones:
            raise self.error("two pronunciations in one word", "a space between them")
        self._write(word.strip(), 0)
        assert self.word is not None
        self.word.phones, self.word.said = phones, word.strip()
        self.at += len(content) + 2

    def stray(self) -> None:
        character = self.text[self.at]
        raise self.error(f"'{character}' closes nothing", f"\\{character} for the character itself")


_READERS = {
    "*": _Reader.star, "[": _Reader.bracket, "{": _Reader.brace, "]": _Reader.stray, "}": _Reader.stray,
}  # fmt: skip


def take_apart(text: str, line: int, first_column: int = 1) -> list[Piece]:
    """The pieces of one line. Raises ScriptError at the line and column of a wrong mark."""
    return _Reader(text, line, first_column).read()
