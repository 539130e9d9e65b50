"""A line taken apart: written words with the directions over them, and what lies between the words.

Knows nothing about how a script spells its marks: `marks` and `ssml` write pieces, `tokens` makes speech of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from av_models.domain.script import PLAIN, Direction, TokenKind

__all__ = ["LONGEST_PAUSE_MS", "Piece", "PieceWriter"]

LONGEST_PAUSE_MS = 10_000


@dataclass(slots=True)
class Piece:
    """A written word, pause, breath or sigh before normalisation.

    line, column: from 1.  said: the word inside {word|phones}.  alias: words that are read instead of what
    is written.  filler: it is the name of one.
    """

    kind: TokenKind
    line: int
    column: int
    written: str = ""
    emphasis: int = 0
    phones: tuple[str, ...] = ()
    said: str = ""
    alias: tuple[str, ...] = ()
    pause_ms: int = 0
    direction: Direction = PLAIN
    filler: bool = False


@dataclass(slots=True)
class PieceWriter:
    """Grows `pieces`; `word` is the written word that the next character belongs to."""

    pieces: list[Piece] = field(default_factory=list)
    word: Piece | None = None
    emphasis: int = 0
    directions: list[Direction] = field(default_factory=list)

    def write(self, text: str, line: int, column: int) -> Piece:
        """Characters of a word; the first of them gives the word its place and its direction."""
        if self.word is None:
            self.word = Piece(TokenKind.WORD, line, column, direction=self._directed())
            self.pieces.append(self.word)
        self.word.written += text
        self.word.emphasis = max(self.word.emphasis, self.emphasis)
        return self.word

    def end_word(self) -> None:
        self.word = None

    def put(self, piece: Piece) -> None:
        """What the word before it ends at: a pause, or a word of its own to which punctuation may still be written."""
        is_word = piece.kind is TokenKind.WORD
        if is_word:
            piece.direction, piece.emphasis = self._directed(), self.emphasis
        self.pieces.append(piece)
        self.word = piece if is_word else None

    @property
    def n_words(self) -> int:
        return sum(piece.kind is TokenKind.WORD for piece in self.pieces)

    def _directed(self) -> Direction:
        together = PLAIN
        for direction in self.directions:
            together = direction.within(together)
        return together
