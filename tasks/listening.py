"""A blind listening test is made: spoken clips marked, all clips made alike, the truth written down.

media/listening/NAME/test.json      who said what
media/listening/NAME/clips/*.wav    recordings as they are, speech with watermark, label and signed manifest
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from prefect import task
from prefect.cache_policies import NO_CACHE

from av_models.domain.consent import Clearance
from av_models.domain.errors import MediaError
from av_models.domain.listening import RECORDING, ClipFile, Item, ListeningTest, Part
from av_models.domain.speech import Speech
from tasks.artifacts import show_table
from tasks.listening_prompts import Wanted
from tasks.marked_sound import sound_facts, write_marked
from tasks.progress import Progress, announce
from tasks.workspace import media_dir, store

__all__ = ["make_test", "note_clips"]

Samples = NDArray[np.float32]
Sounds = dict[tuple[str, str], tuple[Samples, int]]
"""Mono samples and rate by item and key of the clip."""

_RULE_ENGINES = ("espeak",)
_TONE_RATE_HZ = 24_000
_TONE_PLACES = ((0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1))
"""Softest, turned in one channel: every way there is."""


@task(name="make_test", cache_policy=NO_CACHE, persist_result=False)
def make_test(
    folder: Path,
    facts: Mapping[str, Any],
    wanted: Sequence[Wanted],
    speeches: Sequence[Speech],
    recordings: str,
    clearances: Sequence[Clearance],
    headphones: bool,
) -> ListeningTest:
    """Write clips and test.json. facts: name, title, language, seed, voice, against of the test.

    speeches: of `wanted`, one after the other.  recordings: their folder.  clearances: of the voices first.
    """
    from av_models.io.listening_folder import write_test

    sounds = _sounds(wanted, speeches, recordings)
    rate_hz, lufs = _made_alike(sounds)
    marks = sound_facts("A clip of a listening test", facts["language"], clearances[0], _trained(speeches))
    items = _tones(folder) if headphones else []
    with Progress("make_test", len(wanted), "item") as progress:
        for number, one in enumerate(wanted, start=1):
            items.append(_written(folder, one, sounds, rate_hz, marks))
            progress.reach(number)
    consent_ids = tuple(dict.fromkeys(one for cleared in clearances for one in cleared.consent_ids))
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    test = ListeningTest(
        **facts, rate_hz=rate_hz, lufs=round(lufs, 2), recordings=Path(recordings).name, consent_ids=consent_ids,
        made_at=made_at, items=tuple(items),
    )  # fmt: skip
    write_test(folder, test)
    _show(test)
    return test


@task(name="note_clips", cache_policy=NO_CACHE, persist_result=False)
def note_clips(folder: Path, test: ListeningTest, clearance: Clearance) -> None:
    """Write every spoken clip into the audit log, so that a revocation can name it. clearance: of the voices."""
    from av_models.io.consent import record_output
    from av_models.io.consent_records import file_digest
    from av_models.io.listening_folder import CLIPS

    for item in test.items:
        for clip in item.clips:
            if item.part is not Part.HEADPHONES and not (item.part is Part.JUDGE and clip.key == RECORDING):
                path = folder / CLIPS / clip.file
                record_output(media_dir(), clearance.consent_ids, "listening test", file_digest(path), str(path))


def _sounds(wanted: Sequence[Wanted], speeches: Sequence[Speech], recordings: str) -> Sounds:
    """Samples and rate of every clip, by item and key, as they were recorded and spoken."""
    from av_models.io.audio import read_wav

    sounds: Sounds = {}
    spoken = iter(speeches)
    for one in wanted:
        if one.recorded is not None:
            sounds[one.id, RECORDING] = _recorded(Path(recordings) / one.recorded.file, one.recorded.digest)
        for key, _ in one.spoken:
            sounds[one.id, key] = read_wav(store().path(next(spoken).audio))
    return sounds


def _recorded(path: Path, digest: str) -> tuple[Samples, int]:
    from av_models.io.consent_records import file_digest
    from av_models.io.recordings import sound_source

    if file_digest(path) != digest:
        raise MediaError(str(path), "it changed since it was cleared", "Run again when the recordings are complete.")
    source = sound_source(path)
    return np.concatenate(list(source.blocks(source.rate_hz))), source.rate_hz


def _made_alike(sounds: Sounds) -> tuple[int, float]:
    """Trim, resample and level all clips in place; returns the lowest rate among them, which all get, and the loudness.

    The lowest: else the highest frequencies would tell the kinds of clips apart.
    """
    from av_models.io.resampled import resampled
    from av_models.speech.blind import common_lufs, levelled, trimmed

    rate_hz = min(own_hz for _, own_hz in sounds.values())
    narrow = {at: trimmed(resampled(sound, own_hz, rate_hz), rate_hz) for at, (sound, own_hz) in sounds.items()}
    lufs = common_lufs(list(narrow.values()), rate_hz)
    sounds.update({at: (levelled(sound, rate_hz, lufs), rate_hz) for at, sound in narrow.items()})
    return rate_hz, lufs


def _written(folder: Path, one: Wanted, sounds: Sounds, rate_hz: int, marks: Any) -> Item:
    from av_models.io.audio import write_wav
    from av_models.io.listening_folder import CLIPS

    clips = []
    if one.recorded is not None:
        clips.append(ClipFile(RECORDING, f"{one.id}-{RECORDING}.wav"))
        write_wav(folder / CLIPS / clips[-1].file, sounds[one.id, RECORDING][0], rate_hz)
    for key, _ in one.spoken:
        clips.append(ClipFile(key, f"{one.id}-{key}.wav"))
        write_marked(folder / CLIPS / clips[-1].file, _less_its_mark(sounds[one.id, key][0], rate_hz), rate_hz, marks)
    return Item(one.id, one.part, one.text, tuple(clips))


def _less_its_mark(samples: Samples, rate_hz: int) -> Samples:
    """Softer by what the watermark adds, 0.1 to 0.3 LU here: all marked clips would be the louder ones."""
    from av_models.io.watermark import mark_audio
    from av_models.speech.blind import levelled
    from av_models.speech.corpus.loudness import loudness_lufs

    wanted_lufs = loudness_lufs(samples, rate_hz)
    return levelled(samples, rate_hz, 2 * wanted_lufs - loudness_lufs(mark_audio(samples, rate_hz), rate_hz))


def _tones(folder: Path) -> list[Item]:
    from av_models.io.listening_folder import CLIPS, write_tones
    from av_models.speech.blind import softest_of_three

    items = []
    for number, (place, antiphase) in enumerate(_TONE_PLACES, start=1):
        clip = ClipFile(str(place + 1), f"h{number:02d}.wav")
        write_tones(folder / CLIPS / clip.file, softest_of_three(place, antiphase, _TONE_RATE_HZ), _TONE_RATE_HZ)
        items.append(Item(f"h{number:02d}", Part.HEADPHONES, "", (clip,)))
    return items


def _trained(speeches: Sequence[Speech]) -> bool:
    return any(one.utterance.voice.engine not in _RULE_ENGINES for one in speeches)


def _show(test: ListeningTest) -> None:
    rows = [{"item": item.id, "part": str(item.part), "text": item.text} for item in test.items if item.text]
    said = f"{len(test.of(Part.JUDGE))} texts to judge, {len(test.of(Part.PREFER))} pairs, {test.lufs} LUFS"
    show_table("listening-test", rows, said)
    announce("listening", said)
