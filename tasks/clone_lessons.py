"""What is said in a sample, and when: clips with timed phones, from which a voice can learn.

With a transcript as any corpus is prepared; without one the words are heard by the recogniser first, and only clips in
which the aligner finds those very words are used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from av_models.domain.cloning import CloneLessons, CloneSample
from av_models.domain.corpus import CORPUS_RATE_HZ
from av_models.domain.errors import InputError
from av_models.domain.media import MediaRef
from tasks.artifacts import show_table
from tasks.caching import stage
from tasks.clone_sample import sample_sounds
from tasks.progress import Progress
from tasks.workspace import store

if TYPE_CHECKING:
    from av_models.speech.corpus.clips import Clip
    from av_models.speech.neural.clips import VoiceClip

__all__ = ["clips_in", "cut_lessons", "cuts_of", "parted_clips"]

Samples = NDArray[np.float32]

_MOST_HEARD_S = 180.0
"""Recognition takes about as long as the sound; three minutes of it are enough to learn from."""
_FEWEST_WORDS = 2
_LEAST_FIT = -1.6
"""Of a clip whose words were heard and not given, by the aligner's score: what was misheard fits badly."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A clip with its place in the whole sample, in seconds."""

    start_s: float
    end_s: float
    clip: Clip


@stage("1")
def cut_lessons(sample: CloneSample) -> CloneLessons:
    """Clips of the sample, those of its held-out part apart. None where nothing is certain enough."""
    rows = [row for row in store().json(sample.report) if row["usable"]]
    sounds, learnt_s = sample_sounds(sample)
    transcribed = all(row["text"] for row in rows)
    with Progress("cut_lessons", 0, "clip") as progress:
        cuts = list(cuts_of(sounds, [row["text"] for row in rows], sample.language, progress))
    learnt, held = parted_clips(cuts, sample.language, learnt_s)
    facts = [_row(cut) for cut in cuts]
    show_table("lessons", facts[:200], "What is said in the sample, and what nothing is learnt from")
    seconds = sum(clip.samples.size for clip in learnt) / CORPUS_RATE_HZ
    return CloneLessons(
        _kept(learnt), _kept(held), store().put_json(facts), Fraction(round(1000 * seconds), 1000), transcribed
    )


def clips_in(ref: MediaRef | None) -> list[VoiceClip]:
    """The clips behind a part of `CloneLessons`."""
    from av_models.speech.neural.clips import clips_from_arrays

    return clips_from_arrays(store().arrays(ref)) if ref else []


def cuts_of(sounds: Sequence[Samples], texts: Sequence[str], language: str, progress: Progress) -> Iterator[Cut]:
    """Clips of recordings that follow each other. texts: what each says, '' where it has to be heard first."""
    total = sum(map(len, sounds))
    before = heard = 0
    for sound, text in zip(sounds, texts, strict=True):
        if text or heard < _MOST_HEARD_S * CORPUS_RATE_HZ:
            for first, clip in _clips_of(sound, text, language):
                start_s = (before + first) / CORPUS_RATE_HZ + clip.start_s
                yield Cut(start_s, start_s + clip.duration_s, clip)
                progress.update(min(1.0, start_s * CORPUS_RATE_HZ / total))
        heard += 0 if text else len(sound)
        before += len(sound)


def _clips_of(sound: Samples, text: str, language: str) -> Iterator[tuple[int, Clip]]:
    """Clips with the sample from which their own times count."""
    from av_models.io.sound_track import ArraySound
    from av_models.speech.corpus.clips import clips_of
    from av_models.speech.recognise import recognise
    from av_models.speech.sample import stretches

    if text:
        yield from ((0, clip) for clip in clips_of(ArraySound(sound), text, language))
        return
    for first, end in stretches(sound[: round(_MOST_HEARD_S * CORPUS_RATE_HZ)], CORPUS_RATE_HZ):
        words = recognise(sound[first:end], CORPUS_RATE_HZ)
        if len(words) >= _FEWEST_WORDS:
            for clip in clips_of(ArraySound(sound[first:end]), " ".join(words), language):
                yield first, _doubted(clip)


def _doubted(clip: Clip) -> Clip:
    if not clip.faults and clip.score is not None and clip.score < _LEAST_FIT:
        return replace(clip, faults=("not certainly what was heard",))
    return clip


def parted_clips(cuts: Sequence[Cut], language: str, learnt_s: float) -> tuple[list[VoiceClip], list[VoiceClip]]:
    """What may be learnt from, which lies before `learnt_s`, and what is held out, after it. Faulty clips: neither."""
    return _parted(_voice_clips([cut for cut in cuts if not cut.clip.faults], language), learnt_s)


def _voice_clips(cuts: Sequence[Cut], language: str) -> list[tuple[float, VoiceClip]]:
    """Clips as the networks see them, with the second at which each begins."""
    from av_models.speech.corpus.sentences import line_of
    from av_models.speech.neural.clips import make_clip
    from av_models.speech.neural.pitch import narrowed_range, pitch_hz

    pitch_range_hz = narrowed_range([pitch_hz(cut.clip.samples) for cut in cuts if cut.clip.samples is not None])
    made = []
    for number, cut in enumerate(cuts):
        clip = cut.clip
        assert clip.samples is not None
        try:
            line = line_of(clip.text, language)
            one = make_clip(f"clip-{number:03d}", line, clip.words, clip.phones, clip.samples, pitch_range_hz)
        except InputError:  # more phones than hops
            continue
        made.append((cut.start_s, one))
    return made


def _parted(clips: Sequence[tuple[float, VoiceClip]], learnt_s: float) -> tuple[list[VoiceClip], list[VoiceClip]]:
    """What lies before the held-out part, and what lies in it; a clip across its beginning gives to both."""
    from av_models.speech.neural.clips import part_of
    from av_models.speech.neural.mels import HOP

    learnt: list[VoiceClip] = []
    held: list[VoiceClip] = []
    for start_s, clip in clips:
        border = round((learnt_s - start_s) * CORPUS_RATE_HZ / HOP)
        before, after = part_of(clip, 0, border), part_of(clip, border, clip.n_frames)
        learnt += [before] if before.n_frames else []
        # Training knows clips by their names.
        held += [replace(after, name=f"{clip.name}-held-out")] if after.n_frames else []
    return learnt, held


def _kept(clips: Sequence[VoiceClip]) -> MediaRef | None:
    from av_models.speech.neural.clips import clips_to_arrays

    return store().put_arrays(**clips_to_arrays(clips)) if clips else None


def _row(cut: Cut) -> dict[str, Any]:
    clip = cut.clip
    return {
        "at_s": round(cut.start_s, 2),
        "seconds": round(clip.duration_s, 2),
        "text": clip.text,
        "why not": "; ".join(clip.faults),
        "score": None if clip.score is None else round(clip.score, 2),
    }
