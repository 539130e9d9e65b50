"""Texts as they are given: themselves, or in a file."""

from __future__ import annotations

from pathlib import Path

from av_models.domain.errors import InputError

__all__ = ["text_beside", "text_of"]

_MOST_BYTES_OF_UTF8 = 4
"""Of one character."""


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


def text_beside(video: Path) -> str:
    """What is said in a recording: the text file of its name beside it, '' if there is none."""
    beside = video.with_suffix(".txt")
    return text_of(str(beside.absolute())) if beside.is_file() else ""
