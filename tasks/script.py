"""The script as a stage: from text to lines that can be spoken."""

from __future__ import annotations

from collections.abc import Sequence

from av_models.domain.consent import Cast, VoiceCast
from av_models.domain.errors import InputError
from av_models.domain.script import Script
from av_models.domain.speech import Performance, Utterance, Voice
from tasks.caching import stage

__all__ = ["check_roles", "read_script", "utterances"]


@stage("4")
def read_script(text: str, language: str) -> Script:
    """Lines of words, pauses and breaths, numbers and abbreviations spelled out. language: of the voice.

    ScriptError with line and column; InputError for a script that is in another language than the voice.
    """
    from av_models.speech.script import read_script as read

    return read(text, language, for_voice=True)


def check_roles(script: Script, cast: Cast | VoiceCast) -> tuple[str, ...]:
    """Sentences about roles that the cast's first voice speaks for want of one of their own.

    InputError for a voice that was given to a role which nobody has in the script.
    """
    given = dict(cast.roles)
    strangers = [role for role in given if role not in script.roles]
    if strangers:
        known = f"Its roles are {', '.join(script.roles)}." if script.roles else "It names no role at all."
        raise InputError(
            f"There is no role {strangers[0]} in the script.",
            f"{known} A role is a name in capitals before a colon, as in 'ANNA: Hello.'",
        )
    silent = [role for role in script.roles if role not in given] if given else []
    return tuple(f"{role} has no voice of its own and speaks with {cast.voice.name}." for role in silent)


def utterances(
    script: Script,
    cast: Cast | VoiceCast | Voice,
    seeds: Sequence[int],
    performances: Sequence[Performance | None] = (),
) -> list[Utterance]:
    """One for each line, in the voice of its role; a lone voice speaks all. seeds: as many as there are lines.

    performances: of the same lines, or none.
    """
    voices = [cast if isinstance(cast, Voice) else cast.voice_of(line.role) for line in script.lines]
    shown = performances or (None,) * len(script.lines)
    return [Utterance(*one) for one in zip(script.lines, voices, seeds, shown, strict=True)]
