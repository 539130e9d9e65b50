"""A script as read: lines of tokens. What is written is kept beside what is spoken."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TokenKind(StrEnum):
    WORD = "word"
    PAUSE = "pause"
    BREATH = "breath"


@dataclass(frozen=True, slots=True)
class Token:
    """One written word, pause or breath.

    written: as it stands in the script, with its punctuation ("$5,").  spoken: lower-case words without punctuation
    ("five", "dollars"); empty for pauses.  break_after: the punctuation that follows and shapes the prosody, one of
    '' ',' '.' '?' '!'.  phones: ARPAbet given by the author, empty when not given.  pause_ms: for pauses.
    """

    kind: TokenKind
    written: str = ""
    spoken: tuple[str, ...] = ()
    break_after: str = ""
    emphasis: bool = False
    phones: tuple[str, ...] = ()
    pause_ms: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """What one voice says in one go. role: '' when the script names none. paragraph: from 0."""

    role: str
    tokens: tuple[Token, ...]
    paragraph: int = 0

    @property
    def written(self) -> str:
        """The words as captions show them."""
        return " ".join(token.written for token in self.tokens if token.kind is TokenKind.WORD)

    @property
    def spoken(self) -> tuple[str, ...]:
        return tuple(word for token in self.tokens for word in token.spoken)


@dataclass(frozen=True, slots=True)
class Script:
    """title: '' when none is given. language: BCP-47 tag. notes: sentences for the user about how it was read."""

    title: str
    language: str
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()

    @property
    def roles(self) -> tuple[str, ...]:
        """Every role that speaks, in the order of its first line; without the nameless one."""
        return tuple(dict.fromkeys(line.role for line in self.lines if line.role))
