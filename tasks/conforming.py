"""Speech made to fit: spoken again at another pace, then with the time of every phone, where the voice can; else
stretched along a time map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from av_models.domain.edit import Conformed, SoundChoice
from av_models.domain.errors import InputError
from av_models.domain.script import Line
from av_models.domain.speech import SILENCE, Alignment, Phone, Speech, Utterance, Word
from av_models.speech.engine import Synthesis
from tasks.workspace import store

if TYPE_CHECKING:
    from av_models.speech.engine import TimedEngine
    from av_models.speech.time_map import TimeMap

__all__ = ["can_be_paced", "conformed", "played", "respoken"]

_ENGINE_TIMES = "engine"


def can_be_paced(alignment: Alignment) -> bool:
    """Whether the voice can say each word of the line faster or slower, and all of them were found."""
    from av_models.speech.engine import PacedEngine
    from av_models.speech.registry import get_engine

    utterance = alignment.speech.utterance
    whole = len(alignment.words) == len(utterance.line.spoken)
    return whole and (_timed(alignment) is not None or isinstance(get_engine(utterance.voice.engine), PacedEngine))


def respoken(alignment: Alignment, wanted_s: Sequence[float | None]) -> Alignment:
    """The line as a voice says it whose words must last wanted_s seconds; unchanged if the voice cannot be paced."""
    from av_models.speech.engine import PacedEngine
    from av_models.speech.imposed import impose, lasting
    from av_models.speech.registry import get_engine

    if not can_be_paced(alignment):
        return alignment
    speech = alignment.speech
    if len(speech.words) == len(wanted_s):
        take = _spoken_with(alignment, lasting(speech.phones, speech.words, wanted_s))
        if isinstance(take, Synthesis):
            return _aligned(alignment, take)
    engine = get_engine(speech.utterance.voice.engine)
    if not isinstance(engine, PacedEngine):
        return alignment
    given = _given(speech.utterance)
    return _aligned(alignment, impose(lambda paces: engine.synthesize_paced(*given, paces), wanted_s))


def conformed(alignment: Alignment, time_map: TimeMap) -> tuple[Alignment, SoundChoice]:
    """The line as it is heard along the map: spoken again with the time of every phone where the voice can be told,
    else its sound stretched; and which of both, with the reason."""
    if time_map.is_identity:
        return played(alignment, time_map), SoundChoice(Conformed.LEFT, "The take fits as it was spoken.")
    take = _spoken_with(alignment, _moved_phones(alignment.speech.phones, time_map))
    if isinstance(take, str):
        return played(alignment, time_map), SoundChoice(Conformed.STRETCHED, take)
    said = _speech(alignment.speech, take)
    words, phones = take.words, take.phones
    if alignment.aligner != _ENGINE_TIMES:
        words, phones = _moved_words(alignment.words, time_map), _moved_phones(alignment.phones, time_map)
    if len(words) != len(alignment.words):
        reason = "The voice left out a word when it was given its times: its first take was stretched."
        return played(alignment, time_map), SoundChoice(Conformed.STRETCHED, reason)
    spoken = replace(alignment, speech=said, words=words, phones=phones)
    return spoken, SoundChoice(Conformed.SPOKEN, "The voice said the line again with the time of every phone given.")


def _timed(alignment: Alignment) -> TimedEngine | None:
    """The engine, if it can be told when the phones begin that it gave."""
    from av_models.speech.engine import timed_engine
    from av_models.speech.registry import get_engine

    voice = alignment.speech.utterance.voice
    return timed_engine(get_engine(voice.engine), dict(voice.settings)) if alignment.speech.phones else None


def _spoken_with(alignment: Alignment, phones: Sequence[Phone]) -> Synthesis | str:
    """The line said with these times, or why it cannot be."""
    voice = alignment.speech.utterance.voice
    engine = _timed(alignment)
    if engine is None:
        return f"The voice {voice.name} cannot be told when its phones begin: its sound was stretched."
    line, settings, weights, language, seed = _given(alignment.speech.utterance)
    try:
        return engine.respeak(line, phones, settings, weights, language, seed)
    except InputError as error:
        return f"The voice {voice.name} could not be given these times ({error.message.rstrip('.')}): it was stretched."


def _given(utterance: Utterance) -> tuple[Line, dict[str, str], list[bytes], str, int]:
    """What every engine is given: line, settings, weights, language and seed."""
    voice = utterance.voice
    weights = [store().read_bytes(ref) for ref in voice.weights]
    return utterance.line, dict(voice.settings), weights, voice.language, utterance.seed


def _speech(speech: Speech, take: Synthesis) -> Speech:
    from av_models.io.audio import wav_bytes

    audio = store().put_bytes(wav_bytes(take.samples, take.rate_hz), ".wav")
    return Speech(speech.utterance, audio, take.rate_hz, len(take.samples), take.words, take.phones)


def _aligned(alignment: Alignment, take: Synthesis) -> Alignment:
    """Another take, aligned as the first was; the first if not all of its words are found."""
    from av_models.alignment.aligner import get_aligner

    utterance = alignment.speech.utterance
    found = get_aligner(alignment.aligner).align(
        take.samples, take.rate_hz, utterance.line, utterance.voice.language, (take.words, take.phones)
    )
    if len(found.words) != len(alignment.words):
        return alignment
    return Alignment(_speech(alignment.speech, take), found.aligner, found.words, found.phones, found.score)


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
