"""Speech as a stage, line by line: a changed line is spoken again, the others are kept."""

from __future__ import annotations

from av_models.domain.speech import Speech, Utterance
from tasks.caching import stage
from tasks.workspace import store

__all__ = ["synthesize"]


@stage("3")
def synthesize(utterance: Utterance) -> Speech:
    """Speak one line with the engine of its voice, as somebody performed it where there is a performance."""
    from av_models.io.audio import wav_bytes
    from av_models.speech.registry import get_engine
    from av_models.speech.transfer import as_performed

    voice = utterance.voice
    engine, settings = get_engine(voice.engine), dict(voice.settings)
    weights = [store().read_bytes(ref) for ref in voice.weights]
    if utterance.performance is None:
        spoken = engine.synthesize(utterance.line, settings, weights, voice.language, utterance.seed)
    else:
        spoken = as_performed(
            engine, utterance.line, utterance.performance, settings, weights, voice.language, utterance.seed
        )
    audio = store().put_bytes(wav_bytes(spoken.samples, spoken.rate_hz), ".wav")
    return Speech(utterance, audio, spoken.rate_hz, len(spoken.samples), spoken.words, spoken.phones)
