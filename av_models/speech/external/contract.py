"""The contract with a program that speaks, as CONTRACT.md tells its author: requests are written, answers are read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from av_models.domain.errors import InputError, ModelError, ResourceError, UnderstudyError
from av_models.domain.script import Token
from av_models.domain.speech import BREATH, SILENCE, Phone
from av_models.speech.arpabet import is_phone
from av_models.speech.normalise import with_capitals
from av_models.speech.phones import pronounce
from av_models.speech.reel import Run

__all__ = [
    "CONTRACT", "DURATIONS", "Description", "SaidPhone", "SaidWord", "describe_request", "read_description",
    "read_phones", "read_words", "refusal", "speak_request", "words_of",
]  # fmt: skip

CONTRACT = "understudy-engine/1"
DURATIONS = "durations"
_KINDS: Mapping[str, type[UnderstudyError]] = {"input": InputError, "model": ModelError, "resource": ResourceError}
_FINEST = 1_000_000
"""Times are told in seconds, and believed to the microsecond."""


@dataclass(frozen=True, slots=True)
class Description:
    """What a program says of itself. model, licence: of the weights.  can: its abilities, such as DURATIONS."""

    engine: str
    version: str
    model: str
    licence: str
    can: frozenset[str]


@dataclass(frozen=True, slots=True)
class SaidWord:
    """word: counted in the request."""

    word: int
    start: Fraction
    end: Fraction


@dataclass(frozen=True, slots=True)
class SaidPhone:
    """word: counted in the request, None for a silence."""

    label: str
    start: Fraction
    end: Fraction
    word: int | None
    ipa: str


def describe_request() -> dict[str, Any]:
    return {"contract": CONTRACT, "ask": "describe"}


def words_of(runs: Sequence[Run], language: str) -> list[dict[str, Any]]:
    """Every spoken word with the punctuation behind it, and how it should be said where that is known or asked for."""
    words: list[dict[str, Any]] = []
    for run in runs:
        for token in run.tokens:
            words += _words_of(token, language)
        if not words[-1]["after"]:
            words[-1]["after"] = "." if run.last else ","
    return words


def speak_request(
    words: Sequence[Mapping[str, Any]],
    language: str,
    seed: int,
    options: Mapping[str, str],
    files: Mapping[str, Sequence[Path]],
    out: Path,
    phones: Sequence[tuple[Phone, int | None]] = (),
) -> dict[str, Any]:
    """files: 'samples' and 'weights'. phones: with the word that each belongs to, where durations are imposed."""
    imposed = [
        {"label": phone.label, "start_s": float(phone.start), "end_s": float(phone.end), "word": word}
        for phone, word in phones
    ]
    text = " ".join(f"{word['text']}{word['after']}" for word in words)
    return {
        "contract": CONTRACT,
        "ask": "speak",
        "text": text[:1].upper() + text[1:],
        "words": list(words),
        "language": language,
        "seed": seed,
        "options": dict(options),
        "samples": [str(path) for path in files.get("samples", ())],
        "weights": [str(path) for path in files.get("weights", ())],
        "durations": imposed or None,
        "out": str(out),
    }


def refusal(answer: Mapping[str, Any], name: str) -> UnderstudyError | None:
    """The error that a program answers with, if it does; or the one for an answer of another contract."""
    if answer.get("contract") != CONTRACT:
        told = answer.get("contract")
        return ModelError(f"{name} speaks contract {told!r}, and not {CONTRACT!r}.", "Use an adapter made for it.")
    if "error" not in answer:
        return None
    kind = _KINDS.get(str(answer.get("kind", "model")), ModelError)
    return kind(f"{name}: {_sentence(answer['error'])}", _sentence(answer.get("remedy", "")))


def read_description(answer: Mapping[str, Any], name: str) -> Description:
    """ModelError when a field is missing or of another kind."""
    texts = {key: answer.get(key, "") for key in ("engine", "version", "model", "licence")}
    can = answer.get("can", [])
    missing = [key for key in ("engine", "version", "licence") if not texts[key]]
    wrong = [key for key, value in texts.items() if not isinstance(value, str)]
    if missing or wrong or not isinstance(can, list):
        what = f"{(missing or wrong or ['can'])[0]} is missing or of the wrong kind"
        raise _broken(name, f"it does not describe itself: {what}")
    return Description(**{key: str(value) for key, value in texts.items()}, can=frozenset(map(str, can)))


def read_words(answer: Mapping[str, Any], n_words: int, length: Fraction, name: str) -> tuple[SaidWord, ...]:
    """() where the program does not know. ModelError for times that cannot be."""
    rows = _rows(answer, "words", name)
    if not rows:
        return ()
    if len(rows) != n_words:
        raise _broken(name, f"it gives times of {len(rows)} words for {n_words}")
    spans = _spans(rows, length, name, "word")
    return tuple(SaidWord(number, *span) for number, span in enumerate(spans))


def read_phones(answer: Mapping[str, Any], n_words: int, length: Fraction, name: str) -> tuple[SaidPhone, ...]:
    """() where the program does not know. ModelError for labels that are no phones, and times that cannot be."""
    rows = _rows(answer, "phones", name)
    phones = []
    reached = 0
    for row, (start, end) in zip(rows, _spans(rows, length, name, "phone"), strict=True):
        label, word = str(row.get("label", "")), row.get("word")
        silent = label in (SILENCE, BREATH)
        if not silent and not is_phone(label):
            raise _broken(name, f"'{label}' is no phone of ARPAbet, nor {SILENCE}")
        if not silent and (not isinstance(word, int) or not reached <= word < n_words):
            raise _broken(name, f"the phone {label} belongs to no word, or words are out of order")
        reached = reached if silent or word is None else word
        phones.append(SaidPhone(SILENCE if silent else label, start, end, None if silent else word, _ipa(row)))
    return tuple(phones)


def _words_of(token: Token, language: str) -> list[dict[str, Any]]:
    english = language.lower().startswith("en")
    asked = {
        "emphasis": int(token.emphasis),
        "rate": token.direction.rate,
        "pitch_st": token.direction.pitch_st,
    }
    words = [
        {"text": text, "after": "", "phones": list(token.phones or (pronounce(word) if english else ())), **asked}
        for word, text in zip(token.spoken, with_capitals(token.written, token.spoken, language), strict=True)
    ]
    if words:
        words[-1]["after"] = token.break_after
    return words


def _rows(answer: Mapping[str, Any], key: str, name: str) -> list[Mapping[str, Any]]:
    rows = answer.get(key) or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _broken(name, f"'{key}' is no list of times")
    return rows


def _spans(
    rows: Sequence[Mapping[str, Any]], length: Fraction, name: str, what: str
) -> list[tuple[Fraction, Fraction]]:
    spans: list[tuple[Fraction, Fraction]] = []
    for number, row in enumerate(rows):
        times = row.get("start_s"), row.get("end_s")
        if not all(isinstance(time, int | float) and math.isfinite(time) for time in times):
            raise _broken(name, f"{what} {number} has no times")
        start, end = (Fraction(time).limit_denominator(_FINEST) for time in times if time is not None)
        if start < (spans[-1][1] if spans else 0) or end < start or end > length + Fraction(1, 100):
            raise _broken(name, f"{what} {number} ({float(start):.3f} to {float(end):.3f} s) is out of order or range")
        spans.append((start, min(end, length)))
    return spans


def _ipa(row: Mapping[str, Any]) -> str:
    return str(row.get("ipa") or "")


def _sentence(text: object) -> str:
    """As a program writes it: one line, with a full stop."""
    plain = " ".join(str(text).split())[:600]
    return plain if not plain or plain[-1] in ".!?" else f"{plain}."


def _broken(name: str, problem: str) -> ModelError:
    return ModelError(f"{name} breaks the contract {CONTRACT}: {problem}.", "Correct the adapter; see its CONTRACT.md.")
