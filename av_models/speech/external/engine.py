"""Any speech engine behind a command: asked run by run, its sound checked, the marks of the script obeyed here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from uuid import uuid4

import numpy as np

from av_models.domain.errors import InputError
from av_models.domain.script import Line
from av_models.domain.speech import BREATH, SILENCE, Phone
from av_models.speech.engine import Synthesis
from av_models.speech.reel import Run, Said, lay, runs_of, trimmed
from av_models.speech.times import NO_WORD, Stretch, close_gaps, divide_phones, to_phones, to_words

from .contract import (
    DURATIONS,
    Description,
    SaidPhone,
    describe_request,
    read_description,
    read_phones,
    read_words,
    speak_request,
    words_of,
)
from .program import Program, running
from .settings import Asked, read_settings
from .sound import read_sound, sounding

__all__ = ["ExternalEngine"]

_UNTOLD = "?"
"""The label of speech of which the program does not say what it is; it never leaves this file."""

_DESCRIBE_S = 120.0
_LATE_S = Fraction(25, 1000)
_OFF_S = Fraction(50, 1000)
_SOUNDS = ((b"RIFF", ".wav"), (b"fLaC", ".flac"), (b"OggS", ".ogg"), (b"ID3", ".mp3"), (b"\xff\xfb", ".mp3"))


class ExternalEngine:
    """Settings: command (as a shell would read it), mode (serve keeps the program for the next line, once starts it for
    each), timeout_s of every answer, breath (level of [breath]); all others are handed to the program as its options.

    weights: sound among them are samples of the speaker.
    """

    name = "external"

    def synthesize(
        self, line: Line, settings: Mapping[str, str], weights: Sequence[bytes], language: str, seed: int
    ) -> Synthesis:
        asked = read_settings(settings)
        known = {"words": True, "phones": True}

        def say(run: Run) -> Said:
            with _running(asked) as program:
                said, told = _say(asked, program, run, weights, language, seed + run.first_word)
            known["phones"] &= told == "phones"
            known["words"] &= told != ""
            return said

        take = lay(line, say, lambda samples, _: samples, seed, asked.breath)
        return replace(take, words=take.words if known["words"] else (), phones=take.phones if known["phones"] else ())

    def describe(self, settings: Mapping[str, str]) -> Description:
        """What the program says of itself; nothing is loaded for it. Errors as those of `synthesize`."""
        return _described(read_settings(settings))

    def can_respeak(self, settings: Mapping[str, str]) -> bool:
        """Whether the program takes durations."""
        return DURATIONS in self.describe(settings).can

    def respeak(
        self,
        line: Line,
        phones: Sequence[Phone],
        settings: Mapping[str, str],
        weights: Sequence[bytes],
        language: str,
        seed: int,
    ) -> Synthesis:
        """As `TimedEngine`, where the program takes durations; InputError too when it does not keep to them."""
        asked = read_settings(settings)
        if DURATIONS not in _described(asked).can:
            raise InputError("The program takes no durations.", "Use another voice.")
        owned = list(zip(phones, _owners(phones, line.spoken, language), strict=True))
        words = words_of(runs_of(line), language)
        with _running(asked) as program:
            request = speak_request(
                words, language, seed, asked.options, _files(program, weights), _new(program), owned
            )
            answer = program.ask(request, asked.timeout_s, last=asked.once)
            samples, rate_hz = read_sound(Path(request["out"]), program.name)
            Path(request["out"]).unlink()
        n = round(phones[-1].end * rate_hz)
        if abs(samples.size - n) > _OFF_S * rate_hz:
            problem = f"{program.name} was asked for {n / rate_hz:.2f} s and spoke {samples.size / rate_hz:.2f} s."
            raise InputError(problem, "Use another voice.")
        _check_kept(read_phones(answer, len(words), Fraction(samples.size, rate_hz), program.name), phones, program)
        samples = np.pad(samples, (0, max(0, n - samples.size)))[:n]
        stretches = [
            Stretch(p.label, round(p.start * rate_hz), round(p.end * rate_hz), NO_WORD if word is None else word, p.ipa)
            for p, word in owned
        ]
        closed = close_gaps(stretches, n)
        return Synthesis(samples, rate_hz, to_words(closed, line.spoken, rate_hz), to_phones(closed, rate_hz))


def _running(asked: Asked) -> AbstractContextManager[Program]:
    return running(asked.command, _identity(asked.command), serve=not asked.once)


def _identity(command: Sequence[str]) -> str:
    """Changes with the files that a command names."""
    files = [Path(word) for word in command[1:] if Path(word).is_file()]
    return " ".join(f"{path.stat().st_size}.{path.stat().st_mtime_ns}" for path in files)


_descriptions: dict[tuple[tuple[str, ...], str], Description] = {}


def _described(asked: Asked) -> Description:
    key = asked.command, _identity(asked.command)
    if key not in _descriptions:
        with _running(asked) as program:
            answer = program.ask(describe_request(), min(asked.timeout_s, _DESCRIBE_S), last=asked.once)
            _descriptions[key] = read_description(answer, program.name)
    return _descriptions[key]


def _say(
    asked: Asked, program: Program, run: Run, weights: Sequence[bytes], language: str, seed: int
) -> tuple[Said, str]:
    """One run, and what the program told of its times: 'phones', 'words' or ''."""
    words = words_of((run,), language)
    request = speak_request(words, language, seed, asked.options, _files(program, weights), _new(program))
    answer = program.ask(request, asked.timeout_s, last=asked.once)
    out = Path(request["out"])
    samples, rate_hz = read_sound(out, program.name)
    out.unlink()
    length = Fraction(samples.size, rate_hz)
    if phones := read_phones(answer, len(words), length, program.name):
        stretches = [
            Stretch(p.label, round(p.start * rate_hz), round(p.end * rate_hz), _owner(p.word), p.ipa) for p in phones
        ]
        return trimmed(samples, rate_hz, close_gaps(stretches, samples.size)), "phones"
    first, end = sounding(samples, rate_hz)
    told = read_words(answer, len(words), length, program.name)
    spans = [Stretch(_UNTOLD, round(w.start * rate_hz), round(w.end * rate_hz), w.word) for w in told]
    first, end = min([first, *(s.first for s in spans)]), max([end, *(s.end for s in spans)])
    return trimmed(samples, rate_hz, _filled(spans, first, end, samples.size)), "words" if told else ""


def _filled(spans: Sequence[Stretch], first: int, end: int, n_samples: int) -> list[Stretch]:
    """first..end covered with speech, silence around it."""
    filled = [Stretch(SILENCE, 0, first)] if first else []
    at = first
    for span in [*spans, Stretch(_UNTOLD, end, end)]:
        if span.first > at:
            filled.append(Stretch(_UNTOLD, at, span.first))
        if span.end > max(at, span.first):
            filled.append(replace(span, first=max(at, span.first)))
        at = max(at, span.end)
    return [*filled, *([Stretch(SILENCE, end, n_samples)] if end < n_samples else [])]


def _owner(word: int | None) -> int:
    return NO_WORD if word is None else word


def _owners(phones: Sequence[Phone], words: Sequence[str], language: str) -> list[int | None]:
    """The word of each phone, None for what is no sound of speech."""
    spoken = [phone.label for phone in phones if phone.label not in (SILENCE, BREATH)]
    owners = iter(divide_phones(spoken, words, language))
    return [None if phone.label in (SILENCE, BREATH) else next(owners) for phone in phones]


def _check_kept(said: Sequence[SaidPhone], wanted: Sequence[Phone], program: Program) -> None:
    """A program that tells where its phones really are is measured by that."""
    told = [phone.start for phone in said if phone.label != SILENCE]
    asked = [phone.start for phone in wanted if phone.label not in (SILENCE, BREATH)]
    late = max((abs(a - b) for a, b in zip(told, asked, strict=False)), default=Fraction(0))
    if said and (len(told) != len(asked) or late > _LATE_S):
        off = f"{len(told)} phones for {len(asked)}, up to {1000 * float(late):.0f} ms off"
        raise InputError(f"{program.name} did not keep to the durations it was given ({off}).", "Use another voice.")


def _files(program: Program, weights: Sequence[bytes]) -> dict[str, list[Path]]:
    """The voice's files in the program's folder: what sounds as 'samples', the others as 'weights'."""
    files: dict[str, list[Path]] = {"samples": [], "weights": []}
    for data in weights:
        suffix = next((suffix for magic, suffix in _SOUNDS if data.startswith(magic)), "")
        path = program.folder / f"{hashlib.sha256(data).hexdigest()[:16]}{suffix or '.bin'}"
        if not path.is_file():
            path.write_bytes(data)
        files["samples" if suffix else "weights"].append(path)
    return files


def _new(program: Program) -> Path:
    """Where the next sound shall lie."""
    return program.folder / f"{uuid4().hex}.wav"
