"""Alignment as a stage: when each word and each phone of a line is heard."""

from __future__ import annotations

from av_models.domain.speech import Alignment, Speech
from tasks.caching import stage
from tasks.workspace import store

__all__ = ["align"]


@stage("1")
def align(speech: Speech, aligner: str) -> Alignment:
    """Words and phones with times. aligner: 'auto', or the one to be used whatever the engine knows."""
    from av_models.alignment.aligner import get_aligner
    from av_models.io.audio import read_wav

    samples, rate_hz = read_wav(store().path(speech.audio))
    utterance = speech.utterance
    found = get_aligner(aligner).align(
        samples, rate_hz, utterance.line, utterance.voice.language, (speech.words, speech.phones)
    )
    return Alignment(speech, found.aligner, found.words, found.phones, found.score)
