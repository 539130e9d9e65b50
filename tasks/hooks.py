"""What Prefect asks about a failed stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from av_models.domain.errors import LostError, ResourceError

if TYPE_CHECKING:
    from prefect import Task
    from prefect.client.schemas.objects import State, TaskRun

__all__ = ["RETRY_DELAY_S", "worth_retrying"]

RETRY_DELAY_S = 2.0


def worth_retrying(task: Task[Any, Any], run: TaskRun, state: State[Any]) -> bool:
    """Only what the machine ran out of can be there a moment later; a wrong input stays wrong, a lost file lost."""
    return isinstance(state.data, ResourceError) and not isinstance(state.data, LostError)
