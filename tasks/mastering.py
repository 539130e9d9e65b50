"""The last stages of making: the side-by-side preview, and the finished, labelled, signed file."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from av_models.domain.consent import Clearance
from av_models.domain.edit import Master, SwappedClip, Timeline
from av_models.domain.media import Footage, MediaRef
from av_models.domain.production import MasterOptions
from av_models.domain.provenance import ManifestFacts
from av_models.domain.time import sample_at
from tasks.caching import stage
from tasks.workspace import media_dir, store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from av_models.io.subtitles import Cue

__all__ = ["preview_swap", "write_master"]

_RULE_ENGINES = ("espeak",)
"""Engines that compute speech by rule; the manifest must not call theirs trained."""


@stage("1")
def preview_swap(clips: Sequence[SwappedClip], timeline: Timeline) -> MediaRef:
    """Actor and swapped picture side by side, with timecode."""
    from av_models.io.join import join_clips
    from av_models.io.preview import side_by_side

    with tempfile.TemporaryDirectory(prefix="understudy-preview-") as folder:
        plate, swapped, out = (Path(folder, name) for name in ("plate.mp4", "swapped.mp4", "preview.mp4"))
        join_clips([store().path(clip.plate) for clip in clips], plate)
        join_clips([store().path(clip.video) for clip in clips], swapped)
        side_by_side(plate, swapped, out, timeline.rate)
        return store().put_file(out)


@stage("1")
def write_master(
    timeline: Timeline,
    clips: Sequence[SwappedClip],
    options: MasterOptions,
    clearance: Clearance,
    source: Footage,
    actor: Footage,
) -> Master:
    """Picture, speech, captions and label in one file; watermarked, levelled, and signed last of all."""
    from av_models.io.audio import write_wav
    from av_models.io.loudness import PROGRAMME_RATE_HZ, measure_loudness
    from av_models.io.subtitles import lay_out_captions, srt, vtt
    from av_models.io.timeline import otio_bytes

    cues = lay_out_captions(timeline)
    with tempfile.TemporaryDirectory(prefix="understudy-master-") as name:
        folder = Path(name)
        write_wav(folder / "programme.wav", _programme_sound(timeline, options), PROGRAMME_RATE_HZ)
        _mux(folder, timeline, clips, options, cues, actor)
        manifest = _sign(folder, timeline, options, clearance, source, actor)
        loudness = measure_loudness(folder / "master.mp4")
        return Master(
            timeline=timeline,
            video=store().put_file(folder / "master.mp4"),
            captions_vtt=store().put_bytes(vtt(cues).encode(), ".vtt"),
            captions_srt=store().put_bytes(srt(cues).encode(), ".srt"),
            otio=store().put_bytes(otio_bytes(timeline, "master.mp4", actor.name), ".otio"),
            manifest=store().put_bytes(manifest.encode(), ".json"),
            loudness_lufs=round(loudness.integrated_lufs, 2),
            true_peak_dbtp=round(loudness.true_peak_dbtp, 2),
        )


def _programme_sound(timeline: Timeline, options: MasterOptions) -> NDArray[np.float32]:
    """All lines at their places, watermarked, then levelled: the mark must not move the loudness afterwards."""
    import numpy as np

    from av_models.io.audio import read_audio
    from av_models.io.loudness import PROGRAMME_RATE_HZ, normalise_loudness
    from av_models.io.watermark import mark_audio

    sound = np.zeros(sample_at(timeline.duration, PROGRAMME_RATE_HZ), np.float32)
    for placement in timeline.placements:
        spoken = read_audio(store().path(placement.alignment.speech.audio), PROGRAMME_RATE_HZ)
        start = sample_at(placement.first_frame / timeline.rate + placement.speech_start, PROGRAMME_RATE_HZ)
        heard = sound[start : start + len(spoken)]
        heard += spoken[: len(heard)]
    return normalise_loudness(mark_audio(sound, PROGRAMME_RATE_HZ), PROGRAMME_RATE_HZ, options.loudness_lufs)


def _mux(
    folder: Path,
    timeline: Timeline,
    clips: Sequence[SwappedClip],
    options: MasterOptions,
    cues: Sequence[Cue],
    actor: Footage,
) -> None:
    from av_models.io.label import ai_label
    from av_models.io.mux import write_master_file
    from av_models.io.subtitles import srt

    captions = folder / "captions.srt"
    captions.write_text(srt(cues if options.captions else ()), encoding="utf-8")
    width_px, height_px = actor.width_px // 2 * 2, actor.height_px // 2 * 2
    write_master_file(
        clips=[store().path(clip.video) for clip in clips],
        audio=folder / "programme.wav",
        captions_srt=captions,
        label=ai_label(width_px, height_px),
        out=folder / "unsigned.mp4",
        rate=timeline.rate,
        width=width_px,
        height=height_px,
        profile=options.profile.value,
        title=options.title,
        language=options.language,
        timecode=options.timecode,
    )


def _sign(
    folder: Path, timeline: Timeline, options: MasterOptions, clearance: Clearance, source: Footage, actor: Footage
) -> str:
    """The manifest as JSON. Nothing may touch the file after this."""
    from av_models.io.provenance import sign_master
    from av_models.runtime.machine import versions

    speech = [placement.alignment.speech for placement in timeline.placements]
    facts = ManifestFacts(
        title=options.title,
        version=versions().get("understudy", "development"),
        language=options.language,
        speech_trained=any(one.utterance.voice.engine not in _RULE_ENGINES for one in speech),
        seals=tuple(record.seal for record in clearance.records),
    )
    return sign_master(
        folder / "unsigned.mp4",
        folder / "master.mp4",
        facts,
        media_dir() / "keys",
        store().path(actor.media),
        store().path(source.media),
        [store().path(one.audio) for one in speech],
    )
