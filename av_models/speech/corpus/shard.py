"""Clips as plain arrays, for files without pickles: samples as 16-bit numbers, phones and words on samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from av_models.domain.corpus import CORPUS_RATE_HZ
from av_models.domain.speech import Phone, Word

from .clips import Clip

__all__ = ["StoredClip", "shard_arrays", "shard_clips"]

_FULL_SCALE = 32767


@dataclass(frozen=True, slots=True, eq=False)
class StoredClip:
    """A good clip read back. samples: float32 (n,) at CORPUS_RATE_HZ."""

    id: str
    text: str
    samples: NDArray[np.float32]
    words: tuple[Word, ...]
    phones: tuple[Phone, ...]


def shard_arrays(ids: Sequence[str], clips: Sequence[Clip]) -> dict[str, NDArray[Any]]:
    """Good clips as named arrays."""
    sounds = [clip.samples for clip in clips if clip.samples is not None]
    if len(sounds) != len(clips):
        raise ValueError("a clip without samples cannot be kept")
    whole = [np.rint(np.clip(sound, -1, 1) * _FULL_SCALE).astype(np.int16) for sound in sounds]
    return {
        "ids": np.array(list(ids), dtype=np.str_),
        "texts": np.array([clip.text for clip in clips], dtype=np.str_),
        "samples": np.concatenate(whole) if whole else np.zeros(0, np.int16),
        "clip_ends": np.cumsum([len(sound) for sound in sounds]).astype(np.int64),
        **_spans("word", [clip.words for clip in clips]),
        **_spans("phone", [clip.phones for clip in clips]),
    }


def shard_clips(arrays: Mapping[str, NDArray[Any]]) -> Iterator[StoredClip]:
    """The clips of `shard_arrays`."""
    starts = np.concatenate([[0], arrays["clip_ends"]])
    words, phones = list(_read_spans("word", arrays)), list(_read_spans("phone", arrays))
    for number, name in enumerate(arrays["ids"]):
        whole = arrays["samples"][starts[number] : starts[number + 1]]
        yield StoredClip(
            str(name),
            str(arrays["texts"][number]),
            np.asarray(whole / _FULL_SCALE, np.float32),
            tuple(Word(text, start, end) for text, start, end in words[number]),
            tuple(Phone(label, start, end) for label, start, end in phones[number]),
        )


def _spans(kind: str, lists: Sequence[Sequence[Word] | Sequence[Phone]]) -> dict[str, NDArray[Any]]:
    flat = [span for spans in lists for span in spans]
    names = [span.text if isinstance(span, Word) else span.label for span in flat]
    return {
        f"{kind}_names": np.array(names, dtype=np.str_),
        f"{kind}_times": np.array([[_at(span.start), _at(span.end)] for span in flat], np.int64).reshape(-1, 2),
        f"{kind}_ends": np.cumsum([len(spans) for spans in lists]).astype(np.int64),
    }


def _read_spans(kind: str, arrays: Mapping[str, NDArray[Any]]) -> Iterator[list[tuple[str, Fraction, Fraction]]]:
    start = 0
    for end in arrays[f"{kind}_ends"]:
        rows = zip(arrays[f"{kind}_names"][start:end], arrays[f"{kind}_times"][start:end], strict=True)
        yield [(str(name), Fraction(int(a), CORPUS_RATE_HZ), Fraction(int(b), CORPUS_RATE_HZ)) for name, (a, b) in rows]
        start = end


def _at(time: Fraction) -> int:
    return round(time * CORPUS_RATE_HZ)
