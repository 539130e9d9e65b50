"""The programme's sound, made in pieces on disk so that memory does not grow with its length: dialogue, beds and room
tone mixed, the mix watermarked, levelled, limited and coded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from prefect import task
from prefect.cache_policies import NO_CACHE

from av_models.domain.edit import Timeline
from av_models.domain.media import Footage
from av_models.domain.production import Bed, MasterOptions
from av_models.domain.time import frame_time, sample_at
from tasks.workspace import store

if TYPE_CHECKING:
    from av_models.io.dialogue import SpokenLine
    from av_models.io.loudness import Loudness
    from av_models.io.room_tone import RoomTone
    from av_models.io.sound_track import SoundFile

__all__ = ["CEILING_DBTP", "code_programme", "open_beds"]

CEILING_DBTP = -1.0
_ROOM_HEARD_S = 60.0
"""So much of the actor's footage is searched for pauses."""


@task(name="open_beds", cache_policy=NO_CACHE, persist_result=False)
def open_beds(names: Sequence[str]) -> tuple[Bed, ...]:
    """Files of music and effects, checked and kept. Errors: MediaError (missing, silent, too short, no sound)."""
    from av_models.io.beds import probe_bed

    return tuple(probe_bed(Path(name), store()) for name in names)


def code_programme(folder: Path, timeline: Timeline, options: MasterOptions, actor: Footage) -> tuple[Path, Loudness]:
    """(the finished sound, coded as the preset wants it, and what it measures). folder: for what lies between."""
    from av_models.io.chapters import chapters_of
    from av_models.io.coded_sound import encode_levelled
    from av_models.io.coding import coding_of
    from av_models.io.loudness import PROGRAMME_RATE_HZ
    from av_models.io.sound_track import write_sound
    from av_models.io.watermark import mark_sound

    # The mark goes on the whole mix: music laid over a marked voice afterwards would hide it. It must not move the
    # loudness either, so levelling comes after it.
    mixed = _mixed(folder, timeline, options, actor)
    marked = write_sound(folder / "marked.f32", mark_sound(mixed, PROGRAMME_RATE_HZ), mixed.n_channels)
    mixed.path.unlink()
    codec = coding_of(
        options.preset, options.depth, options.profile, timeline.rate, actor.width_px, actor.height_px
    ).sound
    out = folder / ("programme.m4a" if codec == "aac" else "programme.mov")
    found = encode_levelled(marked, out, codec, options.loudness_lufs, CEILING_DBTP, chapters_of(timeline))
    marked.path.unlink()
    return out, found


def _mixed(folder: Path, timeline: Timeline, options: MasterOptions, actor: Footage) -> SoundFile:
    from av_models.io.beds import LaidBed, decode_sound
    from av_models.io.dialogue import Dialogue
    from av_models.io.loudness import PROGRAMME_RATE_HZ, measure_sound
    from av_models.io.mixing import Mix
    from av_models.io.sound_track import blocks_of, write_sound

    n_samples = sample_at(timeline.duration, PROGRAMME_RATE_HZ)
    lines = Dialogue(_lines(timeline), n_samples, PROGRAMME_RATE_HZ)
    dialogue = write_sound(folder / "dialogue.f32", blocks_of(lines), 1)
    lufs = measure_sound(dialogue, PROGRAMME_RATE_HZ).integrated_lufs
    beds = []
    for number, bed in enumerate(options.beds):
        decoded = decode_sound(store().path(bed.media), folder / f"bed-{number}.f32", bed.n_channels)
        beds.append((LaidBed(decoded, n_samples, options.mix), bed.loudness_lufs))
    tone = _room_tone(folder, options, actor, lufs, n_samples)
    mix = Mix(dialogue, lufs, beds, tone, options.mix)
    mixed = write_sound(folder / "mixed.f32", blocks_of(mix), mix.n_channels)
    for done in (dialogue.path, *folder.glob("bed-*.f32"), *folder.glob("room.f32")):
        done.unlink()
    return mixed


def _lines(timeline: Timeline) -> list[SpokenLine]:
    from av_models.io.dialogue import SpokenLine
    from av_models.io.loudness import PROGRAMME_RATE_HZ

    lines = []
    for placement in timeline.placements:
        speech = placement.alignment.speech
        start_s = frame_time(placement.first_frame, timeline.rate) + placement.speech_start
        start, end = (sample_at(time, PROGRAMME_RATE_HZ) for time in (start_s, start_s + speech.duration))
        lines.append(SpokenLine(store().path(speech.audio), start, end))
    return lines


def _room_tone(folder: Path, options: MasterOptions, actor: Footage, lufs: float, n_samples: int) -> RoomTone | None:
    """The actor's own, or a quiet one; none where it was not wanted or where there is no dialogue to measure it by."""
    from av_models.io.beds import decode_sound
    from av_models.io.room_tone import RoomTone, tone_colour

    wanted_db = options.mix.room_tone_db
    if wanted_db is None or not math.isfinite(lufs):
        return None
    heard = None
    if actor.audio is not None:
        heard = decode_sound(store().path(actor.media), folder / "room.f32", 1, most_s=_ROOM_HEARD_S)
    magnitudes, _ = tone_colour(heard)
    return RoomTone(magnitudes, lufs + wanted_db, n_samples)
