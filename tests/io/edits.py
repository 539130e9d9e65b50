"""Small timelines for the tests of captions and edit lists."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from av_models.domain.edit import Anchor, Lips, LipsChoice, Placement, Timeline
from av_models.domain.media import MediaRef
from av_models.domain.script import Line, Token, TokenKind
from av_models.domain.speech import Alignment, Phone, Speech, Utterance, Voice, Word
from av_models.domain.time import frames_covering

RATE_HZ = 22050
VOICE = Voice("test", "espeak", "en-us", (), (), "none", "consent")

LEAD = Fraction(1, 4)


def utterance(text: str, word_s: Fraction = Fraction(3, 10), pauses: dict[int, Fraction] | None = None) -> Alignment:
    """Every word lasts `word_s`; pauses: seconds of silence before the word of that number."""
    tokens, words, at = [], [], Fraction(0)
    for number, written in enumerate(text.split()):
        at += (pauses or {}).get(number, Fraction(0))
        spoken = written.strip(",.?!;:").lower()
        tokens.append(Token(TokenKind.WORD, written, (spoken,)))
        words.append(Word(spoken, at, at + word_s))
        at += word_s
    return aligned(tokens, words, at)


def aligned(tokens: Sequence[Token], words: Sequence[Word], duration: Fraction) -> Alignment:
    n_samples = round(duration * RATE_HZ)
    line = Line("", tuple(tokens))
    speech = Speech(Utterance(line, VOICE, 0), MediaRef("0" * 64, ".wav"), RATE_HZ, n_samples, (), ())
    phones = (Phone("sil", Fraction(0), speech.duration),)
    return Alignment(speech, "test", tuple(words), phones, None)


def timeline(
    alignments: Sequence[Alignment], rate: Fraction = Fraction(25), anchors: Sequence[Anchor] | None = None
) -> Timeline:
    """Shots of whole frames, each with `LEAD` seconds before the speech and at least as much after it."""
    placements, first = [], 0
    for alignment in alignments:
        n_frames = frames_covering(alignment.speech.duration + 2 * LEAD, rate)
        map_ = tuple(anchors or (Anchor(0, Fraction(0)), Anchor(n_frames, n_frames / rate)))
        placements.append(Placement(alignment, first, n_frames, LEAD, map_, "cut"))
        first += n_frames
    return Timeline(rate, tuple(placements), LipsChoice(Lips.DRIVE, "test"))
