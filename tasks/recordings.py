"""What `flow run align` is given and what it leaves: a recording with its text, a TextGrid, JSON and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from prefect import task
from prefect.cache_policies import NO_CACHE

from av_models.alignment.aligner import Aligned
from av_models.domain.errors import InputError, MediaError
from av_models.domain.media import MediaRef
from av_models.domain.script import Line
from tasks.alignment import SOUND_HZ
from tasks.artifacts import in_run, show_picture
from tasks.workspace import find_input, media_dir, store

__all__ = ["Recording", "open_recording", "write_alignment"]

# Speech on the telephone ends below 4 kHz; the least of a full recording lies above it all the same.
_HIGH_HZ, _LEAST_HIGH_SHARE, _HEARD_S = 4200, 1e-6, 60
# Of speech, 0.02 % of the samples lie within 1.5 % of the peak at most; of clipped speech several per cent do.
_CLIPPED_SHARE, _CLIPPED_AT, _FULL = 0.002, 0.985, 0.5


@dataclass(frozen=True, slots=True)
class Recording:
    """name: the file's.  line: the whole text as one.  times: what another program found, or None."""

    name: str
    media: MediaRef
    line: Line
    language: str
    times: MediaRef | None
    warnings: tuple[str, ...]


@task(name="open_recording", cache_policy=NO_CACHE, persist_result=False)
def open_recording(audio: str, text: str, language: str, times: str) -> Recording:
    """Bring a recording and its text in. Raises InputError and MediaError for what cannot be used."""
    from av_models.io.aligned_files import native_rate_hz
    from av_models.io.audio import read_audio

    path = _named(audio, "recording")
    line = _line(text, language)
    rate_hz = native_rate_hz(path)
    warnings = _warnings(read_audio(path, rate_hz), rate_hz)
    given = store().put_file(_named(times, "file of times")) if times else None
    return Recording(path.name, store().put_file(path), line, language, given, tuple(warnings))


@task(name="write_alignment", cache_policy=NO_CACHE, persist_result=False)
def write_alignment(recording: Recording, found: Aligned, out: str = "") -> dict[str, Any]:
    """TextGrid, JSON and pictures in `out`; returns what was found about the recording, and where they lie."""
    from av_models.io.aligned_files import alignment_json, alignment_pages
    from av_models.io.audio import read_audio
    from av_models.io.disk import new_file
    from av_models.io.textgrid import textgrid_of

    stem = Path(recording.name).stem
    folder = Path(out) if out else media_dir() / "out" / "align" / stem
    samples = read_audio(store().path(recording.media), SOUND_HZ)
    facts = _facts(recording, found, Fraction(len(samples), SOUND_HZ))
    doubts = [
        (doubt.start_s, doubt.end_s, doubt.word or "?")
        for doubt in (found.verdict.doubts if found.verdict else ())
        if doubt.start_s is not None and doubt.end_s is not None
    ]
    grid = textgrid_of(found.words, found.phones, Fraction(len(samples), SOUND_HZ))
    files = {
        f"{stem}.TextGrid": grid.encode(),
        f"{stem}.json": alignment_json(found.words, found.phones, facts).encode(),
    }
    pages = list(alignment_pages(samples, SOUND_HZ, found.words, found.phones, doubts))
    pictures = [f"{stem}.png" if len(pages) == 1 else f"{stem}-{n:03d}.png" for n in range(1, len(pages) + 1)]
    files |= dict(zip(pictures, pages, strict=True))
    for name, data in files.items():
        with new_file(folder / name, len(data)) as part:
            part.write_bytes(data)
    if in_run():
        show_picture("alignment", pages[0], facts["verdict"]["sentence"] or f"{recording.name} aligned")
    return {
        **facts,
        "textgrid": str(folder / f"{stem}.TextGrid"),
        "json": str(folder / f"{stem}.json"),
        "pictures": [str(folder / name) for name in pictures],
    }


def _named(name: str, what: str) -> Path:
    path = find_input(name)
    if path is None:
        raise MediaError(name, f"there is no such {what}", "Check the path.")
    return path


def _line(text: str, language: str) -> Line:
    """Text or text file as one line, whoever speaks."""
    from av_models.speech.script import decode_script, read_script

    path = find_input(text) if text.strip() and "\n" not in text and len(text) < 1000 else None
    if path is None and text.strip().lower().endswith(".txt"):
        raise InputError(f"There is no text file {text}.", "Check the path, or give the text itself.")
    plain = decode_script(path.read_bytes(), path.name) if path else text
    lines = read_script(plain, language).lines
    return Line("", tuple(token for line in lines for token in line.tokens))


def _warnings(samples: np.ndarray, rate_hz: int) -> Sequence[str]:
    """samples: as they were recorded, at their own rate, for a change of rate rounds clipped peaks off."""
    warnings = []
    peak = float(np.abs(samples).max(initial=0.0))
    if peak >= _FULL and float((np.abs(samples) >= _CLIPPED_AT * peak).mean()) > _CLIPPED_SHARE:
        warnings.append("The recording is clipped: boundaries next to loud sounds are less certain.")
    if rate_hz < 2 * _HIGH_HZ or _high_share(samples, rate_hz) < _LEAST_HIGH_SHARE:
        warnings.append("The recording has no sound above 4 kHz: s, f and th are less certain.")
    return warnings


def _high_share(samples: np.ndarray, rate_hz: int) -> float:
    """Of the power of the first minute, what lies above the telephone's band."""
    power = np.square(np.abs(np.fft.rfft(samples[: _HEARD_S * rate_hz])))
    return float(power[int(_HIGH_HZ / rate_hz * 2 * (len(power) - 1)) :].sum() / max(power.sum(), 1e-12))


def _rounded(time_s: float | None) -> float | None:
    return None if time_s is None else round(time_s, 3)


def _facts(recording: Recording, found: Aligned, duration: Fraction) -> dict[str, Any]:
    verdict = found.verdict
    doubts = [
        {"kind": str(d.kind), "index": d.index, "word": d.word, "start": _rounded(d.start_s), "end": _rounded(d.end_s)}
        for d in (verdict.doubts if verdict else ())
    ]
    events = [{"kind": str(e.kind), "start": round(e.start_s, 3), "end": round(e.end_s, 3)} for e in found.events]
    return {
        "name": recording.name,
        "sha256": recording.media.digest,
        "language": recording.language,
        "aligner": found.aligner,
        "cross_language": found.aligner == "pocketsphinx" and not recording.language.lower().startswith("en"),
        "duration_s": round(float(duration), 4),
        "n_words": len(found.words),
        "fit": found.score,
        "verdict": {
            "possible": verdict.possible if verdict else None,
            "exact": verdict.exact if verdict else None,
            "score": round(verdict.score, 3) if verdict else None,
            "sentence": verdict.sentence if verdict else "",
            "doubts": doubts,
        },
        "events": events,
        "warnings": list(recording.warnings),
    }
