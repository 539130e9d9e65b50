"""Montreal Forced Aligner (McAuliffe et al. 2017) as an external command: WAV and TextGrid in, TextGrid out.

It comes through conda only, so it runs in its own process, found as `mfa` on PATH or by the variable UNDERSTUDY_MFA.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
import wave
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from av_models.domain.errors import InputError, ModelError
from av_models.domain.script import Line
from av_models.domain.speech import SILENCE, Phone, Word
from av_models.speech.arpabet import is_phone

from .aligner import Aligned, KnownTimes
from .pronounced import line_pronunciations

__all__ = ["MFA_COMMAND", "MfaAligner"]

MFA_COMMAND = "UNDERSTUDY_MFA"
_MODEL = "english_us_arpa"
_TIMEOUT_S = 600
_NAME = "utterance"
_REMEDY = (
    "Install it with: conda create -n mfa -c conda-forge montreal-forced-aligner, then mfa model download acoustic "
    f"{_MODEL}; or set {MFA_COMMAND} to its command, for example of the container in docker/."
)


class MfaAligner:
    """Pronunciations come from the line, not from MFA's dictionary, so every word is known to it."""

    name = "mfa"

    def align(self, samples: np.ndarray, rate_hz: int, line: Line, language: str, known: KnownTimes) -> Aligned:
        command = _command()
        ways = line_pronunciations(line, language)
        duration = Fraction(samples.size, rate_hz)
        with tempfile.TemporaryDirectory(prefix="mfa-") as name:
            folder = Path(name)
            (folder / "corpus").mkdir()
            _write_wav(folder / "corpus" / f"{_NAME}.wav", samples, rate_hz)
            _write_transcript(folder / "corpus" / f"{_NAME}.TextGrid", len(ways), duration)
            entries = [f"w{i}\t{' '.join(way)}" for i, several in enumerate(ways) for way in several]
            (folder / "dictionary.txt").write_text("\n".join(entries) + "\n", encoding="utf-8")
            _run(command, folder)
            words, phones = _read(folder / "aligned" / f"{_NAME}.TextGrid", line.spoken, duration)
        return Aligned(words, phones, None, self.name)


def _command() -> list[str]:
    command = shlex.split(os.environ.get(MFA_COMMAND, "mfa"))
    if not command or shutil.which(command[0]) is None:
        raise ModelError("The Montreal Forced Aligner is not installed.", _REMEDY)
    return command


def _write_wav(path: Path, samples: np.ndarray, rate_hz: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate_hz, 0, "NONE", ""))
        file.writeframes(np.rint(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def _write_transcript(path: Path, n_words: int, duration: Fraction) -> None:
    from praatio import textgrid

    text = " ".join(f"w{index}" for index in range(n_words))
    grid = textgrid.Textgrid()
    grid.addTier(textgrid.IntervalTier("words", [(0.0, float(duration), text)], 0.0, float(duration)))
    grid.save(str(path), format="long_textgrid", includeBlankSpaces=True)


def _run(command: Sequence[str], folder: Path) -> None:
    arguments = [
        *command, "align", str(folder / "corpus"), str(folder / "dictionary.txt"), _MODEL, str(folder / "aligned"),
        "--clean", "--single_speaker", "--beam", "100", "--retry_beam", "400",
        "--output_format", "long_textgrid", "--temporary_directory", str(folder / "work"),
    ]  # fmt: skip
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"MFA did not finish within {_TIMEOUT_S} s.", "Use the aligner pocketsphinx.") from error
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise ModelError(f"MFA failed: {last}.", f"Run '{shlex.join(command)} version' to check it. {_REMEDY}")


def _read(path: Path, spoken: Sequence[str], duration: Fraction) -> tuple[tuple[Word, ...], tuple[Phone, ...]]:
    from praatio import textgrid

    if not path.is_file():
        raise InputError("MFA found no alignment.", "Check that the sound says exactly these words.")
    grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=True)
    tiers = {name.split(" - ")[-1]: grid.getTier(name) for name in grid.tierNames}
    words = tuple(
        Word(spoken[int(entry.label[1:])], _exact(entry.start), _exact(entry.end))
        for entry in tiers["words"].entries
        if entry.label.startswith("w") and entry.label[1:].isdigit()
    )
    if len(words) != len(spoken):
        raise InputError("MFA found only part of the words.", "Check that the sound says exactly these words.")
    return words, _cover(tiers["phones"].entries, duration)


def _cover(entries: Sequence[object], duration: Fraction) -> tuple[Phone, ...]:
    """MFA writes times rounded to milliseconds, blanks for silence and 'spn' for noise: made gapless and exact here."""
    phones: list[Phone] = []
    for entry in entries:
        label = str(getattr(entry, "label", ""))
        label = label if is_phone(label) else SILENCE
        start = phones[-1].end if phones else Fraction(0)
        end = min(_exact(getattr(entry, "end", 0.0)), duration)
        if end > start:
            phones.append(Phone(label, start, end))
    if not phones or phones[-1].end < duration:
        phones.append(Phone(SILENCE, phones[-1].end if phones else Fraction(0), duration))
    return tuple(phones)


def _exact(seconds: float) -> Fraction:
    return Fraction(round(seconds * 100_000), 100_000)
