"""A script spoken without a picture: opened, and delivered line by line and as a whole.

    NNN.wav  NNN.TextGrid  NNN.png      one line
    speech.wav  speech.TextGrid  speech.png  speech.json      all of them
    script.json                                               the script as read, with every direction

Every WAV carries the watermark, the label in its head and a signed manifest. Sound of any length takes little memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from prefect import task
from prefect.cache_policies import NO_CACHE

from av_models.domain.consent import Clearance, VoiceCast
from av_models.domain.errors import InputError
from av_models.domain.provenance import ManifestFacts
from av_models.domain.script import Script
from av_models.domain.speech import Alignment, CheckedSpeech, Phone, Word
from av_models.forensics.self_check import findings_of
from tasks.artifacts import show_picture, show_table
from tasks.inputs import voices_by_role
from tasks.marked_sound import sound_facts, write_marked, write_marked_blocks
from tasks.progress import Progress, announce
from tasks.references import open_references
from tasks.texts import text_of
from tasks.voices import look_up
from tasks.workspace import media_dir, store

__all__ = ["deliver_speech", "note_speech", "open_speaking"]

Samples = NDArray[np.float32]

_LINE_GAP, _PARAGRAPH_GAP = Fraction(35, 100), Fraction(7, 10)
_RULE_ENGINES = ("espeak",)
_ENVELOPE_HZ = 50
_FORMAT = "understudy-speech/1"


@task(name="open_speaking", cache_policy=NO_CACHE, persist_result=False)
def open_speaking(
    script: str, voice: str, roles: Mapping[str, str], styles: Mapping[str, str]
) -> tuple[str, VoiceCast]:
    """The text of a script, its voices and its styles. script: the text, or the full path of a file."""
    from av_models.speech.script import LONGEST_SCRIPT

    text = text_of(script)
    if not text.strip():
        raise InputError("The script is empty.", "Write what shall be said, or name a text file.")
    if len(text) > LONGEST_SCRIPT:
        problem = f"The script has {len(text)} characters; {LONGEST_SCRIPT} are allowed."
        raise InputError(problem, "Split it into several scripts.")
    first = look_up(voice)
    return text, VoiceCast(first, voices_by_role(first, roles), open_references(styles))


@task(name="deliver_speech", cache_policy=NO_CACHE, persist_result=False)
def deliver_speech(
    folder: Path,
    script: Script,
    checked: Sequence[CheckedSpeech],
    alignments: Sequence[Alignment],
    clearance: Clearance,
    notes: Sequence[str],
    pictures: bool,
) -> dict[str, Any]:
    """Write everything into `folder`; returns what speech.json holds."""
    title = script.title or "speech"
    trained = any(one.speech.utterance.voice.engine not in _RULE_ENGINES for one in checked)
    facts = sound_facts(title, script.language, clearance, trained)
    starts, rate_hz = _starts(script, alignments)
    with Progress("deliver_speech", len(alignments) + 1, "line") as progress:
        for number, alignment in enumerate(alignments, start=1):
            _line(folder, number, alignment, replace(facts, title=f"{title}, line {number}"), pictures)
            progress.reach(number)
        _whole(folder, alignments, starts, rate_hz, facts)
    report = _report(title, script, checked, alignments, starts, clearance, [*script.notes, *notes])
    (folder / "script.json").write_text(
        json.dumps(asdict(script), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    (folder / "speech.json").write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    _show(folder, report)
    return report


@task(name="note_speech", cache_policy=NO_CACHE, persist_result=False)
def note_speech(folder: Path, clearance: Clearance, n_lines: int) -> None:
    """Write into the audit log what now lies in `folder`, so that a revocation can name every file."""
    from av_models.io.consent import record_output
    from av_models.io.consent_records import file_digest

    for name in ("speech.wav", *(f"{number:03d}.wav" for number in range(1, n_lines + 1))):
        record_output(media_dir(), clearance.consent_ids, "speech", file_digest(folder / name), str(folder / name))


def _starts(script: Script, alignments: Sequence[Alignment]) -> tuple[list[Fraction], int]:
    """When each line begins in the whole, on samples of the highest rate among them."""
    rate_hz = max(one.speech.rate_hz for one in alignments)
    starts, at, before = [], Fraction(0), None
    for line, alignment in zip(script.lines, alignments, strict=True):
        if before is not None:
            at += _LINE_GAP if line.paragraph == before.paragraph else _PARAGRAPH_GAP
        starts.append(at)
        at += Fraction(_n_samples(alignment, rate_hz), rate_hz)
        before = line
    return starts, rate_hz


def _n_samples(alignment: Alignment, rate_hz: int) -> int:
    return -(-alignment.speech.n_samples * rate_hz // alignment.speech.rate_hz)


def _line(folder: Path, number: int, alignment: Alignment, facts: ManifestFacts, pictures: bool) -> None:
    from av_models.io.audio import read_wav
    from av_models.io.preview import waveform_plot
    from av_models.io.textgrid import textgrid_text
    from av_models.speech.melody import track_pitch

    samples, rate_hz = read_wav(store().path(alignment.speech.audio))
    write_marked(folder / f"{number:03d}.wav", samples, rate_hz, facts)
    (folder / f"{number:03d}.TextGrid").write_text(textgrid_text(alignment), encoding="utf-8")
    if pictures:
        track = np.asarray(track_pitch(samples, rate_hz)[0], np.float32)
        picture = waveform_plot(samples, rate_hz, alignment.words, alignment.phones, pitch_hz=track)
        (folder / f"{number:03d}.png").write_bytes(picture)


def _whole(
    folder: Path, alignments: Sequence[Alignment], starts: Sequence[Fraction], rate_hz: int, facts: ManifestFacts
) -> None:
    from av_models.io.textgrid import textgrid_of
    from av_models.io.voice_pictures import overview_png

    envelope: list[Samples] = []
    melody: list[Samples] = []
    write_marked_blocks(folder / "speech.wav", _blocks(alignments, starts, rate_hz, envelope, melody), rate_hz, facts)
    end = starts[-1] + Fraction(_n_samples(alignments[-1], rate_hz), rate_hz)
    words = [_later(word, start) for one, start in zip(alignments, starts, strict=True) for word in one.words]
    phones = [_later(phone, start) for one, start in zip(alignments, starts, strict=True) for phone in one.phones]
    (folder / "speech.TextGrid").write_text(textgrid_of(words, phones, end), encoding="utf-8")
    picture = overview_png(
        np.concatenate(envelope), np.concatenate(melody), float(end), [float(start) for start in starts], facts.title
    )
    (folder / "speech.png").write_bytes(picture)


def _blocks(
    alignments: Sequence[Alignment],
    starts: Sequence[Fraction],
    rate_hz: int,
    envelope: list[Samples],
    melody: list[Samples],
) -> Iterator[Samples]:
    """The lines one after the other with their pauses; what the picture needs of each is put into the lists."""
    from av_models.io.audio import read_wav
    from av_models.io.resampled import resampled
    from av_models.speech.neural.mels import RATE_HZ
    from av_models.speech.neural.pitch import pitch_hz

    reached = 0
    for alignment, start in zip(alignments, starts, strict=True):
        samples, own_hz = read_wav(store().path(alignment.speech.audio))
        gap = np.zeros(round(start * rate_hz) - reached, np.float32)
        line = resampled(samples, own_hz, rate_hz, _n_samples(alignment, rate_hz))
        for sound in (gap, line):
            envelope.append(_peaks(sound, rate_hz))
        track = pitch_hz(resampled(samples, own_hz, RATE_HZ))
        melody += [np.zeros(round(len(gap) / rate_hz * _ENVELOPE_HZ), np.float32), _thinned(track, line, rate_hz)]
        reached += len(gap) + len(line)
        yield from (gap, line)


def _peaks(sound: Samples, rate_hz: int) -> Samples:
    step = rate_hz // _ENVELOPE_HZ
    return np.asarray(np.abs(sound[: len(sound) // step * step].reshape(-1, step)).max(axis=1, initial=0.0), np.float32)


def _thinned(track: NDArray[np.float32], line: Samples, rate_hz: int) -> Samples:
    n = max(1, round(len(line) / rate_hz * _ENVELOPE_HZ))
    if not len(track):
        return np.zeros(n, np.float32)
    return np.asarray(track[(np.arange(n) * len(track)) // n], np.float32)


def _later(span: Any, by: Fraction) -> Any:
    assert isinstance(span, Word | Phone)
    return replace(span, start=span.start + by, end=span.end + by)


def _report(
    title: str,
    script: Script,
    checked: Sequence[CheckedSpeech],
    alignments: Sequence[Alignment],
    starts: Sequence[Fraction],
    clearance: Clearance,
    notes: Sequence[str],
) -> dict[str, Any]:
    from av_models.speech.directions import told

    voices = {one.speech.utterance.voice for one in checked}
    lines = [
        {
            "line": number,
            "role": one.utterance.line.role,
            "text": one.utterance.line.written,
            "directions": told(one.utterance.line),
            "performed": one.utterance.performance is not None,
            "voice": one.utterance.voice.name,
            "seed": one.utterance.seed,
            "start_s": round(float(start), 4),
            "duration_s": round(float(one.duration), 4),
            "aligner": alignment.aligner,
            "takes": check.n_takes,
            "flaws": [flaw.sentence for flaw in check.flaws],
        }
        for number, (check, alignment, start) in enumerate(zip(checked, alignments, starts, strict=True), start=1)
        for one in (check.speech,)
    ]
    return {
        "format": _FORMAT,
        "title": title,
        "label": "AI-generated",
        "language": script.language,
        "voices": [
            {
                "name": v.name,
                "engine": v.engine,
                "licence": v.licence,
                "program": asdict(v.program) if v.program else None,
            }
            for v in sorted(voices, key=lambda v: v.name)
        ],
        "consent_ids": list(clearance.consent_ids),
        "seconds": round(lines[-1]["start_s"] + lines[-1]["duration_s"], 3),  # type: ignore[operator]
        "lines": lines,
        "self_check": findings_of(checked),
        "notes": list(notes),
    }


def _show(folder: Path, report: dict[str, Any]) -> None:
    n_flawed = sum(bool(line["flaws"]) for line in report["lines"])
    said = f"{len(report['lines'])} lines, {report['seconds']:.1f} s"
    said += f"; {n_flawed} with a finding of the self-check" if n_flawed else "; the self-check found nothing"
    show_picture("speech", (folder / "speech.png").read_bytes(), said)
    rows = [
        {key: line[key] for key in ("line", "role", "voice", "text", "duration_s", "takes")} for line in report["lines"]
    ]
    show_table("speech-lines", rows[:300], said)
    announce("speech", said)
