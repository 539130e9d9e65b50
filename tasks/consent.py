"""Leave to do the job, asked for before any model is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE

from av_models.domain.consent import Cast, Clearance, Purpose
from av_models.domain.corpus import Recordings
from av_models.domain.media import Footage
from av_models.domain.speech import Voice
from av_models.domain.style import Reference
from tasks.artifacts import show_table
from tasks.workspace import configs_dir, media_dir, store

__all__ = [
    "check_consent",
    "check_faces_consent",
    "check_recordings_consent",
    "check_voices_consent",
    "show_clearance",
]


@task(name="check_consent", cache_policy=NO_CACHE, persist_result=False)
def check_consent(cast: Cast, purpose: Purpose) -> Clearance:
    """A record for every voice, the source's face and the actor's performance, or ConsentError naming the rule.

    Never cached and never retried: a revocation counts at once, and asking twice changes nothing.
    """
    from av_models.io.consent import clear_cast

    return show_clearance(clear_cast(configs_dir(), media_dir(), cast, purpose))


@task(name="check_faces_consent", cache_policy=NO_CACHE, persist_result=False)
def check_faces_consent(
    source: Footage, actor: Footage, purpose: Purpose, source_consent: str = "", actor_consent: str = ""
) -> Clearance:
    """As `check_consent`, where a face is put on a performance and nobody speaks. Ids: where files do not tell."""
    from av_models.io.consent import clear_faces

    found = clear_faces(configs_dir(), media_dir(), source, actor, purpose, source_consent, actor_consent)
    return show_clearance(found)


@task(name="check_voices_consent", cache_policy=NO_CACHE, persist_result=False)
def check_voices_consent(cast: Mapping[str, Voice], purpose: Purpose, styles: Sequence[Reference] = ()) -> Clearance:
    """As `check_consent`, for voices alone and the performances that guide them. cast: by part, such as 'voice' and
    'voice of ANNA'."""
    from av_models.io.consent import clear_voices

    return show_clearance(clear_voices(configs_dir(), media_dir(), cast, purpose, styles=styles))


@task(name="check_recordings_consent", cache_policy=NO_CACHE, persist_result=False)
def check_recordings_consent(recordings: Recordings, folder: str, consent_id: str, purpose: Purpose) -> Clearance:
    """A record in force for a voice made from these very recordings, none of which is decoded for it."""
    from av_models.io.consent import clear_recordings

    digests = [row["digest"] for row in store().json(recordings.listing)]
    clearance = clear_recordings(configs_dir(), media_dir(), folder, digests, recordings.seal, consent_id, purpose)
    return show_clearance(clearance)


def show_clearance(clearance: Clearance) -> Clearance:
    """As a table on the run."""
    rows = [
        {
            "role": one.role,
            "subject": one.subject,
            "kind": str(one.kind),
            "right": str(one.right),
            "record": one.consent_id,
        }
        for one in clearance.records
    ]
    purpose = clearance.purpose
    show_table("consent", rows, f"Cleared for {purpose.use}, {purpose.territory}, {purpose.language}")
    return clearance
