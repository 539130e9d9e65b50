"""The last stages of making: the side-by-side preview, and the finished, labelled, signed file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from av_models.domain.consent import Clearance
from av_models.domain.edit import Master, Shot, SwappedClip, Timeline
from av_models.domain.media import Footage, MediaRef
from av_models.domain.production import MasterOptions
from av_models.domain.provenance import ManifestFacts
from tasks.caching import stage
from tasks.sidecars import notes_on, sidecars
from tasks.sound import code_programme
from tasks.workspace import media_dir, store

if TYPE_CHECKING:
    import numpy as np

__all__ = ["preview_swap", "write_master"]

_RULE_ENGINES = ("espeak",)
"""Engines that compute speech by rule; the manifest must not call theirs trained."""


@stage("3")
def preview_swap(clips: Sequence[SwappedClip], shots: Sequence[Shot], timeline: Timeline) -> MediaRef:
    """Actor and swapped picture side by side, with timecode."""
    from av_models.io.preview import side_by_side
    from av_models.io.video import read_pictures

    swapped = (picture.rgb for clip in clips for picture in read_pictures(store().path(clip.video)))
    with tempfile.TemporaryDirectory(prefix="understudy-preview-") as folder:
        out = Path(folder, "preview.mp4")
        side_by_side(_filmed(shots), swapped, sum(clip.n_frames for clip in clips), out, timeline.rate)
        return store().put_file(out)


def _filmed(shots: Sequence[Shot]) -> Iterator[np.ndarray]:
    """The actor's footage at the times of the shots, as large as the clips that were made of it."""
    from av_models.io.video import read_nearest

    for shot in shots:
        footage = shot.faces[0].track.footage
        for rgb in read_nearest(store().path(footage.media), shot.plate_s):
            yield rgb[: footage.height_px // 2 * 2, : footage.width_px // 2 * 2]


@stage("2")
def write_master(
    timeline: Timeline,
    clips: Sequence[SwappedClip],
    options: MasterOptions,
    clearance: Clearance,
    source: Footage,
    actor: Footage,
) -> Master:
    """Picture, sound, captions and label in one file; watermarked, levelled, and signed last of all."""
    from av_models.io.subtitles import lay_out_captions, srt

    with tempfile.TemporaryDirectory(prefix="understudy-master-") as name:
        folder = Path(name)
        sound, loudness = code_programme(folder, timeline, options, actor)
        cues = lay_out_captions(timeline, options.caption_names)
        captions = folder / "captions.srt"
        captions.write_text(srt(cues if options.captions else ()), encoding="utf-8")
        unsigned = folder / f"unsigned{options.preset.suffix}"
        mux_master(unsigned, sound, captions, timeline.rate, clips, options, actor)
        sound.unlink()
        manifest = _sign(unsigned, folder / options.file_name, timeline, options, clearance, source, actor)
        beside = sidecars(timeline, cues, options, actor.name)
        return Master(
            timeline=timeline,
            video=store().put_file(folder / options.file_name),
            manifest=store().put_bytes(manifest.encode(), ".json"),
            loudness_lufs=round(loudness.integrated_lufs, 2),
            true_peak_dbtp=round(loudness.true_peak_dbtp, 2),
            notes=notes_on(cues, options, loudness.integrated_lufs),
            captions_vtt=beside.captions_vtt,
            captions_srt=beside.captions_srt,
            otio=beside.otio,
            edl=beside.edl,
            textgrid=beside.textgrid,
        )


def mux_master(
    out: Path,
    sound: Path,
    captions: Path,
    rate: Fraction,
    clips: Sequence[SwappedClip],
    options: MasterOptions,
    actor: Footage,
) -> None:
    """Picture with its label, sound and captions in one file, not yet signed."""
    from av_models.io.label import ai_label
    from av_models.io.mux import write_master_file

    width_px, height_px = actor.width_px // 2 * 2, actor.height_px // 2 * 2
    write_master_file(
        clips=[store().path(clip.video) for clip in clips],
        audio=sound,
        captions_srt=captions,
        label=ai_label(width_px, height_px),
        out=out,
        rate=rate,
        width=width_px,
        height=height_px,
        profile=options.profile.value,
        title=options.title,
        language=options.language,
        timecode=options.timecode or options.burns_in,
        preset=options.preset,
        bit_depth=options.depth,
        burn_in=f"TAKE {options.take}" if options.burns_in else None,
    )


def _sign(
    unsigned: Path,
    signed: Path,
    timeline: Timeline,
    options: MasterOptions,
    clearance: Clearance,
    source: Footage,
    actor: Footage,
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
        unsigned,
        signed,
        facts,
        media_dir() / "keys",
        store().path(actor.media),
        store().path(source.media),
        [store().path(one.audio) for one in speech],
    )
