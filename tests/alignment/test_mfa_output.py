"""TextGrids as the Montreal Forced Aligner writes them: word for word the form of version 3, read by our backend."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from av_models.alignment.aligner import get_aligner
from av_models.alignment.mfa import MFA_COMMAND
from av_models.domain.errors import InputError
from av_models.domain.speech import SILENCE
from av_models.speech.script import read_script

RATE_HZ = 16_000


def tier(number: int, name: str, rows: list[tuple[float, float, str]]) -> str:
    head = f'    item [{number}]:\n        class = "IntervalTier" \n        name = "{name}" \n        xmin = 0 \n'
    body = "".join(
        f'        intervals [{n}]:\n            xmin = {a} \n            xmax = {b} \n            text = "{text}" \n'
        for n, (a, b, text) in enumerate(rows, start=1)
    )
    return f"{head}        xmax = 1.5 \n        intervals: size = {len(rows)} \n{body}"


def textgrid(prefix: str, words: list[tuple[float, float, str]], phones: list[tuple[float, float, str]]) -> str:
    head = (
        'File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0 \nxmax = 1.5 \ntiers? <exists> \nsize = 2 \n'
    )
    return f"{head}item []: \n{tier(1, f'{prefix}words', words)}{tier(2, f'{prefix}phones', phones)}"


WORDS = [(0.0, 0.21, ""), (0.21, 0.55, "w0"), (0.55, 0.6, ""), (0.6, 1.13, "w1"), (1.13, 1.5, "")]
PHONES = [
    (0.0, 0.21, ""), (0.21, 0.28, "HH"), (0.28, 0.33, "AH0"), (0.33, 0.41, "L"), (0.41, 0.55, "OW1"),
    (0.55, 0.6, "spn"), (0.6, 0.68, "W"), (0.68, 0.83, "ER1"), (0.83, 0.94, "L"), (0.94, 1.13, "D"), (1.13, 1.5, ""),
]  # fmt: skip


def stand_in(folder: Path, answer: str) -> str:
    (folder / "answer.TextGrid").write_text(answer, encoding="utf-8")
    script = folder / "mfa.py"
    script.write_text(
        "import shutil, sys\nfrom pathlib import Path\n"
        "out = Path(sys.argv[5])\nout.mkdir()\n"
        f"shutil.copy({str(folder / 'answer.TextGrid')!r}, out / 'utterance.TextGrid')\n"
    )
    return f"{sys.executable} {script}"


@pytest.mark.parametrize("prefix", ["", "words - "])
def test_what_mfa_writes_is_read(prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MFA_COMMAND, stand_in(tmp_path, textgrid(prefix, WORDS, PHONES)))
    line = read_script("Hello world.").lines[0]
    samples = np.random.default_rng(0).normal(0, 0.1, 24_000).astype(np.float32)
    found = get_aligner("mfa").align(samples, RATE_HZ, line, "en-us", ((), ()))
    assert [(word.text, word.start, word.end) for word in found.words] == [
        ("hello", Fraction("0.21"), Fraction("0.55")),
        ("world", Fraction("0.6"), Fraction("1.13")),
    ]
    assert [phone.label for phone in found.phones].count(SILENCE) == 3
    assert found.phones[-1].end == Fraction(3, 2)


def test_an_unknown_word_is_not_taken_for_one_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = [(a, b, "<unk>" if text == "w1" else text) for a, b, text in WORDS]
    monkeypatch.setenv(MFA_COMMAND, stand_in(tmp_path, textgrid("", words, PHONES)))
    with pytest.raises(InputError, match="part of the words"):
        samples = np.zeros(24_000, np.float32)
        get_aligner("mfa").align(samples, RATE_HZ, read_script("Hello world.").lines[0], "en-us", ((), ()))
