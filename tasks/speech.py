"""Speech as a stage, line by line: a changed line is spoken again, the others are kept."""

from __future__ import annotations

from av_models.domain.speech import Speech, Utterance
from tasks.caching import stage
from tasks.workspace import store

__all__ = ["synthesize"]


@stage("2")
def synthesize(utterance: Utterance) -> Speech:
    """Speak one line with the engine of its voice."""
    from av_models.io.audio import wav_bytes
    from av_models.speech.registry import get_engine

    voice = utterance.voice
    weights = [store().read_bytes(ref) for ref in voice.weights]
    spoken = get_engine(voice.engine).synthesize(
        utterance.line, dict(voice.settings), weights, voice.language, utterance.seed
    )
    audio = store().put_bytes(wav_bytes(spoken.samples, spoken.rate_hz), ".wav")
    return Speech(utterance, audio, spoken.rate_hz, len(spoken.samples), spoken.words, spoken.phones)
