"""Lines spoken by the embedded voice, as alignments, without a store."""

from __future__ import annotations

from functools import cache

from av_models.domain.media import MediaRef
from av_models.domain.speech import Alignment, Speech, Utterance, Voice
from av_models.io.audio import wav_bytes
from av_models.io.store import Store
from av_models.speech.registry import get_engine
from av_models.speech.script import read_script

__all__ = ["alignment_of"]


@cache
def _spoken(text: str, rate_wpm: int) -> tuple[Alignment, bytes]:
    line = read_script(text).lines[0]
    settings = {"rate_wpm": str(rate_wpm)}
    take = get_engine("espeak").synthesize(line, settings, (), "en-us", 7)
    voice = Voice("espeak-default", "espeak", "en-us", tuple(settings.items()), (), "none", "espeak-default")
    speech = Speech(
        Utterance(line, voice, 7), MediaRef("0" * 64, ".wav"), take.rate_hz, len(take.samples), take.words, take.phones
    )
    return Alignment(speech, "engine", take.words, take.phones, None), wav_bytes(take.samples, take.rate_hz)


def alignment_of(text: str, rate_wpm: int = 160, store: Store | None = None) -> Alignment:
    """The first line of a script with the engine's own times; its sound lies in `store`, if there is one."""
    from dataclasses import replace

    alignment, sound = _spoken(text, rate_wpm)
    if store is None:
        return alignment
    return replace(alignment, speech=replace(alignment.speech, audio=store.put_bytes(sound, ".wav")))
