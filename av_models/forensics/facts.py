"""The facts of a run as JSON values, under keys that stay. `report.json` is this and nothing else.

    format      1; another number means that a key changed its meaning
    measured    numbers by key, as in figures;  figures: the same for people: title, shown, grade, rule
    sync identity coverage sound marks      what the numbers rest on: closures, ranges, distances, states
    script speech faces model timeline      what was made, in the order of the run
    consent     purpose and cleared records (ids, rights, licences; never the records)
    stages      name, runs, cached, failed, seconds;  versions seeds weights inputs machine production

A part that the run did not reach is null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from av_models.domain.consent import Clearance
from av_models.domain.edit import Master, Placement
from av_models.domain.face import FaceSet, ProblemRange, SwapModel
from av_models.domain.media import Footage
from av_models.domain.quality import QualityReport, StageTime
from av_models.domain.script import Script
from av_models.domain.speech import Alignment
from av_models.domain.time import timecode

from .figures import judge

__all__ = [
    "FORMAT", "consent_facts", "face_facts", "master_facts", "model_facts", "quality_facts", "script_facts",
    "speech_facts", "stage_facts",
]  # fmt: skip

FORMAT = 1

Facts = dict[str, Any]


def quality_facts(quality: QualityReport) -> Facts:
    """measured, figures, sync, identity, coverage, sound, marks."""
    figures = judge(quality)
    sync = asdict(quality.sync)
    del sync["series"]
    return {
        "measured": {figure.key: figure.value for figure in figures if figure.value is not None},
        "figures": [{**asdict(figure), "grade": str(figure.grade)} for figure in figures],
        "sync": {**sync, "n_hits": quality.sync.n_hits},
        "identity": asdict(quality.identity),
        "coverage": {**asdict(quality.coverage), "unswapped": _ranges(quality.coverage.unswapped)},
        "sound": asdict(quality.sound),
        "marks": asdict(quality.marks),
    }


def master_facts(master: Master) -> Facts:
    """Rate, length, how the lips were made and how each utterance lies on the actor's picture."""
    timeline = master.timeline
    return {
        "rate": str(timeline.rate),
        "n_frames": timeline.n_frames,
        "duration_s": round(float(timeline.duration), 3),
        "lips": {"mode": str(timeline.lips.mode), "reason": timeline.lips.reason},
        "placements": [_placement(placement, timeline.rate) for placement in timeline.placements],
        "sha256": master.video.digest,
    }


def script_facts(script: Script) -> Facts:
    lines = [{"role": line.role, "written": line.written, "spoken": " ".join(line.spoken)} for line in script.lines]
    return {"title": script.title, "language": script.language, "lines": lines}


def speech_facts(alignments: Sequence[Alignment]) -> list[Facts]:
    """One entry per line: text, length, voice, seed, aligner and its score."""
    return [
        {
            "written": alignment.speech.utterance.line.written,
            "duration_s": round(float(alignment.speech.duration), 3),
            "voice": alignment.speech.utterance.voice.name,
            "engine": alignment.speech.utterance.voice.engine,
            "seed": alignment.speech.utterance.seed,
            "aligner": alignment.aligner,
            "score": alignment.score,
            "n_words": len(alignment.words),
            "n_phones": len(alignment.phones),
            "sha256": alignment.speech.audio.digest,
        }
        for alignment in alignments
    ]


def face_facts(faces: FaceSet) -> Facts:
    """One person: footage, how many frames can be used, why the others cannot."""
    track = faces.track
    return {
        "footage": _footage(track.footage),
        "backend": track.backend,
        "n_usable": track.n_usable,
        "n_people": track.n_people,
        "n_faces": faces.n_faces,
        "size_px": faces.size_px,
        "problems": _ranges(track.problems),
        "consent_id": faces.consent_id,
    }


def model_facts(model: SwapModel, card: Mapping[str, Any]) -> Facts:
    """card: what training wrote down, with its curve."""
    return {
        "n_steps": model.n_steps,
        "train_s": round(model.train_s, 1),
        "heldout_psnr_db": round(model.heldout_psnr_db, 2),
        "stopped_by": model.stopped_by,
        "size_px": model.size_px,
        "sha256": model.weights.digest,
        "card": dict(card),
    }


def consent_facts(clearance: Clearance) -> Facts:
    return {"purpose": asdict(clearance.purpose), "records": [asdict(record) for record in clearance.records]}


def stage_facts(stages: Sequence[StageTime]) -> list[Facts]:
    return [
        {
            "name": stage.name,
            "runs": stage.n_runs,
            "cached_runs": stage.n_cached,
            "failed_runs": stage.n_failed,
            "cached": stage.cached,
            "busy_s": round(stage.busy_s, 2),
            "wall_s": round(stage.wall_s, 2),
        }
        for stage in stages
    ]


def _footage(footage: Footage) -> Facts:
    return {
        "name": footage.name,
        "sha256": footage.media.digest,
        "width_px": footage.width_px,
        "height_px": footage.height_px,
        "n_frames": footage.n_frames,
        "rate": str(footage.rate),
        "variable_rate": footage.variable_rate,
        "duration_s": round(float(footage.duration), 3),
    }


def _placement(placement: Placement, rate: Any) -> Facts:
    return {
        "written": placement.alignment.speech.utterance.line.written,
        "from": timecode(placement.first_frame, rate),
        "first_frame": placement.first_frame,
        "n_frames": placement.n_frames,
        "start_s": round(float(placement.first_frame / rate), 3),
        "how": placement.how,
    }


def _ranges(problems: Sequence[ProblemRange]) -> list[Facts]:
    return [{"first": one.first, "last": one.last, "reason": str(one.reason)} for one in problems]
