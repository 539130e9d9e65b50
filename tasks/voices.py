"""Voices as they will speak: found by name, and the program of an external one asked what it is."""

from __future__ import annotations

from dataclasses import replace

from av_models.domain.speech import Voice
from tasks.workspace import configs_dir, media_dir, store

__all__ = ["look_up"]


def look_up(name: str) -> Voice:
    """The voice of that name. What an external program says of itself becomes part of the voice, so that another
    version of it speaks anew; nothing is loaded for that.

    InputError for an unknown voice, ModelError for a program that does not keep to its contract.
    """
    from av_models.io.voices import find_voice

    voice = find_voice(name, configs_dir(), media_dir(), store())
    if voice.program is None:
        return voice
    from av_models.speech.external.engine import ExternalEngine

    card = ExternalEngine().describe(dict(voice.settings))
    known = replace(voice.program, engine=card.engine, version=card.version, model=card.model, licence=card.licence)
    return replace(voice, program=known)
