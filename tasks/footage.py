"""One video that the user named, brought into the store."""

from __future__ import annotations

from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from av_models.domain.media import Footage
from tasks.workspace import store

__all__ = ["open_footage"]


@task(name="open_footage", cache_policy=NO_CACHE, persist_result=False)
def open_footage(path: str) -> Footage:
    """Never cached: a file of the same name may hold something else today. MediaError for what cannot be used."""
    from av_models.io.probe import probe_footage

    return probe_footage(Path(path), store())
