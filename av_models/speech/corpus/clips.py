"""One recording and its text become clips: laid over each other, cut at pauses, judged, levelled, with timed phones.

Knows nothing about files: sound is read piece by piece from whatever can give samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from av_models.alignment.aligner import Aligned, get_aligner
from av_models.alignment.forced import NoPath
from av_models.alignment.verdict import DoubtKind
from av_models.domain.corpus import CORPUS_RATE_HZ, LONGEST_CLIP_S
from av_models.domain.errors import InputError
from av_models.domain.speech import BREATH, SILENCE, Phone, Word
from av_models.speech.hearing import weighty

from .loudness import gain_for
from .sentences import Excerpt, excerpts, line_of
from .sound_check import SoundFacts, has_offset, measure_sound, sound_faults, without_offset

__all__ = ["Clip", "Sound", "clips_of"]

Samples = NDArray[np.float32]

_ALIGNER = "pocketsphinx"
_LEAD_S, _TAIL_S = Fraction(15, 100), Fraction(25, 100)
_SHORTEST_S = 0.5
_LAYING = 0.6
"""Of the time for a long recording: its whole text is laid over it first, then every clip is looked at closely."""

_MOST_EXTRA_S = 0.35


class Sound(Protocol):
    """Mono at CORPUS_RATE_HZ, as recorded."""

    @property
    def n_samples(self) -> int: ...

    def read(self, start: int, end: int) -> Samples:
        """(end - start, 1) float32."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A stretch of a recording. start_s: in it.  text: of the clip.  faults: why it is refused, () for a good clip.

    notes: what was put right or is worth knowing.  samples: levelled, at CORPUS_RATE_HZ; with words and phones only
    for good clips.  score: of the alignment, None where there is none.
    """

    start_s: float
    duration_s: float
    text: str
    facts: SoundFacts | None
    faults: tuple[str, ...]
    notes: tuple[str, ...] = ()
    samples: Samples | None = None
    words: tuple[Word, ...] = ()
    phones: tuple[Phone, ...] = ()
    score: float | None = None


def clips_of(
    sound: Sound, text: str, language: str, on_progress: Callable[[float], None] = lambda share: None
) -> Iterator[Clip]:
    """Clips in order; a recording from which nothing can be had gives one clip that says why.

    on_progress: called with the share (0..1) of the recording that is done.
    """
    seconds = sound.n_samples / CORPUS_RATE_HZ
    if not text.strip():
        yield Clip(0.0, seconds, text, None, ("without a transcript",))
        return
    try:
        line = line_of(text, language)
    except InputError as error:
        yield Clip(0.0, seconds, text, None, (f"with a transcript that cannot be read ({error.message})",))
        return
    if seconds <= LONGEST_CLIP_S:
        yield _clip(sound, Excerpt(0.0, seconds, line), language)
        return
    parts = list(excerpts(sound, line, language, lambda at_s: on_progress(_LAYING * at_s / seconds)))
    for part in parts:
        on_progress(_LAYING + (1 - _LAYING) * min(1.0, part.end_s / seconds))
        if isinstance(part, Excerpt):
            yield _clip(sound, part, language)
        else:
            yield Clip(part.start_s, part.end_s - part.start_s, "", None, (part.reason,))
    if not parts:
        yield Clip(0.0, seconds, text, None, ("not what its transcript says",))


def _clip(sound: Sound, part: Excerpt, language: str) -> Clip:
    first, end = (round(at_s * CORPUS_RATE_HZ) for at_s in (part.start_s, part.end_s))
    raw = np.ascontiguousarray(sound.read(first, min(end, sound.n_samples))[:, 0])
    facts = measure_sound(raw, CORPUS_RATE_HZ)
    clip = Clip(part.start_s, raw.size / CORPUS_RATE_HZ, part.line.written, facts, ())
    if raw.size < _SHORTEST_S * CORPUS_RATE_HZ:
        return replace(clip, faults=(f"too short ({clip.duration_s:.2f} s)",))
    faults = sound_faults(facts)
    samples = without_offset(raw, CORPUS_RATE_HZ)
    notes = ("a constant offset was taken out",) if has_offset(facts) else ()
    if "too quiet" in " ".join(faults):
        return replace(clip, faults=faults, notes=notes)
    try:
        aligned = get_aligner(_ALIGNER).align(samples, CORPUS_RATE_HZ, part.line, language, ((), ()))
    except NoPath as error:
        return replace(clip, faults=(*faults, f"not what its transcript says ({error.message})"), notes=notes)
    faults += _text_faults(aligned)
    if faults:
        return replace(clip, faults=faults, notes=notes, score=aligned.score)
    return _trimmed(replace(clip, notes=notes, samples=samples, score=aligned.score), aligned)


def _text_faults(aligned: Aligned) -> tuple[str, ...]:
    """What the verdict of the aligner means for training: every word must be there and nothing else."""
    verdict = aligned.verdict
    if verdict is None:
        return ()
    doubts = weighty(verdict.doubts)
    missing = [doubt.word for doubt in doubts if doubt.kind is DoubtKind.MISSING]
    extra = [
        doubt
        for doubt in doubts
        if doubt.kind is DoubtKind.EXTRA and (doubt.end_s or 0.0) - (doubt.start_s or 0.0) >= _MOST_EXTRA_S
    ]
    wrong = [doubt.word for doubt in doubts if doubt.kind is DoubtKind.WRONG]
    if missing:
        return (f"not what its transcript says ('{' '.join(missing[:5])}' is not heard)",)
    if extra:
        return (f"not what its transcript says (something else at {extra[0].start_s:.1f} s)",)
    if wrong:
        return (f"not what its transcript says ('{' '.join(wrong[:5])}' sounds like something else)",)
    return ()


def _trimmed(clip: Clip, aligned: Aligned) -> Clip:
    """Less silence at both ends, the loudness of the corpus, and phones on samples of what is left."""
    assert clip.samples is not None
    phones = _without_fillers(aligned)
    duration = Fraction(clip.samples.size, CORPUS_RATE_HZ)
    first = phones[0].end - _LEAD_S if phones[0].label == SILENCE else Fraction(0)
    end = phones[-1].start + _TAIL_S if phones[-1].label == SILENCE else duration
    start_at = max(0, round(first * CORPUS_RATE_HZ))
    end_at = min(clip.samples.size, round(end * CORPUS_RATE_HZ))
    cut = clip.samples[start_at:end_at]
    zero, length = Fraction(start_at, CORPUS_RATE_HZ), Fraction(end_at - start_at, CORPUS_RATE_HZ)

    def moved(at: Fraction) -> Fraction:
        sample = round((at - zero) * CORPUS_RATE_HZ)
        return min(max(Fraction(sample, CORPUS_RATE_HZ), Fraction(0)), length)

    return replace(
        clip,
        start_s=clip.start_s + float(zero),
        duration_s=float(length),
        samples=np.asarray(cut * np.float32(gain_for(cut, CORPUS_RATE_HZ)), np.float32),
        words=tuple(Word(word.text, moved(word.start), moved(word.end)) for word in aligned.words),
        phones=tuple(replace(phone, start=moved(phone.start), end=moved(phone.end)) for phone in phones),
    )


def _without_fillers(aligned: Aligned) -> list[Phone]:
    """Sounds between words that the aligner names like a vowel are silence here: no text teaches when they come."""
    spans = [(word.start, word.end) for word in aligned.words]
    phones: list[Phone] = []
    for phone in aligned.phones:
        quiet = phone.label in (SILENCE, BREATH) or any(start <= phone.start < end for start, end in spans)
        label = phone.label if quiet else SILENCE
        if phones and label == SILENCE == phones[-1].label:
            phones[-1] = replace(phones[-1], end=phone.end)
        else:
            phones.append(replace(phone, label=label))
    return phones
