"""What the user named, brought in: the script's text, both footages into the store, the voice from its registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from av_models.domain.consent import Cast
from av_models.domain.errors import InputError
from av_models.domain.media import Footage
from av_models.domain.speech import Voice
from tasks.workspace import configs_dir, media_dir, store

__all__ = ["Inputs", "open_inputs", "text_of", "voices_by_role"]

_MOST_BYTES_OF_UTF8 = 4
"""Of one character."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """text: of the script.  source_words, actor_words: what is said in the source's and the actor's footage, '' if
    unknown."""

    text: str
    source_words: str
    cast: Cast
    actor_words: str = ""

    @property
    def footages(self) -> tuple[Footage, Footage]:
        """Source, actor."""
        return self.cast.source, self.cast.actor

    @property
    def language(self) -> str:
        return self.cast.voice.language


@task(name="open_inputs", cache_policy=NO_CACHE, persist_result=False)
def open_inputs(
    script: str,
    source: str,
    source_words: str,
    actor: str,
    voice: str,
    *,
    voices: Mapping[str, str] | None = None,
    actor_words: str = "",
    voice_consent: str = "",
    source_consent: str = "",
    actor_consent: str = "",
) -> Inputs:
    """Never cached: a file of the same name may hold something else today. Footage is opened, no model is loaded.

    voice: of lines without a role, and of roles without a voice of their own.  voices: names of voices by role.
    Raises InputError for the script and the voice, MediaError for footage that cannot be used.
    """
    from av_models.io.probe import probe_footage
    from av_models.io.voices import find_voice

    spoken_by = find_voice(voice, configs_dir(), media_dir(), store())
    cast = Cast(
        voice=replace(spoken_by, consent_id=voice_consent or spoken_by.consent_id),
        source=probe_footage(Path(source), store()),
        actor=probe_footage(Path(actor), store()),
        source_consent=source_consent,
        actor_consent=actor_consent,
        roles=voices_by_role(spoken_by, voices or {}),
    )
    said = text_of(source_words) or _text_beside(Path(source))
    return Inputs(text_of(script), said, cast, text_of(actor_words) or _text_beside(Path(actor)))


def voices_by_role(first: Voice, names: Mapping[str, str]) -> tuple[tuple[str, Voice], ...]:
    """By role. InputError for a voice of another language than the first: a script is read in one language."""
    from av_models.io.voices import find_voice

    roles = []
    for role, name in sorted(names.items()):
        voice = find_voice(name, configs_dir(), media_dir(), store())
        if _primary(voice) != _primary(first):
            raise InputError(
                f"{role}'s voice {name} speaks {voice.language}, and the voice {first.name} speaks {first.language}.",
                "Choose voices of one language for one script.",
            )
        roles.append((role.strip().upper(), voice))
    return tuple(roles)


def _primary(voice: Voice) -> str:
    return voice.language.lower().partition("-")[0]


def text_of(given: str) -> str:
    """The text itself, or what the file holds: `Production` has made the name of a file a full path."""
    if "\n" in given or not given.startswith("/") or not Path(given).is_file():
        return given
    from av_models.speech.script import LONGEST_SCRIPT, decode_script

    path = Path(given)
    n_bytes = path.stat().st_size
    if n_bytes > _MOST_BYTES_OF_UTF8 * LONGEST_SCRIPT:  # asked before it is read: it may be larger than the memory
        raise InputError(
            f"{path.name} has {n_bytes} bytes; {LONGEST_SCRIPT} characters are allowed.",
            "Split it into several scripts, or check that it is the right file.",
        )
    return decode_script(path.read_bytes(), path.name)


def _text_beside(video: Path) -> str:
    beside = video.with_suffix(".txt")
    return text_of(str(beside.absolute())) if beside.is_file() else ""
