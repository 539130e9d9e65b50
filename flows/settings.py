"""Settings of a flow: groups laid over each other, 'a.b=value' assignments, errors in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from av_models.domain.errors import InputError

__all__ = ["from_settings", "merged"]

M = TypeVar("M", bound=BaseModel)


def from_settings(kind: type[M], given: Mapping[str, Any], assignments: Sequence[str] = ()) -> M:
    """`given` (None values are left out), under 'a.b=value' assignments.

    Raises InputError that names every wrong field, ConsentError for a use that no consent can allow.
    """
    values = {key: value for key, value in given.items() if value is not None}
    for assignment in assignments:
        values = merged(values, _assigned(assignment))
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise _as_input_error(error, kind) from error


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` on top of `below`, group by group."""
    result = dict(below)
    for key, value in above.items():
        under = result.get(key)
        both = isinstance(under, Mapping) and isinstance(value, Mapping)
        result[key] = merged(under, value) if both else value  # type: ignore[arg-type]
    return result


def _assigned(assignment: str) -> dict[str, Any]:
    """'training.budget_s=60' -> {'training': {'budget_s': '60'}}; the model makes the number."""
    name, sign, value = assignment.partition("=")
    keys = name.strip().split(".")
    if not sign or not all(keys):
        raise InputError(f"--set {assignment!r} is no assignment.", "Write it as --set training.budget_s=60.")
    nested: Any = value
    for key in reversed(keys):
        nested = {key: nested}
    return dict(nested)


def _as_input_error(error: ValidationError, kind: type[BaseModel]) -> InputError:
    problems = error.errors(include_url=False)
    if len(problems) == 1 and isinstance(own := problems[0].get("ctx", {}).get("error"), InputError):
        return _at(problems[0]["loc"], own)
    lines = [_sentence(problem, kind) for problem in problems]
    return InputError(" ".join(lines), "See `flow run produce --help` and configs/produce.yaml.")


def _at(location: tuple[int | str, ...], error: InputError) -> InputError:
    where = f"{'.'.join(map(str, location))}: " if location else ""
    return InputError(f"{where}{error.message}", error.remedy)


def _sentence(problem: Any, kind: type[BaseModel]) -> str:
    where = ".".join(map(str, problem["loc"]))
    if problem["type"] == "extra_forbidden":
        return f"There is no setting '{where}'{_similar(problem['loc'], kind)}."
    if problem["type"] == "missing":
        return f"{where} is missing."
    own = problem.get("ctx", {}).get("error")
    reason = own.message.rstrip(".") if isinstance(own, InputError) else problem["msg"]
    return f"{where} = {problem['input']!r}: {reason}." if where else f"{reason}."


def _similar(location: tuple[int | str, ...], kind: type[BaseModel]) -> str:
    """A close match among the settings of the same level, else all of them."""
    model: Any = kind
    for key in location[:-1]:
        model = model.model_fields[key].annotation
    known = list(model.model_fields)
    near = get_close_matches(str(location[-1]), known, n=1)
    return f" (did you mean '{near[0]}'?)" if near else f" (known: {', '.join(known)})"
