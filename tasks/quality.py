"""Measuring the finished master, as a viewer gets it, and writing the report of the run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from prefect import task
from prefect.cache_policies import NO_CACHE

from av_models.domain.consent import Clearance
from av_models.domain.edit import Master, Shot, SwappedClip, Timeline
from av_models.domain.face import FaceSet, ProblemRange, SwapModel
from av_models.domain.provenance import Verdict
from av_models.domain.quality import Coverage, IdentityMatch, QualityReport, SoundFacts
from av_models.domain.script import Script
from av_models.domain.speech import Alignment, CheckedSpeech, Speech
from av_models.domain.sync import LipSync, OffsetAt, PhoneTimes
from av_models.domain.time import sample_at
from tasks.caching import stage
from tasks.doubtful import frames_to_look_at, more_to_look_at
from tasks.progress import Progress
from tasks.workspace import store

__all__ = ["measure_master", "write_report"]

_SOUND_RATE_HZ = 16_000
_SILENCE_LUFS = -99.0


@stage("2")
def measure_master(
    master: Master,
    model: SwapModel,
    shots: tuple[Shot, ...],
    clips: tuple[SwappedClip, ...],
    loudness_lufs: float = -16.0,
) -> QualityReport:
    """Lips, identity, coverage, loudness, lengths and marks of the encoded file; nothing is taken on trust.

    loudness_lufs: what was asked for.
    """
    from av_models.io.audio import read_audio
    from av_models.io.video import frame_times

    path = store().path(master.video)
    timeline = master.timeline
    seen = _watch(path, timeline.n_frames, model)
    heard = read_audio(path, _SOUND_RATE_HZ)
    return QualityReport(
        rate=timeline.rate,
        sync=_measure_lips(timeline, seen, _asked_opening(shots, timeline.n_frames), heard),
        identity=_measure_identity(seen, model),
        coverage=_measure_coverage(timeline.n_frames, int(np.isfinite(seen.gap).sum()), clips),
        sound=_measure_sound(path, loudness_lufs),
        marks=_inspect_marks(path),
        picture_s=round(float(frame_times(path)[-1] + 1 / timeline.rate), 6),
        sound_s=round(len(heard) / _SOUND_RATE_HZ, 6),
    )


@task(name="write_report", cache_policy=NO_CACHE, persist_result=False)
def write_report(
    out: Path,
    production: dict[str, Any],
    *,
    clearance: Clearance | None = None,
    script: Script | None = None,
    alignments: tuple[Alignment, ...] = (),
    source: FaceSet | None = None,
    actor: FaceSet | None = None,
    model: SwapModel | None = None,
    master: Master | None = None,
    quality: QualityReport | None = None,
    speeches: tuple[Speech, ...] = (),
    checked: tuple[CheckedSpeech, ...] = (),
    conformed: tuple[CheckedSpeech | None, ...] = (),
    reference: LipSync | None = None,
    refused: tuple[str, ...] = (),
) -> Path:
    """report.json and report.html of the output folder, from whatever the run reached; returns the page.

    checked, conformed: what listening to every line found, as spoken and as fitted to the picture.
    reference: the actor's own clip, measured in the same way.  refused: why this master must not be used.
    Call it last: it links the files that lie in the folder by then.
    """
    from av_models.io.report import render_report
    from tasks.reporting import assemble_facts, draw_pictures, show_report

    facts = assemble_facts(
        production,
        clearance=clearance,
        script=script,
        alignments=alignments,
        source=source,
        actor=actor,
        model=model,
        master=master,
        quality=quality,
        speeches=speeches,
        checked=checked,
        conformed=conformed,
        reference=reference,
        refused=refused,
    )
    lips = draw_pictures(out, alignments, master, quality, speeches)
    page = render_report(out, facts, lips)
    show_report(page, facts)
    return page


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What the witness saw in a file of n frames: gap (n,), box (n, 4), NaN without a face; one descriptor a row."""

    gap: NDArray[np.float64]
    box: NDArray[np.float64]
    descriptors: NDArray[np.float64]


def _watch(path: Path, n_frames: int, model: SwapModel) -> _Seen:
    """Look afresh at every frame, in one pass. Frames beyond n_frames, should there be any, are left out."""
    from av_models.face.backend import get_backend
    from av_models.face.witness import Witness, watch
    from av_models.io.video import read_pictures
    from av_models.lips.sync import lip_gaps

    gap, box = np.full(n_frames, np.nan), np.full((n_frames, 4), np.nan)
    descriptors = []
    people = [np.array(faces.track.identity) for faces in (model.source, model.actor)]
    witness = Witness(people, get_backend(model.source.track.backend).descriptor)
    with Progress("measure", n_frames) as progress:
        for seen in watch(read_pictures(path), witness):
            progress.reach(seen.frame + 1)
            if seen.frame < n_frames:
                gap[seen.frame] = lip_gaps(seen.landmarks[None])[0]
                box[seen.frame] = seen.box
            if seen.descriptor is not None:
                descriptors.append(seen.descriptor)
    return _Seen(gap, box, np.array(descriptors))


def _asked_opening(shots: tuple[Shot, ...], n_frames: int) -> NDArray[np.float64] | None:
    """The inner gap of the mouth codes that the shots were made with: (n_frames,), None if they do not cover them."""
    from av_models.lips.mouth import GAP

    codes = [store().arrays(shot.faces[0].mouth)["mouth"][:, GAP] for shot in shots]
    joined = np.concatenate(codes).astype(np.float64) if codes else np.empty(0)
    return joined if len(joined) == n_frames else None


def _measure_lips(
    timeline: Timeline, seen: _Seen, asked: NDArray[np.float64] | None, heard: NDArray[np.float32]
) -> LipSync:
    from av_models.lips.expected import spoken_phones, target_of_phones
    from av_models.lips.measure import Heard, Lips, measure_lips

    n, rate = timeline.n_frames, timeline.rate
    phones = spoken_phones(timeline)
    times_s = ((np.arange(n) + 0.5) / float(rate)).astype(np.float64)
    target = target_of_phones(phones, float(times_s[-1]) + 1).opening(times_s)
    series = store().put_arrays(time_s=times_s, gap=seen.gap, target=target, box=seen.box)
    engines = {placement.alignment.aligner for placement in timeline.placements}
    times = PhoneTimes.KNOWN if engines <= {"engine"} else PhoneTimes.ALIGNED
    spoken = Heard(phones, times, _sound_delays(timeline, heard), has_edit=True)
    return measure_lips(Lips(seen.gap, times_s, asked), spoken, series)


def _sound_delays(timeline: Timeline, heard: NDArray[np.float32]) -> tuple[OffsetAt, ...]:
    """Where the utterances are heard against where the timeline put them."""
    from av_models.forensics.sound import delays
    from av_models.io.audio import read_audio

    def spoken() -> Iterator[tuple[NDArray[np.float32], int]]:
        for placement in timeline.placements:
            start = placement.first_frame / timeline.rate + placement.speech_start
            samples = read_audio(store().path(placement.alignment.speech.audio), _SOUND_RATE_HZ)
            yield samples, sample_at(start, _SOUND_RATE_HZ)

    return delays(heard, spoken(), _SOUND_RATE_HZ)


def _measure_identity(seen: _Seen, model: SwapModel) -> IdentityMatch:
    """Distances of the face descriptor to both people on every fifth frame that shows the face."""
    from av_models.face.witness import DESCRIBE_EVERY

    source, actor = np.array(model.source.track.identity), np.array(model.actor.track.identity)
    apart = round(float(np.linalg.norm(source - actor)), 4)
    if not len(seen.descriptors):
        return IdentityMatch(DESCRIBE_EVERY, 0, None, None, apart, None)
    to_source = np.linalg.norm(seen.descriptors - source, axis=1)
    to_actor = np.linalg.norm(seen.descriptors - actor, axis=1)
    return IdentityMatch(
        step=DESCRIBE_EVERY,
        n_frames=len(to_source),
        to_source=round(float(to_source.mean()), 4),
        to_actor=round(float(to_actor.mean()), 4),
        source_to_actor=apart,
        share_source=round(float((to_source < to_actor).mean()), 4),
    )


def _measure_coverage(n_frames: int, n_found: int, clips: tuple[SwappedClip, ...]) -> Coverage:
    unswapped, start = [], 0
    for clip in clips:
        unswapped += [ProblemRange(one.first + start, one.last + start, one.reason) for one in clip.unswapped]
        start += clip.n_frames
    n_kept = sum(one.last - one.first + 1 for one in unswapped)
    doubtful = frames_to_look_at(clips), more_to_look_at(clips)
    return Coverage(n_frames, n_frames - n_kept, n_found, tuple(unswapped), *doubtful)


def _measure_sound(path: Path, asked_lufs: float) -> SoundFacts:
    from av_models.io.loudness import measure_loudness

    found = measure_loudness(path)
    lufs, peak, spread = (
        round(max(value, _SILENCE_LUFS), 2) for value in (found.integrated_lufs, found.true_peak_dbtp, found.range_lu)
    )
    return SoundFacts(lufs, peak, spread, asked_lufs)


def _inspect_marks(path: Path) -> Verdict:
    from tasks.marks import verdict_of
    from tasks.workspace import configs_dir, media_dir

    return verdict_of(path, configs_dir(), media_dir())
