"""Does an utterance say its line, and only that? Listened to as it came out, whatever its engine believes.

The aligner of this product is independent of every engine: it has an acoustic model of its own, may leave words out and
may find what the text does not have. Pauses and lengths are judged against what the script asks for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from av_models.alignment.aligner import Aligned, get_aligner
from av_models.alignment.events import EventKind
from av_models.alignment.forced import NoPath
from av_models.alignment.pronounced import line_pronunciations
from av_models.alignment.verdict import Doubt, DoubtKind
from av_models.domain.script import Line, Token, TokenKind
from av_models.domain.speech import BREATH, SILENCE, Flaw, FlawKind, Phone, Word

__all__ = ["find_flaws", "weighty"]

Samples = NDArray[np.float32]
Ways = Sequence[Sequence[str]]

_ALIGNER = "pocketsphinx"
# The shortest that counts of what is said besides the text: words once more, or something else.
_REPEATED_S, _INVENTED_S = 0.2, 0.3
_REPEATED_WORDS = 3
_FRAME_S = 0.01
# Seconds of silence that need no reason: within a phrase, at a comma, at the end of a sentence, after the last word.
_SILENCE_S, _COMMA_S, _SENTENCE_S, _TAIL_S = 0.4, 0.7, 1.0, 0.8
_LONGEST_PHONE_S, _LONGEST_LAST_S = 0.45, 0.65
_PHONE_S = (0.038, 0.18)
# The first and last 5 ms of what is not silent, against the loud frames: 80 rule-made utterances begin at -22 dB and
# end at -40 dB at most; of those that were cut within a word half lie at -2 dB.
_EDGE_S, _EDGE_DB = 0.005, -15.0
# The last 10 ms of the sound, silence or not, against the loud frames, and over the softest ones: of 273 recordings and
# utterances 1 % end above -25 dB, of those that were cut in the middle of the last word most.
_END_S, _END_DB, _END_OVER_NOISE_DB = 0.01, -25.0, 6.0
# A last phone that the sound has no room for.
_SLIVER_S, _UNHEARD = 0.03, 0.35
_LEAST_OVER_NOISE_DB = 15.0
_SQUEEZED_S = 0.05
"""A phone, in a word that is not there: the path gives it little more than its three states of 10 ms."""
_ENDS = (".", "?", "!")
# Words that are said so weakly that nobody hears them apart from their neighbours; two of them may sound odd.
_WEAK = frozenset({
    "a", "an", "and", "are", "as", "at", "be", "been", "but", "by", "can", "could", "did", "do", "does", "for",
    "from", "had", "has", "have", "he", "her", "him", "his", "i", "i'm", "in", "is", "it", "its", "me", "must", "my",
    "not", "of", "on", "or", "our", "she", "should", "that", "the", "their", "them", "there", "they", "this", "to",
    "us", "was", "we", "were", "will", "with", "would", "you", "your",
})  # fmt: skip
_MOST_WEAK = 2


def find_flaws(samples: Samples, rate_hz: int, line: Line, language: str) -> tuple[Flaw, ...]:
    """What is wrong with an utterance, in order of time; () for a good one. samples: mono (n,).

    Words are judged in English only: the sounds of other languages are known to the aligner by their nearest ones.
    """
    seconds = samples.size / rate_hz
    noise = list(_noise(samples, rate_hz))
    try:
        aligned = get_aligner(_ALIGNER).align(samples, rate_hz, line, language, ((), ()))
    except NoPath:
        return (_flaw(FlawKind.GARBLED, line.written, 0.0, seconds), *noise)
    found = [*_silences(aligned, line), *_lengths(aligned)]
    if language.lower().startswith("en"):
        found += _words(samples, rate_hz, aligned, line, language)
    found += noise or _edges(samples, rate_hz, aligned, line_pronunciations(line, language))
    return tuple(sorted(found, key=lambda flaw: flaw.start))


def weighty(doubts: Sequence[Doubt]) -> list[Doubt]:
    """Doubts that are worth a complaint: a weak word that sounds like another one is not."""
    wrong = [doubt for doubt in doubts if doubt.kind is DoubtKind.WRONG]
    harmless = len(wrong) <= _MOST_WEAK and all(doubt.word in _WEAK for doubt in wrong)
    return [doubt for doubt in doubts if not (harmless and doubt.kind is DoubtKind.WRONG)]


def _words(samples: Samples, rate_hz: int, aligned: Aligned, line: Line, language: str) -> Iterator[Flaw]:
    """Words that are not there, that are something else, and what is said besides.

    One word that sounds like another is an accent, unless it has no room to be said in.
    """
    times = aligned.words
    doubts = weighty(aligned.verdict.doubts if aligned.verdict else ())
    several = sum(doubt.kind is DoubtKind.WRONG for doubt in doubts) > 1
    for doubt in doubts:
        start_s, end_s = doubt.start_s, doubt.end_s
        if doubt.kind is DoubtKind.EXTRA and start_s is not None and end_s is not None:
            said_s = end_s - start_s - _breath_s(aligned, start_s, end_s)
            part = samples[round(start_s * rate_hz) : round(end_s * rate_hz)]
            again = _said_before(part, rate_hz, line, doubt, language) if said_s >= _REPEATED_S else ""
            if again or said_s >= _INVENTED_S:
                yield _flaw(FlawKind.REPEATED if again else FlawKind.INVENTED, again, start_s, end_s)
        elif doubt.kind is DoubtKind.MISSING:
            at_s = float(times[min(doubt.index, len(times) - 1)].start) if times else 0.0
            yield _flaw(FlawKind.SWALLOWED, doubt.word, at_s, at_s)
        elif start_s is not None and end_s is not None and (several or _squeezed(aligned, start_s, end_s)):
            yield _flaw(FlawKind.GARBLED, doubt.word, start_s, end_s)


def _breath_s(aligned: Aligned, start_s: float, end_s: float) -> float:
    """So much of a stretch is a breath, which nobody invents."""
    breaths = [(one.start_s, one.end_s) for one in aligned.events if one.kind is EventKind.BREATH]
    return sum(max(0.0, min(end, end_s) - max(start, start_s)) for start, end in breaths)


def _squeezed(aligned: Aligned, start_s: float, end_s: float) -> bool:
    n_phones = sum(start_s - 1e-3 <= float(phone.start) < end_s - 1e-3 for phone in aligned.phones)
    return end_s - start_s < _SQUEEZED_S * max(1, n_phones)


def _said_before(part: Samples, rate_hz: int, line: Line, doubt: Doubt, language: str) -> str:
    """The words next to a stretch that it says once more, '' when it says something else."""
    from av_models.alignment.spoken import says

    spoken = line.spoken
    for count in range(1, _REPEATED_WORDS + 1):
        for first in (doubt.index - count, doubt.index):
            words = spoken[max(0, first) : max(0, first) + count]
            if words and says(part, rate_hz, words, language).said:
                return " ".join(words)
    return ""


def _silences(aligned: Aligned, line: Line) -> Iterator[Flaw]:
    """Silences that nothing in the script asks for."""
    allowed = _allowed_s(line)
    words = aligned.words
    if not words:
        return
    for number, (before, after) in enumerate(pairwise(words), start=1):
        silent_s = sum(float(p.end - p.start) for p in _between(aligned.phones, before, after) if p.label == SILENCE)
        if silent_s > allowed[number]:
            yield _flaw(FlawKind.HOLE, f"{before.text} {after.text}", float(before.end), float(after.start))
    end_s, last_s = float(aligned.phones[-1].end), float(words[-1].end)
    if end_s - last_s > allowed[len(words)]:
        yield _flaw(FlawKind.TAIL, "", last_s, end_s)


def _allowed_s(line: Line) -> list[float]:
    """Longest silence before each spoken word and after the last, by the marks and the punctuation of the script."""
    allowed, asked, rest = [], 0.0, 0.0
    for token in line.tokens:
        if token.kind is TokenKind.PAUSE:
            asked += token.pause_ms / 1000
        elif token.kind is not TokenKind.WORD:
            asked += 1.0
        for number, _ in enumerate(token.spoken):
            allowed.append((_SILENCE_S if number else max(rest, _SILENCE_S)) + (0.0 if number else asked))
            asked = 0.0 if not number else asked
        if token.spoken:
            rest = _rest_s(token)
    return [*allowed, _TAIL_S + asked]


def _rest_s(token: Token) -> float:
    return _SENTENCE_S if token.break_after in _ENDS else _COMMA_S if token.break_after else _SILENCE_S


def _between(phones: Sequence[Phone], before: Word, after: Word) -> list[Phone]:
    return [phone for phone in phones if before.end <= phone.start and phone.end <= after.start]


def _lengths(aligned: Aligned) -> Iterator[Flaw]:
    """Phones that do not end, and speech that is far too fast or too slow as a whole."""
    sounds = [phone for phone in aligned.phones if phone.label not in (SILENCE, BREATH)]
    if not sounds:
        return
    for phone in sounds:
        longest_s = _LONGEST_LAST_S if phone is sounds[-1] else _LONGEST_PHONE_S
        if float(phone.end - phone.start) > longest_s:
            word = next((w.text for w in aligned.words if w.start <= phone.start < w.end), "")
            yield _flaw(FlawKind.DRAWN_OUT, word, float(phone.start), float(phone.end))
    mean_s = sum(float(phone.end - phone.start) for phone in sounds) / len(sounds)
    start_s, end_s = float(sounds[0].start), float(sounds[-1].end)
    if len(sounds) > 5 and mean_s < _PHONE_S[0]:
        yield _flaw(FlawKind.HURRIED, "", start_s, end_s)
    if len(sounds) > 5 and mean_s > _PHONE_S[1]:
        yield _flaw(FlawKind.DRAWN_OUT, "", start_s, end_s)


def _edges(samples: Samples, rate_hz: int, aligned: Aligned, ways: Sequence[Ways]) -> Iterator[Flaw]:
    """Speech that begins or ends at full level, or with the last phones beyond the end: something of it is missing.

    ways: pronunciations of each word.
    """
    loud_db = _speech_db(samples, rate_hz)
    heard = np.flatnonzero(np.abs(samples) > 10 ** ((loud_db - 50) / 20))
    if not heard.size or not aligned.words:
        return
    n = round(_EDGE_S * rate_hz)
    first, last = int(heard[0]), int(heard[-1]) + 1
    if _db(samples[first : first + n]) > loud_db + _EDGE_DB:
        yield _flaw(FlawKind.CUT_START, aligned.words[0].text, first / rate_hz, (first + n) / rate_hz)
    if _db(samples[max(0, last - n) : last]) > loud_db + _EDGE_DB or (
        _ends_sounding(samples, rate_hz, loud_db) or _unfinished(aligned, ways[-1])
    ):
        yield _flaw(FlawKind.CUT_END, aligned.words[-1].text, (last - n) / rate_hz, last / rate_hz)


def _ends_sounding(samples: Samples, rate_hz: int, loud_db: float) -> bool:
    """Whether the sound itself ends before the voice does."""
    noise_db = float(np.percentile(_levels_db(samples, rate_hz), 5))
    return _db(samples[-round(_END_S * rate_hz) :]) > max(loud_db + _END_DB, noise_db + _END_OVER_NOISE_DB)


def _unfinished(aligned: Aligned, ways: Ways) -> bool:
    """Whether the last word lacks phones that had no room left, or ends in a sliver of one that is not heard."""
    last = aligned.words[-1]
    phones = [phone for phone in aligned.phones if last.start <= phone.start < last.end]
    if len(phones) < min(map(len, ways)):
        return True
    final = phones[-1]
    doubtful = final.confidence is not None and final.confidence < _UNHEARD
    return doubtful and float(final.end - final.start) < _SLIVER_S and final.end == aligned.phones[-1].end


def _noise(samples: Samples, rate_hz: int) -> Iterator[Flaw]:
    levels = _levels_db(samples, rate_hz)
    if levels.size and np.percentile(levels, 95) - np.percentile(levels, 5) < _LEAST_OVER_NOISE_DB:
        yield _flaw(FlawKind.NOISY, "", 0.0, samples.size / rate_hz)


def _speech_db(samples: Samples, rate_hz: int) -> float:
    levels = _levels_db(samples, rate_hz)
    return float(np.percentile(levels, 90)) if levels.size else -120.0


def _levels_db(samples: Samples, rate_hz: int) -> NDArray[np.float64]:
    frame = round(_FRAME_S * rate_hz)
    n = samples.size // frame
    power = np.square(samples[: n * frame], dtype=np.float64).reshape(n, frame).mean(axis=1)
    return np.asarray(10 * np.log10(power + 1e-12))


def _db(samples: Samples) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-12)) if samples.size else -120.0


def _flaw(kind: FlawKind, words: str, start_s: float, end_s: float) -> Flaw:
    return Flaw(kind, words, *(Fraction(round(at_s * 1000), 1000) for at_s in (start_s, end_s)))
