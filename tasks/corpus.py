"""Preparation of a voice's recordings as a stage: recordings with texts in, clips that a voice can be trained on out.

Every recording is kept as soon as it is done, by its content, so that an interrupted preparation goes on where it was
and a changed transcript is the only one that is looked at again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from prefect import task
from prefect.cache_policies import NO_CACHE

from av_models.domain.corpus import CORPUS_RATE_HZ, Corpus, Recording, Recordings
from av_models.domain.errors import MediaError
from av_models.domain.media import MediaRef
from tasks.caching import stage
from tasks.progress import Progress
from tasks.workspace import store

if TYPE_CHECKING:
    from av_models.speech.corpus.clips import Clip, Sound
    from av_models.speech.corpus.shard import StoredClip
    from av_models.speech.corpus.voices import VoiceMark

__all__ = ["corpus_clips", "list_recordings", "prepare_corpus"]

Row = dict[str, Any]

_VERSION = "1"
"""Of what is kept for each recording."""

_IN_MEMORY_S = 60.0
_ONE_IN = 20


@task(name="list_recordings", cache_policy=NO_CACHE, persist_result=False)
def list_recordings(folder: Path, transcripts: Path | None, language: str) -> Recordings:
    """What lies in a folder, and what is said in it. Never cached: a file may hold something else today."""
    from av_models.io.recordings import find_recordings

    with Progress("list_recordings", 0, "recording") as progress:
        found = find_recordings(folder, transcripts, lambda done, total: progress.update(done / total))
    rows = [{"name": one.name, "file": one.file, "digest": one.digest, "text": one.text} for one in found.recordings]
    return Recordings(store().put_json(rows), len(rows), found.seal, language, found.unheard)


@stage("1")
def prepare_corpus(recordings: Recordings, folder: str, held_out: str) -> Corpus:
    """Cut, check, align and level every recording of `folder`.

    held_out: a regular expression for ids that are never trained on; '' holds back one prompt in 20. All takes of a
    prompt stand on the same side.
    """
    listed = [Recording(**row) for row in store().json(recordings.listing)]
    work = store().workdir(f"corpus-{_VERSION}")
    sizes = [max(1, (Path(folder) / one.file).stat().st_size) for one in listed]
    entries, done = [], 0
    with Progress("prepare_corpus", 0, "clip") as progress:
        for one, size in zip(listed, sizes, strict=True):
            told = partial(_tell, progress, done / sum(sizes), size / sum(sizes), f"{one.name}")
            entries.append(_kept(work, one, Path(folder), recordings.language, told))
            done += size
            told(1.0)
    return _corpus(entries, recordings, held_out)


def corpus_clips(corpus: Corpus) -> Iterator[tuple[Row, StoredClip]]:
    """Every good clip with its row, a shard in memory at a time."""
    from av_models.speech.corpus.shard import shard_clips

    rows = {row["id"]: row for row in store().json(corpus.clips) if not row["faults"]}
    for shard in corpus.shards:
        for clip in shard_clips(store().arrays(shard)):
            if clip.id in rows:
                yield rows[clip.id], clip


def _tell(progress: Progress, before: float, part: float, note: str, share: float) -> None:
    progress.update(before + part * share, note=note)


def _kept(work: Path, one: Recording, folder: Path, language: str, told: partial[None]) -> Row:
    """The entry of a recording: from an earlier run, if what it names is still there."""
    from av_models.io.disk import new_file

    key = hashlib.sha256(f"{one.name}\0{one.digest}\0{one.text}\0{language}".encode()).hexdigest()[:32]
    place = work / f"{key}.json"
    if place.is_file():
        entry: Row = json.loads(place.read_text(encoding="utf-8"))
        if all(store().has(ref) for ref in _blobs(entry)):
            return entry
    entry = _entry(one, folder, language, told)
    with new_file(place) as part:
        part.write_text(json.dumps(entry, ensure_ascii=False), encoding="utf-8")
    return entry


def _entry(one: Recording, folder: Path, language: str, told: partial[None]) -> Row:
    from av_models.speech.corpus.shard import shard_arrays

    clips = _clips(one, folder, language, told)
    several = len(clips) > 1
    rows = [_row(one, number if several else None, clip) for number, clip in enumerate(clips, start=1)]
    good = [(row, clip) for row, clip in zip(rows, clips, strict=True) if not clip.faults]
    entry: Row = {"rows": rows, "shard": "", "marks": "", "pitch": [], "phones": {}}
    if good:
        entry |= _measured([clip for _, clip in good], [row for row, _ in good])
        arrays = shard_arrays([row["id"] for row, _ in good], [clip for _, clip in good])
        entry["shard"] = store().put_arrays(**arrays).digest
    return entry


def _clips(one: Recording, folder: Path, language: str, told: partial[None]) -> list[Clip]:
    from av_models.speech.corpus.clips import Clip, clips_of

    scratch = store().workdir(f"corpus-{_VERSION}") / f"{one.digest[:32]}.f32"
    try:
        sound = _sound(folder / one.file, scratch)
        return list(clips_of(sound, one.text, language, told))
    except MediaError as error:
        return [Clip(0.0, 0.0, one.text, None, (f"not readable ({error.message})",))]
    finally:
        scratch.unlink(missing_ok=True)


def _sound(path: Path, scratch: Path) -> Sound:
    """In memory if it is short, else on disk, so that an hour takes no more memory than a minute."""
    from av_models.io.recordings import sound_source
    from av_models.io.sound_track import ArraySound, write_sound

    source = sound_source(path)
    blocks = source.blocks(CORPUS_RATE_HZ)
    if 0 < source.seconds <= _IN_MEMORY_S:
        return ArraySound(np.concatenate(list(blocks)))
    return write_sound(scratch, (block[:, None] for block in blocks), 1)


def _row(one: Recording, number: int | None, clip: Clip) -> Row:
    facts = clip.facts
    return {
        "id": one.name if number is None else f"{one.name}#{number:04d}",
        "recording": one.name,
        "start_s": round(clip.start_s, 3),
        "duration_s": round(clip.duration_s, 3),
        "text": clip.text,
        "prompt": " ".join(word.text for word in clip.words) or clip.text.lower(),
        "faults": list(clip.faults),
        "notes": list(clip.notes),
        "score": clip.score,
        "speech_db": round(facts.speech_db, 1) if facts else None,
        "noise_db": round(facts.noise_db, 1) if facts else None,
        "top_hz": round(facts.top_hz) if facts else None,
    }


def _measured(clips: Sequence[Clip], rows: Sequence[Row]) -> Row:
    """Pitch, phones and voice of the good clips. Their rows get the middle of their pitch."""
    from av_models.speech.corpus.summary import phone_counts, pitch_counts
    from av_models.speech.corpus.voices import mark_by_pitch
    from av_models.speech.neural.pitch import pitch_hz

    phones: Counter[str] = Counter()
    pitch = np.zeros(0, np.int64)
    for clip, row in zip(clips, rows, strict=True):
        assert clip.samples is not None
        track = pitch_hz(clip.samples)
        counts = np.array(pitch_counts(track))
        pitch = counts if not pitch.size else pitch + counts
        phones += phone_counts(clip.phones)
        row["pitch_hz"] = round(mark_by_pitch(track), 1)
    return {"pitch": pitch.tolist(), "phones": dict(phones), "marks": _marks(clips)}


def _marks(clips: Sequence[Clip]) -> str:
    """Digest of the clips' speaker embeddings; '' where their network is not installed."""
    from av_models.speech.corpus.voices import mark_by_embedding
    from av_models.speech.speaker import speaker_encoder_there

    if not speaker_encoder_there():
        return ""
    marks = [mark_by_embedding(clip.samples, CORPUS_RATE_HZ) for clip in clips if clip.samples is not None]
    wholes = np.stack([whole for whole, _ in marks])
    ends = np.cumsum([len(windows) for _, windows in marks])
    return store().put_arrays(wholes=wholes, windows=np.concatenate([w for _, w in marks]), ends=ends).digest


def _blobs(entry: Mapping[str, Any]) -> list[MediaRef]:
    return [MediaRef(entry[name], ".npz") for name in ("shard", "marks") if entry[name]]


def _corpus(entries: Sequence[Row], recordings: Recordings, held_out: str) -> Corpus:
    from av_models.io.corpus_picture import corpus_png
    from av_models.speech.corpus.summary import pitch_counts, summary

    rows = [row for entry in entries for row in entry["rows"]]
    _refuse_copies(rows, store().json(recordings.listing))
    _refuse_strangers(entries)
    _hold_out(rows, held_out)
    phones: Counter[str] = sum((Counter(entry["phones"]) for entry in entries), Counter())
    pitch = np.sum([entry["pitch"] or pitch_counts(np.zeros(0)) for entry in entries], axis=0)
    facts = dict(summary(rows, phones, pitch.tolist(), recordings.unheard))
    refused = [{key: row[key] for key in ("id", "start_s", "text", "faults")} for row in rows if row["faults"]]
    facts |= {"language": recordings.language, "recordings": recordings.n_recordings, "refused_clips": refused}
    good = [row for row in rows if not row["faults"]]
    return Corpus(
        language=recordings.language,
        clips=store().put_json(rows),
        shards=tuple(MediaRef(entry["shard"], ".npz") for entry in entries if entry["shard"]),
        report=store().put_json(facts),
        picture=store().put_bytes(corpus_png(facts, "Corpus"), ".png"),
        n_clips=len(good),
        n_held_out=sum(row["held_out"] for row in good),
        n_refused=len(refused),
        duration=sum((Fraction(str(row["duration_s"])) for row in good), Fraction(0)),
    )


def _refuse_copies(rows: Sequence[Row], listing: Sequence[Row]) -> None:
    """The same file twice teaches nothing new, and could stand on both sides of the held-out set."""
    first: dict[str, str] = {}
    copies = {
        one["name"]: original
        for one in listing
        if (original := first.setdefault(one["digest"], one["name"])) != one["name"]
    }
    for row in rows:
        if row["recording"] in copies:
            row["faults"].append(f"a copy (of {copies[row['recording']]})")


def _refuse_strangers(entries: Sequence[Row]) -> None:
    """Clips of another voice, judged against all good ones together."""
    from av_models.speech.corpus.voices import strangers

    marks: list[VoiceMark] = []
    rows: list[Row] = []
    by_embedding = all(entry["marks"] for entry in entries if entry["shard"])
    for entry in entries:
        good = [row for row in entry["rows"] if "pitch_hz" in row]
        marks += _read_marks(entry) if by_embedding and entry["shard"] else [row["pitch_hz"] for row in good]
        rows += good
    for row, reason in zip(rows, strangers(marks), strict=True):
        if reason:
            row["faults"].append(reason)


def _read_marks(entry: Row) -> list[VoiceMark]:
    arrays = store().arrays(MediaRef(entry["marks"], ".npz"))
    return list(zip(arrays["wholes"], np.split(arrays["windows"], arrays["ends"][:-1]), strict=True))


def _hold_out(rows: Sequence[Row], pattern: str) -> None:
    wanted = re.compile(pattern) if pattern else None
    held = {row["prompt"] for row in rows if (wanted.search(row["id"]) if wanted else _drawn(row["prompt"]))}
    for row in rows:
        row["held_out"] = row["prompt"] in held


def _drawn(prompt: str) -> bool:
    return int(hashlib.sha256(prompt.encode()).hexdigest()[:8], 16) % _ONE_IN == 0
