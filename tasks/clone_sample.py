"""The sample of a voice that is to be cloned: found, cleared, listened to, and compared with the one who consented."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from prefect import task
from prefect.cache_policies import NO_CACHE

from av_models.domain.cloning import CloneSample
from av_models.domain.consent import Clearance
from av_models.domain.corpus import CORPUS_RATE_HZ, Recording, Recordings
from av_models.domain.errors import InputError, MediaError
from av_models.domain.media import MediaRef
from tasks.artifacts import show_table
from tasks.caching import stage
from tasks.progress import Progress, announce
from tasks.workspace import configs_dir, find_input, media_dir, store

if TYPE_CHECKING:
    from av_models.io.consent_voice import SampleLikeness

__all__ = [
    "check_voice_match",
    "check_voice_recording",
    "find_sample",
    "keep_sample",
    "listen_to_sample",
    "sample_sounds",
]

Samples = NDArray[np.float32]
Row = dict[str, Any]

_MOST_S = 1200
_TABLES = (".tsv", ".csv")
_RECORD_AGAIN = "Record 10 to 60 s of one person close to a microphone in a quiet room, without music."


@task(name="find_sample", cache_policy=NO_CACHE, persist_result=False)
def find_sample(samples: Sequence[str], transcript: str, language: str) -> tuple[Recordings, tuple[str, ...]]:
    """Name and digest every file of the sample, with its text where there is one; nothing is decoded or kept yet.

    Returns also the paths. samples: files and folders.  transcript: of a single file the text or a file with it, of
    several a table of ids and texts; '' takes what lies beside the recordings, if anything does.
    """
    from av_models.io.consent_records import file_digest
    from av_models.io.recordings import folder_seal

    paths = _files(samples)
    texts = _texts(paths, transcript)
    names = [path.stem for path in paths]
    unique = [name if names.count(name) == 1 else f"{number}-{name}" for number, name in enumerate(names, start=1)]
    found = [
        Recording(name, path.name, file_digest(path), text)
        for name, path, text in zip(unique, paths, texts, strict=True)
    ]
    if twice := [one.file for n, one in enumerate(found) if one.digest in {other.digest for other in found[:n]}]:
        raise InputError(f"{twice[0]} is given twice.", "Give every recording once.")
    seal = folder_seal(one.digest for one in found)
    listing = store().put_json([asdict(one) for one in found])
    return Recordings(listing, len(found), seal, language), tuple(map(str, paths))


@task(name="check_voice_recording", cache_policy=NO_CACHE, persist_result=False)
def check_voice_recording(recordings: Recordings, clearance: Clearance) -> None:
    """ConsentError('voice-recording') when there is nothing that the voice in the sample could be compared with."""
    from av_models.io.consent_voice import clear_reference

    digests = [row["digest"] for row in store().json(recordings.listing)]
    clear_reference(configs_dir(), media_dir(), clearance.records[0].consent_id, clearance.purpose, digests)


@task(name="keep_sample", cache_policy=NO_CACHE, persist_result=False)
def keep_sample(recordings: Recordings, paths: Sequence[str]) -> tuple[MediaRef, ...]:
    """Take the cleared files in. MediaError when one of them is not the file any more that was cleared."""
    refs = []
    for path, row in zip(paths, store().json(recordings.listing), strict=True):
        ref = store().put_file(Path(path))
        if ref.digest != row["digest"]:
            raise MediaError(path, "it was changed just now", "Run again when it is finished.")
        refs.append(ref)
    return tuple(refs)


@stage("1")
def listen_to_sample(recordings: Recordings, media: Sequence[MediaRef]) -> CloneSample:
    """Decode, judge, level. MediaError when nothing of it can be used, or when two people speak."""
    from av_models.speech.sample import held_out_s

    rows: list[Row] = []
    sounds: list[Samples] = []
    marks: dict[str, NDArray[np.float32]] = {}
    with Progress("listen_to_sample", len(media), "recording") as progress:
        for number, (one, ref) in enumerate(zip(store().json(recordings.listing), media, strict=True), start=1):
            row, sound, windows = _heard(one, store().path(ref), _MOST_S - sum(len(s) for s in sounds) / CORPUS_RATE_HZ)
            rows.append(row)
            if sound is not None:
                marks[str(len(sounds))] = windows
                sounds.append(sound)
            progress.reach(number, one["name"])
    _refuse(rows)
    seconds = sum(len(sound) for sound in sounds) / CORPUS_RATE_HZ
    show_table("sample", [{key: row[key] for key in ("name", "seconds", "speech_s", "note")} for row in rows])
    return CloneSample(
        sounds=store().put_arrays(**{str(n): _pcm(sound) for n, sound in enumerate(sounds)}),
        marks=store().put_arrays(**marks),
        report=store().put_json(rows),
        digests=tuple(ref.digest for ref in media),
        language=recordings.language,
        seconds=Fraction(round(1000 * seconds), 1000),
        held_out_s=Fraction(round(1000 * held_out_s(seconds)), 1000),
    )


@task(name="check_voice_match", cache_policy=NO_CACHE, persist_result=False)
def check_voice_match(sample: CloneSample, clearance: Clearance) -> tuple[SampleLikeness, ...]:
    """Does every recording hold the voice of the one who consented? ConsentError('voice-match') where one does not,
    ConsentError('voice-recording') when there is nothing to compare with. Never cached, and logged either way."""
    from av_models.io.consent_voice import clear_likeness
    from tasks.voiceprints import likenesses

    consent_id, purpose = clearance.records[0].consent_id, clearance.purpose
    names = [row["name"] for row in store().json(sample.report) if row["usable"]]
    arrays = store().arrays(sample.marks)
    marks = {name: arrays[str(n)] for n, name in enumerate(names)}
    found = clear_likeness(
        configs_dir(),
        media_dir(),
        consent_id,
        purpose,
        sample.digests,
        lambda reference, kept: likenesses(marks, reference, kept),
    )
    rows = [{"recording": one.sample, "likeness": round(one.likeness, 3), "at least": one.least} for one in found]
    show_table("voice-match", rows, "Likeness to the voice recording of the consent")
    announce("voice match", f"likeness {min(one.likeness for one in found):.2f} to the consent's voice recording")
    return found


def sample_sounds(sample: CloneSample) -> tuple[list[Samples], float]:
    """The usable recordings as float32, and at which second of all of them together the held-out part begins."""
    arrays = store().arrays(sample.sounds)
    return [np.asarray(arrays[str(n)] / 32767, np.float32) for n in range(len(arrays))], float(sample.learnt_s)


def _files(samples: Sequence[str]) -> list[Path]:
    from av_models.io.recordings import recorded_files

    paths: list[Path] = []
    for name in samples:
        given = Path(name).expanduser()
        if given.is_dir():
            paths += recorded_files(given)
            continue
        path = find_input(name)
        if path is None:
            raise MediaError(name, "there is no such recording", "Check the path.")
        paths.append(path)
    if not paths:
        raise InputError("There is no sample.", "Give recordings of the voice with --sample FILE.")
    return paths


def _texts(paths: Sequence[Path], transcript: str) -> list[str]:
    from av_models.io.transcripts import read_transcripts, text_beside

    if not transcript.strip():
        return [text_beside(path) or "" for path in paths]
    path = find_input(transcript) if len(transcript) < 1000 and "\n" not in transcript else None
    if len(paths) > 1 or (path and path.suffix.lower() in _TABLES):
        if path is None:
            raise InputError(
                f"There is no table of transcripts '{transcript[:60]}'.",
                "Of several recordings, --transcript names a table with an id and a text on each line.",
            )
        table = read_transcripts(path)
        return [table.text_of(one.stem) or "" for one in paths]
    if path is None and transcript.strip().lower().endswith(".txt"):
        raise InputError(f"There is no text file {transcript}.", "Check the path, or give the text itself.")
    if path is None:
        return [" ".join(transcript.split())]
    from av_models.speech.script import decode_script

    return [" ".join(decode_script(path.read_bytes(), path.name).split())]


def _heard(one: Row, path: Path, room_s: float) -> tuple[Row, Samples | None, NDArray[np.float32]]:
    """What is to be said about a recording, its sound if it is usable, and the embeddings of its windows."""
    from av_models.io.recordings import sound_source
    from av_models.speech.corpus.loudness import gain_for
    from av_models.speech.corpus.sound_check import without_offset
    from av_models.speech.corpus.voices import two_voices
    from av_models.speech.sample import sample_faults, speech_s
    from av_models.speech.speaker import embed_windows

    none = np.zeros((0, 256), np.float32)
    row: Row = {"name": one["name"], "seconds": 0.0, "speech_s": 0.0, "usable": False, "note": "", "text": one["text"]}
    source = sound_source(path)
    raw = np.concatenate(list(source.blocks(CORPUS_RATE_HZ)) or [np.zeros(0, np.float32)])
    row |= {"seconds": round(len(raw) / CORPUS_RATE_HZ, 2), "rate_hz": source.rate_hz, "channels": source.n_channels}
    if room_s * CORPUS_RATE_HZ < len(raw):
        return row | {"note": f"left out: {_MOST_S // 60} minutes are enough"}, None, none
    faults = sample_faults(raw, CORPUS_RATE_HZ)
    if faults:
        return row | {"note": "; ".join(faults)}, None, none
    sound = without_offset(raw, CORPUS_RATE_HZ)
    windows = embed_windows(sound, CORPUS_RATE_HZ)
    if two_voices(windows):
        return row | {"note": "two people speak in it", "two_voices": True}, None, none
    row |= {"speech_s": round(speech_s(sound, CORPUS_RATE_HZ), 2), "usable": True}
    return row, np.asarray(sound * np.float32(gain_for(sound, CORPUS_RATE_HZ)), np.float32), windows


def _refuse(rows: Sequence[Row]) -> None:
    """Whatever is wrong with a single recording, with all of them, or two voices anywhere."""
    for row in rows:
        if row.get("two_voices"):
            raise MediaError(row["name"], "two people speak in it", "Cut out the parts of one of them.")
    if not any(row["usable"] for row in rows):
        why = "; ".join(f"{row['name']} is {row['note']}" for row in rows[:5])
        raise MediaError("the sample", f"no voice can be cloned from it: {why}", _RECORD_AGAIN)


def _pcm(sound: Samples) -> NDArray[np.int16]:
    return np.round(sound * 32767).clip(-32768, 32767).astype(np.int16)
