"""The settings of an external voice, read and checked."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from av_models.domain.errors import InputError

__all__ = ["Asked", "read_settings"]

_MODES = ("serve", "once")
_TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True)
class Asked:
    """once: the program is started for every request.  timeout_s: for every answer.  options: for the program."""

    command: tuple[str, ...]
    once: bool
    timeout_s: float
    breath: float
    options: Mapping[str, str]


def read_settings(settings: Mapping[str, str]) -> Asked:
    """InputError for what is missing or wrong, and for files of a voice that consent could not see."""
    given = dict(settings)
    command = tuple(shlex.split(given.pop("command", "")))
    if not command:
        raise InputError("An external voice needs the setting 'command'.", "See the CONTRACT.md of external engines.")
    mode = given.pop("mode", _MODES[0])
    if mode not in _MODES:
        raise InputError(f"mode is '{mode}'.", f"Choose {' or '.join(_MODES)}.")
    timeout_s = _number("timeout_s", given.pop("timeout_s", str(_TIMEOUT_S)), 1, 86_400)
    breath = _number("breath", given.pop("breath", "1"), 0, 8)
    for key, value in given.items():
        if Path(value).expanduser().is_absolute() and Path(value).expanduser().exists():
            # The consent of the person whose voice it holds covers files by their digests, and none that it cannot see.
            problem = f"The option {key} of an external voice names a file, {value}."
            raise InputError(problem, "Name files of a voice under 'weights', a model in 'command'.")
    return Asked(command, mode == "once", timeout_s, breath, given)


def _number(key: str, value: str, least: float, most: float) -> float:
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not least <= number <= most:
        raise InputError(f"{key} is '{value}'.", f"Choose a number from {least:g} to {most:g}.")
    return number
