"""Captions: what is said, as it is written, cut where a reader would breathe."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from fractions import Fraction
from itertools import pairwise

from av_models.domain.edit import Placement, Timeline
from av_models.domain.production import CaptionNames
from av_models.domain.script import Token, TokenKind
from av_models.domain.time import frame_time

__all__ = ["Cue", "fast_cues", "lay_out_captions", "srt", "vtt"]

# The usual figures of broadcasters' style guides (BBC, Netflix): two lines of 42, 17 characters a second.
_LINE_CHARS, _LINES, _CHARS_PER_S = 42, 2, 17
_LEAST_S, _GAP_FRAMES = 1, 2
_LONG_PAUSE_S = Fraction(3, 5)

_CLAUSE_END, _SENTENCE_END = (",", ";", ":", "–", "—"), (".", "!", "?", "…")
_LEAN_ON_NEXT = (
    "a an the and or but nor so of to in on at by for from with as if than that which who is are was were be been his "
    "her its my our your their this these those not no mr mrs ms dr st"
)


@dataclass(frozen=True, slots=True)
class Cue:
    """One caption. start, end: seconds in the programme, on frame boundaries. lines: one or two."""

    start: Fraction
    end: Fraction
    lines: tuple[str, ...]

    @property
    def chars_per_s(self) -> Fraction:
        """How fast it must be read."""
        return sum(map(len, self.lines)) / (self.end - self.start)


@dataclass(frozen=True, slots=True)
class _Spoken:
    """A written word and when it is heard in the programme."""

    text: str
    start: Fraction
    end: Fraction


def lay_out_captions(timeline: Timeline, names: CaptionNames = CaptionNames.NONE) -> tuple[Cue, ...]:
    """Captions of the whole programme, without overlap, two frames apart where there is room.

    At most two lines of 42 characters; cut at punctuation and pauses first; shown for at least 1 s and long enough for
    17 characters a second wherever the next caption leaves room (nothing that is said is left out: see `fast_cues`).
    names: how a change of speaker is told.
    """
    rate = timeline.rate
    groups = [group for words in _by_placement(timeline, names) for group in _groups(words)]
    starts = _apart([_floor_frame(group[0].start, rate) for group in groups], frame_time(1, rate))
    cues = []
    for group, start, following in zip(groups, starts, [*starts[1:], None], strict=False):
        lines = _lines([word.text for word in group])
        reading_s = Fraction(sum(map(len, lines)), _CHARS_PER_S)
        wanted = -_floor_frame(-max(group[-1].end, start + max(reading_s, Fraction(_LEAST_S))), rate)
        limit = timeline.duration if following is None else following - frame_time(_GAP_FRAMES, rate)
        cues.append(Cue(start, max(start + frame_time(1, rate), min(wanted, limit)), lines))
    return tuple(cues)


def fast_cues(cues: Sequence[Cue]) -> tuple[Cue, ...]:
    """Those that cannot be read at 17 characters a second, because the speech itself is faster."""
    return tuple(cue for cue in cues if cue.chars_per_s > _CHARS_PER_S)


def srt(cues: Sequence[Cue]) -> str:
    """SubRip text. Angle brackets, which players take for tags, become typographic ones."""
    plain = [Cue(cue.start, cue.end, tuple(line.translate(_NO_TAGS) for line in cue.lines)) for cue in cues]
    return _written(plain, "srt")


def vtt(cues: Sequence[Cue]) -> str:
    """WebVTT text."""
    escaped = [Cue(cue.start, cue.end, tuple(html.escape(line, quote=False) for line in cue.lines)) for cue in cues]
    return _written(escaped, "vtt")


_NO_TAGS = str.maketrans("<>", "‹›")
_NO_OVERRIDES = str.maketrans("{}", "()")


def _written(cues: Sequence[Cue], form: str) -> str:
    import pysubs2

    # The library takes braces for commands of its own format.
    texts = ("\\N".join(line.translate(_NO_OVERRIDES).replace("\\", "/") for line in cue.lines) for cue in cues)
    file = pysubs2.SSAFile()
    file.events = [
        pysubs2.SSAEvent(start=round(cue.start * 1000), end=round(cue.end * 1000), text=text)
        for cue, text in zip(cues, texts, strict=True)
    ]
    return file.to_string(form)


def _by_placement(timeline: Timeline, names: CaptionNames) -> Iterator[list[_Spoken]]:
    """The written words of each placement; the first of a new speaker carries his name or a dash."""
    speaker: str | None = None
    for placement in timeline.placements:
        words = _heard(placement, timeline.rate)
        role = placement.alignment.speech.utterance.line.role
        if words and role != speaker:
            words[0] = replace(words[0], text=_announced(words[0].text, role, names, first=speaker is None))
            speaker = role
        yield words


def _announced(text: str, role: str, names: CaptionNames, first: bool) -> str:
    if names is CaptionNames.NAMES and role:
        return f"{role.upper()}: {text}"
    return f"– {text}" if names is CaptionNames.DASH and not first else text


def _apart(starts: Sequence[Fraction], frame_s: Fraction) -> list[Fraction]:
    """Words of no length would put two captions on one frame: the later one comes a frame later."""
    moved: list[Fraction] = []
    for start in starts:
        moved.append(max(start, moved[-1] + frame_s) if moved else start)
    return moved


def _heard(placement: Placement, rate: Fraction) -> list[_Spoken]:
    """Written words with programme times: each lasts from its first spoken word to its last."""
    tokens = [t for t in placement.alignment.speech.utterance.line.tokens if t.kind is TokenKind.WORD and t.spoken]
    spans = _word_spans(placement, tokens)
    offset = frame_time(placement.first_frame, rate) + placement.speech_start
    heard, at = [], 0
    for token in tokens:
        first, last = spans[at], spans[at + len(token.spoken) - 1]
        heard.append(_Spoken(token.written, offset + first[0], offset + last[1]))
        at += len(token.spoken)
    return heard


def _word_spans(placement: Placement, tokens: Sequence[Token]) -> list[tuple[Fraction, Fraction]]:
    """(start, end) of every spoken word in the utterance; words that the aligner left out share the time between."""
    wanted = [word for token in tokens for word in token.spoken]
    given = placement.alignment.words
    if [word.text for word in given] == wanted:
        return [(word.start, word.end) for word in given]
    spans: list[tuple[Fraction, Fraction] | None] = [None] * len(wanted)
    for block in SequenceMatcher(a=wanted, b=[word.text for word in given], autojunk=False).get_matching_blocks():
        for step in range(block.size):
            word = given[block.b + step]
            spans[block.a + step] = (word.start, word.end)
    return _filled(spans, placement.alignment.speech.duration)


def _filled(spans: Sequence[tuple[Fraction, Fraction] | None], duration: Fraction) -> list[tuple[Fraction, Fraction]]:
    known = [-1, *(index for index, span in enumerate(spans) if span), len(spans)]
    filled = list(spans)
    for before, after in pairwise(known):
        start = spans[before][1] if before >= 0 and spans[before] else Fraction(0)  # type: ignore[index]
        end = spans[after][0] if after < len(spans) and spans[after] else duration  # type: ignore[index]
        step = (end - start) / max(1, after - before - 1)
        for index in range(before + 1, after):
            filled[index] = (start + (index - before - 1) * step, start + (index - before) * step)
    return [span for span in filled if span]


def _groups(words: Sequence[_Spoken]) -> list[Sequence[_Spoken]]:
    """Cut the words of one utterance into captions at the least total cost (dynamic programming over cut points)."""
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(words) + 1):
        choices = []
        for start in range(end - 1, -1, -1):
            cost = _caption_cost(words, start, end)
            if cost is None and start < end - 1:
                break
            choices.append((best[start][0] + (cost if cost is not None else 50.0), start))
        best.append(min(choices))
    groups: list[Sequence[_Spoken]] = []
    end = len(words)
    while end:
        start = best[end][1]
        groups.append(words[start:end])
        end = start
    return groups[::-1]


def _caption_cost(words: Sequence[_Spoken], start: int, end: int) -> float | None:
    """What is bad about showing words[start:end] together; None if they do not fit two lines."""
    texts = [word.text for word in words[start:end]]
    lines = _lines(texts)
    if len(lines) > _LINES or any(len(line) > _LINE_CHARS for line in lines):
        return None
    pauses = sum(_pause_after(words, index) for index in range(start, end - 1))
    sentences = sum(_bare(text).endswith(_SENTENCE_END) for text in texts[:-1])
    free_until = words[end].start if end < len(words) else words[end - 1].end + 1
    too_short = max(0.0, 1.2 - float(free_until - words[start].start))
    cut = 0.0 if end == len(words) or _pause_after(words, end - 1) else _cut_cost(texts[-1])
    return 3.0 + 8.0 * pauses + 1.0 * sentences + 4.0 * too_short + cut


def _pause_after(words: Sequence[_Spoken], index: int) -> bool:
    return words[index + 1].start - words[index].end > _LONG_PAUSE_S


def _bare(text: str) -> str:
    return text.rstrip("\"'”’)")


def _cut_cost(text: str) -> float:
    """How much a reader stumbles when a line or a caption ends after this word."""
    bare = _bare(text)
    if bare.endswith(_SENTENCE_END):
        return 0.0
    if bare.endswith(_CLAUSE_END):
        return 1.0
    return 6.0 if bare.lower() in _LEAN_ON_NEXT.split() else 4.0


def _lines(texts: Sequence[str]) -> tuple[str, ...]:
    """One line if it fits, else two that are balanced and end well, the upper one rather shorter than longer."""
    whole = " ".join(texts)
    if len(whole) <= _LINE_CHARS or len(texts) < 2:
        return (whole,)

    def cost(cut: int) -> float:
        upper, lower = len(" ".join(texts[:cut])), len(" ".join(texts[cut:]))
        overflow = max(0, upper - _LINE_CHARS) + max(0, lower - _LINE_CHARS)
        return 100 * overflow + abs(upper - lower) / 4 + 2 * _cut_cost(texts[cut - 1]) + (1 if upper > lower else 0)

    cut = min(range(1, len(texts)), key=cost)
    return " ".join(texts[:cut]), " ".join(texts[cut:])


def _floor_frame(time: Fraction, rate: Fraction) -> Fraction:
    return (time * rate // 1) / rate
