"""When a finished stage may be used again: the same inputs by content, the same version of the stage, all blobs there.

A cached stage is decorated with `@stage("3")`, and its version is raised by hand when the behaviour of the code behind
it changes. Results are small records; a record can outlive the blobs that it names, and then it is forgotten and its
stage runs again.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import INPUTS, CachePolicy, CompoundCachePolicy

from av_models.domain.errors import ConsentError, InputError, ResourceError
from av_models.domain.media import MediaRef
from tasks.hooks import RETRY_DELAY_S, worth_retrying
from tasks.locking import ProcessLocks
from tasks.workspace import locks_dir, store

if TYPE_CHECKING:
    from prefect.context import TaskRunContext
    from prefect.results import ResultStore

__all__ = ["ByContent", "StageVersion", "by_content", "media_in", "stage"]

P = ParamSpec("P")
R = TypeVar("R")

_log = logging.getLogger(__name__)
_locks = ProcessLocks(locks_dir)


def stage(version: str) -> Callable[[Callable[P, R]], Task[P, R]]:
    """A task whose result is kept by content as JSON, and which is tried once more when the machine ran out of
    something.

    When it fails because a file of the store that it works on is damaged, that file is forgotten, and LostError says
    so: the next run makes it anew.
    """
    kept: Callable[[Callable[P, R]], Task[P, R]] = task(
        cache_policy=by_content(version),
        result_serializer="json",
        persist_result=True,
        cache_result_in_memory=False,
        retries=1,
        retry_delay_seconds=RETRY_DELAY_S,
        retry_condition_fn=worth_retrying,
    )
    return lambda body: kept(_blaming_damage(body))


def by_content(version: str) -> CachePolicy:
    """Cache by the values of the inputs and the version of the stage. One process works on one result at a time."""
    compound = INPUTS + StageVersion(version=version)
    assert isinstance(compound, CompoundCachePolicy)
    return ByContent(policies=compound.policies, isolation_level="SERIALIZABLE", lock_manager=_locks)


@dataclass
class StageVersion(CachePolicy):
    """The name of the stage and the version of its behaviour."""

    version: str = ""

    def compute_key(
        self, task_ctx: TaskRunContext, inputs: dict[str, Any], flow_parameters: dict[str, Any], **_: Any
    ) -> str:
        return f"{task_ctx.task.name}/{self.version}"


@dataclass
class ByContent(CompoundCachePolicy):
    """The key of its parts; a record under that key whose blobs are gone is forgotten first."""

    def compute_key(
        self, task_ctx: TaskRunContext, inputs: dict[str, Any], flow_parameters: dict[str, Any], **kwargs: Any
    ) -> str | None:
        key = super().compute_key(task_ctx, inputs, flow_parameters, **kwargs)
        if key is not None and task_ctx.result_store is not None:
            _forget_if_incomplete(task_ctx.result_store, key, task_ctx.task.name)
        return key


def media_in(value: Any) -> Iterator[MediaRef]:
    """Every stored blob that a value names, however deep."""
    if isinstance(value, MediaRef):
        yield value
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from media_in(getattr(value, field.name))
    elif isinstance(value, dict):
        for inner in value.values():
            yield from media_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from media_in(inner)


def _blaming_damage(body: Callable[P, R]) -> Callable[P, R]:
    """The same, but whatever goes wrong over a damaged file is called by its name. Nothing is read if all is well."""

    @functools.wraps(body)
    def watched(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return body(*args, **kwargs)
        except (ConsentError, InputError, ResourceError):
            raise
        except Exception as error:
            if lost := store().damage(set(media_in([args, kwargs]))):
                raise lost from error
            raise

    return watched


def _forget_if_incomplete(results: ResultStore, key: str, stage: str) -> None:
    if not results.exists(key):
        return
    try:
        result = results.read(key).result
    except Exception as error:  # a record that cannot be read, for whatever reason, is worth as much as none
        _log.warning("The kept result of %s cannot be read (%s): it is made anew.", stage, error)
        _forget(results, key)
        return
    blobs = store()
    gone = [ref for ref in set(media_in(result)) if not blobs.has(ref)]
    if gone:
        _log.info("%d of the files that %s made are gone: they are made anew.", len(gone), stage)
        _forget(results, key)


def _forget(results: ResultStore, key: str) -> None:
    folder = getattr(results.result_storage, "basepath", None)
    if folder:
        (Path(folder) / key).unlink(missing_ok=True)
