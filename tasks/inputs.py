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
from av_models.domain.person_pick import PersonPick
from av_models.domain.speech import Voice
from tasks.people import open_pick
from tasks.references import open_references
from tasks.texts import text_beside, text_of
from tasks.voices import look_up
from tasks.workspace import store

__all__ = ["Inputs", "open_inputs", "voices_by_role"]


@dataclass(frozen=True, slots=True)
class Inputs:
    """text: of the script.  source_words, actor_words: what is said in the source's and the actor's footage, '' if
    unknown.  picks: which person of the source's and of the actor's footage is meant."""

    text: str
    source_words: str
    cast: Cast
    actor_words: str = ""
    picks: tuple[PersonPick, PersonPick] = (PersonPick(), PersonPick())

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
    styles: Mapping[str, str] | None = None,
    actor_words: str = "",
    voice_consent: str = "",
    source_consent: str = "",
    actor_consent: str = "",
    source_person: str = "",
    actor_person: str = "",
) -> Inputs:
    """Never cached: a file of the same name may hold something else today. Footage is opened, no model is loaded.

    voice: of lines without a role, and of roles without a voice of their own.  voices: names of voices by role.
    styles: recordings by role or line number, '' for all others.  source_person, actor_person: as `parse_pick` reads.
    Raises InputError for the script and the voice, MediaError for footage that cannot be used.
    """
    from av_models.io.probe import probe_footage

    spoken_by = look_up(voice)
    cast = Cast(
        voice=replace(spoken_by, consent_id=voice_consent or spoken_by.consent_id),
        source=probe_footage(Path(source), store()),
        actor=probe_footage(Path(actor), store()),
        source_consent=source_consent,
        actor_consent=actor_consent,
        roles=voices_by_role(spoken_by, voices or {}),
        styles=open_references(styles or {}),
    )
    said = text_of(source_words) or text_beside(Path(source))
    picks = open_pick(source_person), open_pick(actor_person)
    return Inputs(text_of(script), said, cast, text_of(actor_words) or text_beside(Path(actor)), picks)


def voices_by_role(first: Voice, names: Mapping[str, str]) -> tuple[tuple[str, Voice], ...]:
    """By role. InputError for a voice of another language than the first: a script is read in one language."""
    roles = []
    for role, name in sorted(names.items()):
        voice = look_up(name)
        if _primary(voice) != _primary(first):
            raise InputError(
                f"{role}'s voice {name} speaks {voice.language}, and the voice {first.name} speaks {first.language}.",
                "Choose voices of one language for one script.",
            )
        roles.append((role.strip().upper(), voice))
    return tuple(roles)


def _primary(voice: Voice) -> str:
    return voice.language.lower().partition("-")[0]
