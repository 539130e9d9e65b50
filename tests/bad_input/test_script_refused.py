"""Scripts and voices that cannot be spoken."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from own_studio import Studio, contents

from av_models.speech.script import LONGEST_SCRIPT

UNREADABLE = {
    "empty": (b"", "is empty"),
    "blank": (b" \n\t\n", "is empty"),
    "binary": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "is a binary file"),
    "text with a zero in it": (b"Hello\x00there.", "is a binary file"),
    "UTF-16": ("Hello there.".encode("utf-16"), "UTF-16"),
    "Latin-1": ("Grüße".encode("latin-1"), "is not UTF-8"),
    "comments": (b"# nothing\n", "nothing to say"),
    "huge": (b"Hello there. " * (LONGEST_SCRIPT // 10), f"{LONGEST_SCRIPT} are allowed"),
    "a wrong mark": (b"Hello.\n\nNow [pause soon] wait.\n", "Script line 3, column 5"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_unreadable_script(studio: Studio, out: Path, tmp_path: Path, kind: str) -> None:
    data, problem = UNREADABLE[kind]
    script = tmp_path / "script.txt"
    script.write_bytes(data)
    studio.refuses(out, 2, problem, script=script)


def test_script_larger_than_memory(studio: Studio, out: Path, tmp_path: Path) -> None:
    """It must be refused by its size: read whole, it would take the machine down."""
    script = tmp_path / "huge.txt"
    script.touch()
    os.truncate(script, 1 << 42)
    studio.refuses(out, 2, "huge.txt", "allowed", script=script)


def test_text_that_is_too_long(studio: Studio, out: Path, tmp_path: Path) -> None:
    """Given as it is, by a settings file or the form, it has the same limit as a file."""
    settings = tmp_path / "settings.yaml"
    settings.write_text("script: |\n" + "  Hello there.\n" * (LONGEST_SCRIPT // 10))
    studio.refuses(out, 2, f"{LONGEST_SCRIPT} are allowed", config=settings, script=None)


def test_missing_script(studio: Studio, out: Path) -> None:
    studio.refuses(out, 2, "There is no file nowhere.txt", "inputs", script="nowhere.txt")


def test_empty_text(studio: Studio, out: Path) -> None:
    studio.refuses(out, 2, "script", script="")


def test_unknown_voice_names_the_known(studio: Studio, out: Path) -> None:
    studio.refuses(out, 2, "espeak-defualt", "espeak-default", voice="espeak-defualt")


def test_refusal_for_programs(studio: Studio, out: Path) -> None:
    """One line of JSON with the same words and code, and nothing else."""
    made = studio.produce(out, json=True, voice="espeak-defualt")
    answer = json.loads(made.stdout)
    assert (made.code, made.stderr, made.stdout.count("\n")) == (2, "", 1)
    assert (answer["ok"], answer["exit_code"]) == (False, 2)
    assert "espeak-default" in f"{answer['error']} {answer['remedy']}"
    assert contents(out.parent) == {}
