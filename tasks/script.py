"""The script as a stage: from text to lines that can be spoken."""

from __future__ import annotations

from collections.abc import Sequence

from av_models.domain.script import Script
from av_models.domain.speech import Utterance, Voice
from tasks.caching import stage

__all__ = ["read_script", "utterances"]


@stage("1")
def read_script(text: str, language: str) -> Script:
    """Lines of words, pauses and breaths, numbers and abbreviations spelled out. ScriptError with line and column."""
    from av_models.speech.script import read_script as read

    return read(text, language)


def utterances(script: Script, voice: Voice, seeds: Sequence[int]) -> list[Utterance]:
    """One for each line. seeds: as many as there are lines."""
    return [Utterance(line, voice, seed) for line, seed in zip(script.lines, seeds, strict=True)]
