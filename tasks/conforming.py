"""Speech made to fit: spoken again at another pace where the voice can, then played along a time map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from av_models.domain.speech import SILENCE, Alignment, Phone, Speech, Word
from tasks.workspace import store

if TYPE_CHECKING:
    from av_models.speech.time_map import TimeMap

__all__ = ["can_be_paced", "played", "respoken"]


def can_be_paced(alignment: Alignment) -> bool:
    """Whether the voice can say each word of the line faster or slower, and all of them were found."""
    from av_models.speech.engine import PacedEngine
    from av_models.speech.registry import get_engine

    utterance = alignment.speech.utterance
    whole = len(alignment.words) == len(utterance.line.spoken)
    return whole and isinstance(get_engine(utterance.voice.engine), PacedEngine)


def respoken(alignment: Alignment, wanted_s: Sequence[float | None]) -> Alignment:
    """The line as a voice says it whose words must last wanted_s seconds; unchanged if the voice cannot be paced."""
    from av_models.alignment.aligner import get_aligner
    from av_models.io.audio import wav_bytes
    from av_models.speech.engine import PacedEngine, Synthesis
    from av_models.speech.imposed import impose
    from av_models.speech.registry import get_engine

    utterance = alignment.speech.utterance
    voice, engine = utterance.voice, get_engine(utterance.voice.engine)
    if not can_be_paced(alignment) or not isinstance(engine, PacedEngine):
        return alignment
    paced, weights = engine, [store().read_bytes(ref) for ref in voice.weights]

    def say(paces: Sequence[float]) -> Synthesis:
        return paced.synthesize_paced(
            utterance.line, dict(voice.settings), weights, voice.language, utterance.seed, paces
        )

    take = impose(say, wanted_s)
    found = get_aligner(alignment.aligner).align(
        take.samples, take.rate_hz, utterance.line, voice.language, (take.words, take.phones)
    )
    if len(found.words) != len(alignment.words):
        return alignment
    audio = store().put_bytes(wav_bytes(take.samples, take.rate_hz), ".wav")
    speech = Speech(utterance, audio, take.rate_hz, len(take.samples), take.words, take.phones)
    return Alignment(speech, found.aligner, found.words, found.phones, found.score)


def played(alignment: Alignment, time_map: TimeMap) -> Alignment:
    """The speech along the map as a new sound, and its words and phones where they are heard now."""
    from av_models.io.audio import read_wav, wav_bytes
    from av_models.speech.time_map import render

    speech = alignment.speech
    samples, rate_hz = read_wav(store().path(speech.audio))
    sound = render(samples, rate_hz, time_map)
    words, phones = _moved_words(alignment.words, time_map), _moved_phones(alignment.phones, time_map)
    changed = replace(
        speech,
        audio=store().put_bytes(wav_bytes(sound, rate_hz), ".wav"),
        n_samples=len(sound),
        words=_moved_words(speech.words, time_map),
        phones=_moved_phones(speech.phones, time_map),
    )
    return replace(alignment, speech=changed, words=words, phones=phones)


def _moved_words(words: Sequence[Word], time_map: TimeMap) -> tuple[Word, ...]:
    return tuple(Word(word.text, time_map.heard(word.start), time_map.heard_end(word.end)) for word in words)


def _moved_phones(phones: Sequence[Phone], time_map: TimeMap) -> tuple[Phone, ...]:
    """Without gaps, as they were: a silence put in is a phone of its own."""
    if not phones:
        return ()
    moved = [replace(p, start=time_map.heard(p.start), end=time_map.heard_end(p.end)) for p in phones]
    moved[0] = replace(moved[0], start=time_map.heard_s[0])
    whole: list[Phone] = []
    for phone, following in pairwise([*moved, None]):
        assert phone is not None
        if phone.end > phone.start:
            whole.append(phone)
        if following is not None and following.start > phone.end:
            whole.append(Phone(SILENCE, phone.end, following.start))
    return tuple(whole)
