"""The marks of a plain script, which direct the voice, read as pieces.

[pause 400ms]  [pause 0.4s]                    silence of exactly that length
[breath]  [sigh]                               drawn in, let out
[um]  [uh]  [hm]  [mm-hm]  [uh-huh]            a sound of hesitation or assent
*word*  *several words*  **word**              emphasis, strong emphasis
[rate 0.9] ... [/rate]                         times as fast; without [/rate] to the end of the line
[pitch +2st] [range 0.5] [volume -3dB]         in the same way: higher, flatter, quieter
{word|AH0 B AW1 T}                             said with these ARPAbet phones
\\[ \\] \\{ \\} \\* \\\\ \\#                          the character itself
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction

from av_models.domain.errors import ScriptError
from av_models.domain.script import Direction, TokenKind

from .arpabet import check_phones
from .fillers import LAUGHS, filler_names
from .pieces import LONGEST_PAUSE_MS, Piece, PieceWriter
from .wishes import DIRECTIONS, Unheard, direction_of

__all__ = ["take_apart"]

_ESCAPED = "[]{}*\\#"
_SOUNDS = {"breath": TokenKind.BREATH, "sigh": TokenKind.SIGH}


@dataclass(frozen=True, slots=True)
class _Opened:
    """A span that is not closed yet. n_words: how many words were before it."""

    name: str
    at: int
    direction: Direction
    n_words: int


class _Reader:
    """Walks over one line once."""

    def __init__(self, text: str, line: int, first_column: int, language: str) -> None:
        self.text, self.line, self.first_column, self.language = text, line, first_column, language
        self.at = 0
        self.writer = PieceWriter()
        self.opened: list[_Opened] = []
        self.emphasised: _Opened | None = None
        self.notes: list[str] = []

    def error(self, problem: str, expected: str, at: int | None = None) -> ScriptError:
        return ScriptError(problem, self.line, self._column(at), expected)

    def _column(self, at: int | None = None) -> int:
        return self.first_column + (self.at if at is None else at)

    def read(self) -> list[Piece]:
        while self.at < len(self.text):
            character = self.text[self.at]
            if character == "\\" and self.text[self.at + 1 : self.at + 2] in tuple(_ESCAPED):
                self._write(self.text[self.at + 1], 2)
            elif character.isspace():
                self.writer.end_word()
                self.at += 1
            elif character in _READERS:
                _READERS[character](self)
            else:
                self._write(character, 1)
        if self.emphasised is not None:
            stars = self.emphasised.name
            raise self.error("emphasis is opened and not closed", f"a second {stars} on this line", self.emphasised.at)
        for opened in self.opened:
            self._directs_words(opened)
        return self.writer.pieces

    def _write(self, text: str, consumed: int) -> None:
        self.writer.write(text, self.line, self._column())
        self.at += consumed

    def _until(self, closing: str) -> str:
        end = self.text.find(closing, self.at)
        if end < 0:
            raise self.error(f"'{self.text[self.at]}' is not closed", f"a '{closing}' on this line")
        return self.text[self.at + 1 : end]

    def star(self) -> None:
        stars = "**" if self.text.startswith("**", self.at) else "*"
        after = self.text[self.at + len(stars) :][:1]
        alone = stars == "*" and self.writer.word is None and (not after or after.isspace())
        product = self.text[max(0, self.at - 1) : self.at].isdecimal() and after.isdecimal()
        if (alone or product) and self.emphasised is None:
            self._write(stars, len(stars))
            return
        if self.emphasised is None:
            self.emphasised = _Opened(stars, self.at, Direction(), self.writer.n_words)
            self.writer.emphasis = len(stars)
        else:
            self._close_emphasis(stars)
        self.at += len(stars)

    def _close_emphasis(self, stars: str) -> None:
        assert self.emphasised is not None
        if stars != self.emphasised.name:
            problem = f"emphasis opened by {self.emphasised.name} is closed by {stars}"
            raise self.error(problem, "the same on both sides")
        # A word that goes on behind its closing star ("fan*tas*tic") had begun before the opening one.
        if self.writer.n_words == self.emphasised.n_words and not (self.writer.word and self.writer.word.emphasis):
            raise self.error("emphasis of no words", f"{stars}word{stars}", self.emphasised.at)
        self.emphasised, self.writer.emphasis = None, 0

    def bracket(self) -> None:
        content = self._until("]")
        name, _, value = " ".join(content.split()).lower().partition(" ")
        if name.startswith("/"):
            self._close(name[1:].strip() or value)
        elif name in DIRECTIONS:
            self._open(name, value)
        elif name in LAUGHS and not value and name not in filler_names(self.language):
            self.notes.append(
                f"Line {self.line}: [{content.strip()}] is left out: laughs are known in English and German."
            )
        else:
            self.writer.put(self._between(content, name, value))
        self.at += len(content) + 2
        if not self._punctuation_follows():
            self.writer.end_word()

    def _punctuation_follows(self) -> bool:
        """A comma behind a filler belongs to it."""
        return self.text[self.at : self.at + 1] in tuple(".,;:!?…—–")

    def _between(self, content: str, name: str, value: str) -> Piece:
        """A pause, breath, sigh or filler."""
        column = self._column()
        if name == "pause":
            return Piece(TokenKind.PAUSE, self.line, column, pause_ms=self._pause_ms(value))
        if not value and name in _SOUNDS:
            return Piece(_SOUNDS[name], self.line, column)
        if not value and name in filler_names(self.language):
            return Piece(TokenKind.WORD, self.line, column, written=name, filler=True)
        raise self.error(f"unknown mark '[{content}]'", self._known(name))

    def _known(self, name: str) -> str:
        """What could have been meant."""
        fillers = filler_names(self.language)
        near = get_close_matches(name, ["pause", *_SOUNDS, *DIRECTIONS, *fillers], n=1)
        if near and near[0] != name:
            return f"[{near[0]}{' …' if near[0] in ('pause', *DIRECTIONS) else ''}]"
        marks = "[pause 400ms], [breath], [sigh], [rate 0.9], [pitch +2st], [range 0.5] or [volume -3dB]"
        return f"{marks}{', or [' + fillers[0] + ']' if fillers else ''}; \\[ for the character itself"

    def _pause_ms(self, value: str) -> int:
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s)", value)
        if not match:
            raise self.error("a pause without a length", "[pause 400ms] or [pause 0.4s]")
        length_ms = round(Fraction(match[1]) * (1000 if match[2] == "s" else 1))
        if not 0 < length_ms <= LONGEST_PAUSE_MS:
            longest = f"more than 0 and at most {LONGEST_PAUSE_MS // 1000} s"
            raise self.error(f"a pause of {match[1]} {match[2]}", longest)
        return length_ms

    def _open(self, name: str, value: str) -> None:
        try:
            direction = direction_of(name, value)
        except Unheard as error:
            raise self.error(str(error), error.expected) from error
        self.opened.append(_Opened(name, self.at, direction, self.writer.n_words))
        self.writer.directions.append(direction)

    def _close(self, name: str) -> None:
        if not self.opened or self.opened[-1].name != name:
            innermost = f"[/{self.opened[-1].name}] first, the innermost" if self.opened else "[rate 0.9] before it"
            raise self.error(f"[/{name}] closes nothing", innermost)
        self._directs_words(self.opened.pop())
        self.writer.directions.pop()

    def _directs_words(self, opened: _Opened) -> None:
        if self.writer.n_words == opened.n_words:
            raise self.error(f"[{opened.name}] directs no words", "words behind it, on its own line", opened.at)

    def brace(self) -> None:
        content = self._until("}")
        word, bar, said = content.partition("|")
        phones = tuple(said.upper().split())
        if not bar or not word.strip() or len(word.split()) != 1:
            raise self.error(f"'{{{content}}}' is no pronunciation", "one word, a bar and phones: {word|W ER1 D}")
        if problem := check_phones(phones):
            at = self.at + 1 + len(word) + 1
            raise self.error(f"{{{content}}} has {problem}", "ARPAbet such as AH0 B AW1 T, vowels with 0, 1 or 2", at)
        if self.writer.word is not None and self.writer.word.phones:
            raise self.error("two pronunciations in one word", "a space between them")
        piece = self.writer.write(word.strip(), self.line, self._column())
        piece.phones, piece.said = phones, word.strip()
        self.at += len(content) + 2

    def stray(self) -> None:
        character = self.text[self.at]
        raise self.error(f"'{character}' closes nothing", f"\\{character} for the character itself")


_READERS: dict[str, Callable[[_Reader], None]] = {
    "*": _Reader.star, "[": _Reader.bracket, "{": _Reader.brace, "]": _Reader.stray, "}": _Reader.stray,
}  # fmt: skip


def take_apart(text: str, line: int, first_column: int = 1, language: str = "en-us") -> tuple[list[Piece], list[str]]:
    """The pieces of one line, and notes for the user. Raises ScriptError at the line and column of a wrong mark."""
    reader = _Reader(text, line, first_column, language)
    return reader.read(), reader.notes
