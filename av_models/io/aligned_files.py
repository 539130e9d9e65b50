"""What `flow run align` leaves behind: JSON for programs, and pictures of the sound with its words and phones."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from av_models.domain.errors import MediaError
from av_models.domain.speech import Phone, Word

from .container import open_media
from .preview import waveform_plot

__all__ = ["PAGE_S", "alignment_json", "alignment_pages", "native_rate_hz", "read_times"]

Span = TypeVar("Span", Word, Phone)

PAGE_S = 20
_DIGITS = 4


def alignment_json(words: Sequence[Word], phones: Sequence[Phone], facts: Mapping[str, Any]) -> str:
    """`facts` with the words and phones in seconds; a word's confidence is the mean of its phones', by length."""
    entries = [
        {
            "word": word.text,
            "start": _seconds(word.start),
            "end": _seconds(word.end),
            "confidence": _sure([p for p in phones if word.start <= p.start and p.end <= word.end]),
        }
        for word in words
    ]
    sounds = [
        {
            "phone": phone.label,
            "start": _seconds(phone.start),
            "end": _seconds(phone.end),
            "confidence": phone.confidence,
            **({"ipa": phone.ipa} if phone.ipa else {}),
        }
        for phone in phones
    ]
    return json.dumps({**facts, "words": entries, "phones": sounds}, indent=2, ensure_ascii=False) + "\n"


def alignment_pages(
    samples: NDArray[np.float32],
    rate_hz: int,
    words: Sequence[Word],
    phones: Sequence[Phone],
    doubts: Sequence[tuple[float, float, str]] = (),
) -> Iterator[bytes]:
    """PNG pages of 20 s each; what is short is one page. samples: (N,), -1..1."""
    page = PAGE_S * rate_hz
    n_pages = max(1, -(-(len(samples) - rate_hz) // page))
    for number in range(n_pages):
        first = number * page
        end = len(samples) if number == n_pages - 1 else first + page
        begin, until = Fraction(first, rate_hz), Fraction(end, rate_hz)
        shown = [
            (max(start, float(begin)) - float(begin), min(stop, float(until)) - float(begin), name)
            for start, stop, name in doubts
            if stop > begin and start < until
        ]
        yield waveform_plot(
            samples[first:end],
            rate_hz,
            _within(words, begin, until),
            _within(phones, begin, until),
            shown,
            float(begin),
        )


def native_rate_hz(path: Path) -> int:
    """At which the first sound track of a file is sampled. MediaError when there is none."""
    with open_media(path) as container:
        if not container.streams.audio:
            raise MediaError(str(path), "it has no sound", "Give a file with a sound track.")
        return int(container.streams.audio[0].rate)


def read_times(path: Path) -> Mapping[str, Any]:
    """The JSON of another aligner. MediaError when it is none."""
    remedy = "Give the .json that whisperx writes, or a TextGrid."
    try:
        times = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise MediaError(str(path), "there is no such file", remedy) from error
    except (OSError, ValueError) as error:
        raise MediaError(str(path), "it cannot be read as JSON", remedy) from error
    if not isinstance(times, dict):
        raise MediaError(str(path), "it holds no segments of words", remedy)
    return times


def _within(spans: Sequence[Span], begin: Fraction, until: Fraction) -> list[Span]:
    return [
        replace(span, start=max(span.start, begin) - begin, end=min(span.end, until) - begin)
        for span in spans
        if span.end > begin and span.start < until
    ]


def _sure(phones: Sequence[Phone]) -> float | None:
    known = [(p.confidence, float(p.end - p.start)) for p in phones if p.confidence is not None]
    length = sum(length for _, length in known)
    return round(sum(sure * length for sure, length in known) / length, 3) if length else None


def _seconds(time: Fraction) -> float:
    return round(float(time), _DIGITS)
