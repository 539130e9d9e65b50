"""The facts of a run as JSON values, under keys that stay. `report.json` is this and nothing else.

    format      1; another number means that a key changed its meaning
    measured    numbers by key, as in figures;  figures: the same for people: title, shown, grade, rule
    sync identity coverage sound marks      what the numbers rest on: closures, ranges, distances, states
    reference   as sync, of the actor's own clip;  refused: why the master must not be used, [] if it may
    script speech faces model timeline      what was made, in the order of the run
    self_check  lines, takes, lines_left and findings: what listening to every line came to
    consent     purpose and cleared records (ids, rights, licences; never the records)
    stages      name, runs, cached, failed, seconds;  versions seeds weights inputs machine production

A part that the run did not reach is null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from av_models.domain.consent import Clearance
from av_models.domain.edit import Master, PhraseFit, Placement
from av_models.domain.face import FaceSet, ProblemRange, SwapModel
from av_models.domain.media import Footage
from av_models.domain.quality import QualityReport, StageTime
from av_models.domain.script import Script
from av_models.domain.speech import Alignment, Speech
from av_models.domain.swap import DoubtRange
from av_models.domain.time import timecode
from av_models.speech.directions import told

from .figures import judge
from .sync_words import sync_facts

__all__ = [
    "FORMAT", "consent_facts", "face_facts", "master_facts", "model_facts", "quality_facts", "script_facts",
    "speech_facts", "stage_facts",
]  # fmt: skip

FORMAT = 1

Facts = dict[str, Any]

_SURE_PHONE, _MOST_DOUBTS = 0.5, 12
_NOT_ALIGNED: Facts = {"aligner": None, "score": None, "n_words": 0, "n_phones": 0, "doubts": []}


def quality_facts(quality: QualityReport) -> Facts:
    """measured, figures, sync, identity, coverage, sound, marks."""
    figures = judge(quality)
    return {
        "measured": {figure.key: figure.value for figure in figures if figure.value is not None},
        "figures": [{**asdict(figure), "grade": str(figure.grade)} for figure in figures],
        "sync": sync_facts(quality.sync),
        "identity": asdict(quality.identity),
        "coverage": {
            **asdict(quality.coverage),
            "unswapped": _ranges(quality.coverage.unswapped),
            "doubtful": _frames_in_doubt(quality.coverage.doubtful),
        },
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
    lines = [
        {"role": line.role, "written": line.written, "spoken": " ".join(line.spoken), "directions": told(line)}
        for line in script.lines
    ]
    return {"title": script.title, "language": script.language, "lines": lines, "notes": list(script.notes)}


def speech_facts(speeches: Sequence[Speech], alignments: Sequence[Alignment] = ()) -> list[Facts]:
    """One entry per line: text, length, voice, seed; and, once aligned, aligner, score and doubts."""
    if not alignments:
        return [_speech(speech) | _NOT_ALIGNED for speech in speeches]
    return [
        {
            **_speech(alignment.speech),
            "aligner": alignment.aligner,
            "score": alignment.score,
            "n_words": len(alignment.words),
            "n_phones": len(alignment.phones),
            "doubts": _doubts(alignment),
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
        "phrases": [_phrase(phrase, placement, rate) for phrase in placement.phrases],
        "advice": placement.advice,
        "sound": {"how": str(placement.sound.how), "reason": placement.sound.reason} if placement.sound else None,
    }


def _speech(speech: Speech) -> Facts:
    return {
        "written": speech.utterance.line.written,
        "duration_s": round(float(speech.duration), 3),
        "voice": speech.utterance.voice.name,
        "engine": speech.utterance.voice.engine,
        "seed": speech.utterance.seed,
        "directions": told(speech.utterance.line),
        "performed": speech.utterance.performance is not None,
        "sha256": speech.audio.digest,
    }


def _doubts(alignment: Alignment) -> list[Facts]:
    """Phones that may not be what is heard, the most doubtful first."""
    unsure = [one for one in alignment.phones if one.confidence is not None and one.confidence < _SURE_PHONE]
    unsure.sort(key=lambda phone: phone.confidence or 0.0)
    return [
        {
            "phone": phone.ipa or phone.label,
            "word": next((w.text for w in alignment.words if w.start <= (phone.start + phone.end) / 2 < w.end), ""),
            "start_s": round(float(phone.start), 3),
            "confidence": round(phone.confidence or 0.0, 3),
        }
        for phone in unsure[:_MOST_DOUBTS]
    ]


def _phrase(phrase: PhraseFit, placement: Placement, rate: Any) -> Facts:
    first_frame = placement.first_frame + phrase.first_frame
    room = phrase.isochrony
    return {
        "from": timecode(first_frame, rate),
        "start_s": round(float(first_frame / rate), 3),
        "n_frames": phrase.n_frames,
        "fit": str(phrase.fit),
        "reason": phrase.reason,
        "isochrony": None
        if room is None
        else {
            "spoken_s": round(float(room.spoken_s), 3),
            "room_s": round(float(room.room_s), 3),
            "rate": round(float(room.rate), 3),
            "syllables_over": room.syllables_over,
            "verdict": room.verdict,
        },
    }


def _ranges(problems: Sequence[ProblemRange]) -> list[Facts]:
    return [{"first": one.first, "last": one.last, "reason": str(one.reason)} for one in problems]


def _frames_in_doubt(doubtful: Sequence[DoubtRange]) -> list[Facts]:
    return [
        {"first": one.first, "last": one.last, "reason": str(one.doubt), "confidence": one.confidence}
        | {"person": one.person, "picture": one.picture_name}
        for one in doubtful
    ]
