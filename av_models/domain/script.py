"""A script as read: lines of tokens. What is written is kept beside what is spoken."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TokenKind(StrEnum):
    """breath: drawn in. sigh: let out."""

    WORD = "word"
    PAUSE = "pause"
    BREATH = "breath"
    SIGH = "sigh"


@dataclass(frozen=True, slots=True)
class Direction:
    """How a word is to be said, beside how the voice would say it of its own accord.

    rate: how many times as fast.  pitch_st: semitones added.  pitch_range: the melody's span, 0 is monotone.  glide_st:
    semitones that are added little by little over the word's last 0.3 s.  volume_db: added to its level.
    level_range: how far its level lies from the line's, 1 as it is.
    """

    rate: float = 1.0
    pitch_st: float = 0.0
    pitch_range: float = 1.0
    glide_st: float = 0.0
    volume_db: float = 0.0
    level_range: float = 1.0

    def within(self, outer: Direction) -> Direction:
        """Both together, as a span inside a span."""
        return Direction(
            self.rate * outer.rate,
            self.pitch_st + outer.pitch_st,
            self.pitch_range * outer.pitch_range,
            self.glide_st + outer.glide_st,
            self.volume_db + outer.volume_db,
            self.level_range * outer.level_range,
        )


PLAIN = Direction()


@dataclass(frozen=True, slots=True)
class Token:
    """One written word, pause, breath or sigh.

    written: as it stands in the script, with its punctuation ("$5,").  spoken: lower-case words without punctuation
    ("five", "dollars"); empty for pauses.  break_after: the punctuation that follows and shapes the prosody, one of
    '' ',' '.' '?' '!'.  emphasis: 0 for none, 1, or 2 for a strong one.  phones: ARPAbet given by the author, empty
    when not given.  pause_ms: for pauses.  filler: a sound of hesitation or assent, such as 'um'.
    """

    kind: TokenKind
    written: str = ""
    spoken: tuple[str, ...] = ()
    break_after: str = ""
    emphasis: int = 0
    phones: tuple[str, ...] = ()
    pause_ms: int = 0
    direction: Direction = PLAIN
    filler: bool = False


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
