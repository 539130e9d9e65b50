"""A listening test on disk: test.json, which knows the truth, and clips/, where every synthetic one is marked.

What a listener's browser gets is none of these files. The label in their heads and their signed manifests would give
the answer away, so `blind_wav` hands on the samples alone, in the same bare file for every kind of clip. The inaudible
watermark stays in them, and the page says that some of what is heard was made by a machine.
"""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from av_models.domain.errors import InputError, MediaError
from av_models.domain.listening import ClipFile, Item, ListeningTest, Part

from .disk import new_file

__all__ = ["CLIPS", "blind_wav", "find_tests", "read_test", "write_test", "write_tones"]

CLIPS = "clips"
_FORMAT = "understudy-listening/1"
_NAME = "test.json"


def write_test(folder: Path, test: ListeningTest) -> None:
    """Errors: ResourceError (disk full), InputError (folder not writable)."""
    facts = {"format": _FORMAT, **asdict(test)}
    with new_file(folder / _NAME) as part:
        part.write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_test(folder: Path) -> ListeningTest:
    """InputError when there is none, or when it is damaged or of another format."""
    path = folder / _NAME
    if not path.is_file():
        raise InputError(f"There is no listening test in {folder}.", "Make one with `flow run listening`.")
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if facts.pop("format") != _FORMAT:
            raise ValueError("another format")
        facts["items"] = tuple(_item(**one) for one in facts["items"])
        facts["consent_ids"] = tuple(facts["consent_ids"])
        return ListeningTest(**facts)
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"{path} is no listening test ({error}).", "Make it anew with `flow run listening`."
        ) from error


def find_tests(root: Path) -> list[Path]:
    """Folders of tests under `root`, by name."""
    return sorted(path.parent for path in root.glob(f"*/{_NAME}"))


def blind_wav(folder: Path, file: str) -> tuple[bytes, float]:
    """A clip as a bare 16-bit WAV, 44 bytes of head and the samples, and its length in seconds.

    MediaError when it is gone or damaged.
    """
    import soundfile

    path = folder / CLIPS / file
    try:
        samples, rate_hz = soundfile.read(path, dtype="int16", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise MediaError(
            str(path), "this clip of the test cannot be read", "Put it back, or make the test anew."
        ) from error
    bare = io.BytesIO()
    soundfile.write(bare, samples, rate_hz, format="WAV", subtype="PCM_16")
    return bare.getvalue(), len(samples) / rate_hz


def write_tones(path: Path, samples: NDArray[np.float32], rate_hz: int) -> None:
    """Stereo (n, 2) as 16-bit WAV."""
    import soundfile

    with new_file(path) as part:
        soundfile.write(part, samples, rate_hz, format="WAV", subtype="PCM_16")


def _item(id: str, part: str, text: str, clips: list[dict[str, str]]) -> Item:
    return Item(id, Part(part), text, tuple(ClipFile(**clip) for clip in clips))
