"""What a stage leaves for people: its files in the output folder, and its pictures and tables in Prefect.

    script.json                  speech/NNN.wav       alignment/NNN.TextGrid     faces/{source,actor}.jpg
    timeline.{otio,edl}          speech/NNN-conformed.wav  isochrony.json        model/{preview.jpg,card.json,curve.png}
    swap/preview.mp4             master.{mp4,mov}     captions.{vtt,srt}         master.TextGrid

These names stay: other programs build on them. It runs every time, also when the stage itself was kept.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from av_models.domain.edit import Master, SwappedClip, Timeline
from av_models.domain.face import FaceSet, SwapModel
from av_models.domain.media import MediaRef
from av_models.domain.production import Stage
from av_models.domain.script import Script
from av_models.domain.speech import Alignment, CheckedSpeech, Speech
from tasks.artifacts import show_picture, show_table
from tasks.doubtful import deliver_doubtful, delivered_patches
from tasks.dubbing import show_isochrony
from tasks.progress import announce
from tasks.workspace import media_dir, store

__all__ = ["deliver", "note_outputs"]


@task(name="deliver", task_run_name="deliver-{stage}", cache_policy=NO_CACHE, persist_result=False)
def deliver(folder: Path, stage: Stage, made: Mapping[str, Any]) -> None:
    """Put what a stage made into `folder`. made: by name, as `write_report` takes it."""
    match stage:
        case Stage.SCRIPT:
            _script(folder, made["script"], made.get("notes", ()))
        case Stage.SPEECH:
            _speech(folder, made["speeches"], made.get("checked", ()))
        case Stage.ALIGNMENT:
            _alignment(folder, made["alignments"])
            if made.get("dubbing") is not None:
                show_isochrony(folder, made["dubbing"])
        case Stage.FACES:
            _faces(folder, made["source"], made["actor"])
        case Stage.TIMELINE:
            _timeline(folder, made["timeline"], made["actor"])
        case Stage.MODEL:
            _model(folder, made["model"])
        case Stage.SWAP:
            _swap(folder, made["clips"], made["preview"])
        case Stage.MASTER:
            _master(folder, made["master"])


@task(name="note_outputs", cache_policy=NO_CACHE, persist_result=False)
def note_outputs(out: Path, consent_ids: Sequence[str], made: Mapping[str, Any]) -> None:
    """Write into the audit log what now lies in `out` and under which consent, so that a revocation can name it."""
    from av_models.io.consent import record_output

    made_files: list[tuple[str, MediaRef, Path]] = []
    if isinstance(model := made.get("model"), SwapModel):
        made_files.append(("model", model.weights, out / "model"))
    if isinstance(master := made.get("master"), Master):
        made_files.append(("master", master.video, out / f"master{master.video.suffix}"))
    for number, speech in enumerate(made.get("speeches", ()), start=1):
        made_files.append(("speech", speech.audio, out / "speech" / f"{number:03d}.wav"))
    made_files += [("patches", *one) for one in delivered_patches(out / "swap", made.get("clips", ()))]
    for what, ref, place in made_files:
        record_output(media_dir(), consent_ids, what, ref.digest, str(place))


def _script(folder: Path, script: Script, notes: Sequence[str]) -> None:
    _write(folder / "script.json", json.dumps(asdict(script), indent=1, ensure_ascii=False) + "\n")
    rows = [{"line": n, "role": line.role, "text": line.written} for n, line in enumerate(script.lines, start=1)]
    show_table("script", rows, script.title or "The script")
    announce("script", f"{len(script.lines)} lines" + (f", “{script.title}”" if script.title else ""))
    for note in notes:
        announce("note", note)


def _speech(folder: Path, speeches: Sequence[Speech], checked: Sequence[CheckedSpeech]) -> None:
    from av_models.forensics.self_check import findings_of, outcome

    for number, speech in enumerate(speeches, start=1):
        _copy(speech.audio, folder / "speech" / f"{number:03d}.wav")
    rows = [
        {"line": n, "text": one.utterance.line.written, "seconds": round(float(one.duration), 2)}
        for n, one in enumerate(speeches, start=1)
    ]
    said = f"{len(speeches)} lines, {float(sum(one.duration for one in speeches)):.1f} s"
    said += f", spoken by {speeches[0].utterance.voice.name}" if speeches else ""
    show_table("speech", rows, said)
    announce("speech", said)
    if checked:
        announce("self-check", outcome(checked))
        findings = [
            row | {key: "; ".join(row[key]) for key in ("left", "cured", "conformed")} for row in findings_of(checked)
        ]
        show_table("self-check", findings, outcome(checked))


def _alignment(folder: Path, alignments: Sequence[Alignment]) -> None:
    from av_models.io.textgrid import textgrid_text

    for number, alignment in enumerate(alignments, start=1):
        _write(folder / "alignment" / f"{number:03d}.TextGrid", textgrid_text(alignment))
    rows = [
        {"line": n, "aligner": one.aligner, "words": len(one.words), "phones": len(one.phones), "score": one.score}
        for n, one in enumerate(alignments, start=1)
    ]
    show_table("alignment", rows, "Words and phones with their times")
    n_words, n_phones = sum(len(one.words) for one in alignments), sum(len(one.phones) for one in alignments)
    aligners = ", ".join(dict.fromkeys(one.aligner for one in alignments))
    announce("alignment", f"{n_words} words, {n_phones} phones, timed by {aligners}")


def _faces(folder: Path, source: FaceSet, actor: FaceSet) -> None:
    for name, faces in (("source", source), ("actor", actor)):
        sheet = _copy(faces.track.sheet, folder / "faces" / f"{name}.jpg")
        found = f"{faces.track.n_usable} of {faces.track.footage.n_frames} frames"
        if faces.track.n_people > 1:
            who = "the one who is seen most" if faces.track.person == 1 else f"number {faces.track.person}"
            found += f"; {faces.track.n_people} people seen, {who} is followed"
        show_picture(f"faces-{name}", sheet.read_bytes(), f"{name}, {faces.track.footage.name}: {found}")
        announce(f"{name} face", f"{faces.track.footage.name}: usable in {found}")


def _timeline(folder: Path, timeline: Timeline, actor: FaceSet) -> None:
    from av_models.io.edl import edl_text
    from av_models.io.timeline import otio_bytes, speech_name

    name = actor.track.footage.name
    _write(folder / "timeline.otio", otio_bytes(timeline, "master", name).decode())
    _write(folder / "timeline.edl", edl_text(timeline, folder.name, name))
    for number, placement in enumerate(timeline.placements, start=1):
        if placement.sound_map:
            _copy(placement.alignment.speech.audio, folder / speech_name(placement, number))
    rows = [
        {
            "line": n,
            "first frame": one.first_frame,
            "frames": one.n_frames,
            "picture": one.how,
            "sound": str(one.sound.how) if one.sound else "as spoken",
        }
        for n, one in enumerate(timeline.placements, start=1)
    ]
    show_table("timeline", rows, f"{timeline.lips.mode}: {timeline.lips.reason}")
    announce("timeline", f"{timeline.n_frames} frames, {float(timeline.duration):.1f} s")
    announce("lips", f"{timeline.lips.mode}. {timeline.lips.reason}")


def _model(folder: Path, model: SwapModel) -> None:
    preview = _copy(model.preview, folder / "model" / "preview.jpg")
    _copy(model.card, folder / "model" / "card.json")
    if model.curve is not None:
        _copy(model.curve, folder / "model" / "curve.png")
    for note in model.notes:
        announce("note", note)
    caption = f"{model.n_steps} steps in {model.train_s:.0f} s, held-out {model.heldout_psnr_db} dB, {model.stopped_by}"
    show_picture("model-preview", preview.read_bytes(), caption)
    announce("model", caption)


def _swap(folder: Path, clips: Sequence[SwappedClip], preview: MediaRef) -> None:
    _copy(preview, folder / "swap" / "preview.mp4")
    n_frames = sum(clip.n_frames for clip in clips)
    n_left = sum(part.last - part.first + 1 for clip in clips for part in clip.unswapped)
    left = f", {n_left} left as they were (see the report)" if n_left else ""
    announce("swap", f"{n_frames - n_left} of {n_frames} frames{left}")
    deliver_doubtful(folder / "swap", clips)


def _master(folder: Path, master: Master) -> None:
    _copy(master.video, folder / f"master{master.video.suffix}")
    beside = {
        "captions.vtt": master.captions_vtt,
        "captions.srt": master.captions_srt,
        "timeline.otio": master.otio,
        "timeline.edl": master.edl,
        "master.TextGrid": master.textgrid,
    }
    for name, ref in beside.items():
        if ref is not None:
            _copy(ref, folder / name)
    loudness = f"{master.loudness_lufs:.1f} LUFS, peak {master.true_peak_dbtp:.1f} dBTP"
    announce("master", f"{float(master.timeline.duration):.1f} s, {loudness}, signed")
    for note in master.notes:
        announce("note", note)


def _copy(ref: MediaRef, place: Path) -> Path:
    """A copy, not a link: who edits the delivered file must not edit the store."""
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(store().path(ref), place)
    return place


def _write(place: Path, text: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")
