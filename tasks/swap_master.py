"""The finished file of a swap that keeps its performance: the footage's own sound, marked; label; signature last."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from av_models.domain.consent import Clearance
from av_models.domain.edit import SwappedClip
from av_models.domain.face import TrainedFace
from av_models.domain.media import Footage, MediaRef
from av_models.domain.production import MasterOptions
from av_models.domain.provenance import ManifestFacts
from av_models.domain.time import sample_at
from tasks.artifacts import show_markdown, show_picture
from tasks.caching import stage
from tasks.doubtful import deliver_doubtful, delivered_patches, frames_to_look_at, more_to_look_at
from tasks.frame_figures import confidences, people_facts
from tasks.mastering import mux_master
from tasks.people import finder_facts
from tasks.progress import announce
from tasks.workspace import media_dir, store

__all__ = ["SwapMaster", "deliver_swap", "note_swap", "write_swap_master"]

_FORMAT = "understudy-swap-report/1"


@dataclass(frozen=True, slots=True)
class SwapMaster:
    """video: signed.  marked: the sound carries the watermark; silence cannot."""

    video: MediaRef
    manifest: MediaRef
    n_frames: int
    marked: bool


@stage("1")
def write_swap_master(
    clips: Sequence[SwappedClip],
    footage: Footage,
    models: Sequence[TrainedFace],
    options: MasterOptions,
    clearance: Clearance,
) -> SwapMaster:
    """Shots in order become one file: labelled, with the sound as it was but for the watermark, and signed."""
    from av_models.io.provenance import sign_swap

    n_frames = sum(clip.n_frames for clip in clips)
    with tempfile.TemporaryDirectory(prefix="understudy-swap-") as name:
        folder = Path(name)
        sound, marked = _sound(folder, footage, n_frames / footage.rate, options)
        unsigned, signed = folder / f"unsigned{options.preset.suffix}", folder / options.file_name
        captions = folder / "captions.srt"
        captions.touch()  # nobody knows what is said
        mux_master(unsigned, sound, captions, footage.rate, clips, options, footage)
        facts = _facts(options, clearance, marked)
        weights = [store().path(model.weights) for model in models]
        manifest = sign_swap(unsigned, signed, facts, media_dir() / "keys", store().path(footage.media), weights)
        video = store().put_file(signed)
        return SwapMaster(video, store().put_bytes(manifest.encode(), ".json"), n_frames, marked)


def _sound(folder: Path, footage: Footage, duration: Fraction, options: MasterOptions) -> tuple[Path, bool]:
    """(the coded sound, whether the mark is in it). Nothing is levelled: it is the footage's own."""
    from av_models.io.coded_sound import encode_sound
    from av_models.io.coding import coding_of
    from av_models.io.kept_sound import differs, kept_sound, silence
    from av_models.io.loudness import PROGRAMME_RATE_HZ
    from av_models.io.sound_track import write_sound
    from av_models.io.watermark import mark_sound

    n_samples = sample_at(duration, PROGRAMME_RATE_HZ)
    if footage.audio is None:
        own = silence(folder / "own.f32", n_samples)
    else:
        own = kept_sound(store().path(footage.media), folder / "own.f32", n_samples)
    marked = write_sound(folder / "marked.f32", mark_sound(own, PROGRAMME_RATE_HZ), own.n_channels)
    size_px = footage.width_px, footage.height_px
    codec = coding_of(options.preset, options.depth, options.profile, footage.rate, *size_px).sound
    out = folder / ("programme.m4a" if codec == "aac" else "programme.mov")
    encode_sound(marked, out, codec)
    return out, differs(own, marked)


def _facts(options: MasterOptions, clearance: Clearance, marked: bool) -> ManifestFacts:
    from av_models.runtime.machine import versions

    return ManifestFacts(
        title=options.title,
        version=versions().get("understudy", "development"),
        language=options.language,
        speech_trained=False,
        seals=tuple(record.seal for record in clearance.records),
        watermarked=marked,
    )


@task(name="deliver_swap", cache_policy=NO_CACHE, persist_result=False)
def deliver_swap(
    folder: Path,
    master: SwapMaster,
    clips: Sequence[SwappedClip],
    models: Mapping[str, TrainedFace],
    footage: Footage,
    clearance: Clearance,
    preview: MediaRef,
    backend: str,
) -> dict[str, Any]:
    """Put the results into `folder`; returns what swap.json holds. backend: by which the faces were found."""
    shutil.copyfile(store().path(master.video), folder / f"master{master.video.suffix}")
    shutil.copyfile(store().path(preview), folder / "preview.mp4")
    deliver_doubtful(folder, clips)
    report = _report(master, clips, models, footage, clearance) | {"faces_by": finder_facts(backend)}
    (folder / "swap.json").write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    _show(report, footage, preview)
    return report


@task(name="note_swap", cache_policy=NO_CACHE, persist_result=False)
def note_swap(out: Path, master: SwapMaster, clips: Sequence[SwappedClip], clearance: Clearance) -> None:
    """Write into the audit log what now lies in `out` and under which consent."""
    from av_models.io.consent import record_output

    place = out / f"master{master.video.suffix}"
    record_output(media_dir(), clearance.consent_ids, "master", master.video.digest, str(place))
    for ref, patches in delivered_patches(out, clips):
        record_output(media_dir(), clearance.consent_ids, "patches", ref.digest, str(patches))


def _report(
    master: SwapMaster,
    clips: Sequence[SwappedClip],
    models: Mapping[str, TrainedFace],
    footage: Footage,
    clearance: Clearance,
) -> dict[str, Any]:
    from av_models.runtime.machine import machine_facts, peak_memory_mb

    left: list[tuple[int, int, str]] = []
    first = 0
    for clip in clips:
        left += [(first + part.first, first + part.last, str(part.reason)) for part in clip.unswapped]
        first += clip.n_frames
    sure = confidences(clips)
    n_left = sum(last - start + 1 for start, last, _ in left)
    return {
        "format": _FORMAT,
        "footage": {"name": footage.name, "sha256": footage.media.digest, "rate": str(footage.rate)},
        "models": {person: {"name": one.name, "sha256": one.weights.digest} for person, one in models.items()},
        "frames": master.n_frames,
        "swapped": master.n_frames - n_left,
        "left": left,
        "look_at": [
            {"frames": [one.first, one.last], "person": one.person, "why": str(one.doubt), "confidence": one.confidence}
            for one in frames_to_look_at(clips)
        ],
        "more_to_look_at": more_to_look_at(clips),
        "people": people_facts(clips),
        "figures": "frames.csv",
        "confidence": {"mean": round(sum(sure) / max(len(sure), 1), 3), "least": min(sure, default=0.0)},
        "marked": master.marked,
        "consent_ids": list(clearance.consent_ids),
        "machine": machine_facts(),
        "peak_memory_mb": peak_memory_mb(),
    }


def _show(report: dict[str, Any], footage: Footage, preview: MediaRef) -> None:
    from av_models.io.preview import encode_jpeg
    from av_models.io.video import frame_times, read_pictures

    path = store().path(preview)
    middle = next(iter(read_pictures(path, [len(frame_times(path)) // 2])))
    said = f"{report['swapped']} of {report['frames']} frames of {footage.name}"
    show_picture("swap-preview", encode_jpeg(middle.rgb), said)
    rows = [f"* frames {first} to {last}: {reason}" for first, last, reason in report["left"]]
    show_markdown("swap-left", "\n".join(rows) or "Every frame was swapped.", "Frames that show the actor")
    announce("swap", said)
