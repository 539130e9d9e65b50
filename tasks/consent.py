"""Leave to do the job, asked for before any model is loaded."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from av_models.domain.consent import Cast, Clearance, Purpose
from tasks.artifacts import show_table
from tasks.workspace import configs_dir, media_dir

__all__ = ["check_consent"]


@task(name="check_consent", cache_policy=NO_CACHE, persist_result=False)
def check_consent(cast: Cast, purpose: Purpose) -> Clearance:
    """A record for the voice, the source's face and the actor's performance, or ConsentError naming the rule.

    Never cached and never retried: a revocation counts at once, and asking twice changes nothing.
    """
    from av_models.io.consent import clear_cast

    clearance = clear_cast(configs_dir(), media_dir(), cast, purpose)
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
    show_table("consent", rows, f"Cleared for {purpose.use}, {purpose.territory}, {purpose.language}")
    return clearance
