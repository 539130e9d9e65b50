"""The parts of the report: facts put together, pictures drawn into the output folder, artifacts in Prefect."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np

from av_models.domain.consent import Clearance
from av_models.domain.edit import Master
from av_models.domain.face import FaceSet, SwapModel
from av_models.domain.media import MediaRef
from av_models.domain.quality import QualityReport
from av_models.domain.script import Script
from av_models.domain.speech import Alignment, CheckedSpeech, Phone, Speech, Word
from av_models.domain.sync import Closure, LipSync
from av_models.domain.time import timecode
from av_models.forensics import facts as of
from av_models.forensics.advice import advise
from av_models.forensics.figures import judge
from av_models.forensics.self_check import self_check_facts
from av_models.forensics.sync_words import sync_facts
from av_models.runtime.machine import machine_facts, peak_memory_mb, versions
from tasks.artifacts import in_run, show_table
from tasks.caching import stage
from tasks.stages import stage_times
from tasks.sync_report import closure_faces
from tasks.workspace import media_dir, store

if TYPE_CHECKING:
    from av_models.io.report import LipSeries

__all__ = ["MEDIA_URL_VARIABLE", "assemble_facts", "draw_pictures", "review_link", "show_link", "show_report"]

# Set by `flow ui`: where the folder `out` of the media directory is served.
MEDIA_URL_VARIABLE = "UNDERSTUDY_MEDIA_URL"

_THUMB_PX = 200
_MOST_CLOSURES = 150
_SHEET_TILES = 24
_TITLE_LENGTH = 60


def assemble_facts(
    production: dict[str, Any],
    *,
    clearance: Clearance | None,
    script: Script | None,
    alignments: tuple[Alignment, ...],
    source: FaceSet | None,
    actor: FaceSet | None,
    model: SwapModel | None,
    master: Master | None,
    quality: QualityReport | None,
    speeches: tuple[Speech, ...] = (),
    checked: tuple[CheckedSpeech, ...] = (),
    conformed: tuple[CheckedSpeech | None, ...] = (),
    reference: LipSync | None = None,
    refused: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Everything that report.json holds; see `av_models.forensics.facts` for the keys."""
    if master is not None and not alignments:
        alignments = _alignments(master)
    spoken = tuple(alignment.speech for alignment in alignments) or speeches
    people = {"source": source or (model and model.source), "actor": actor or (model and model.actor)}
    faces = {name: of.face_facts(face) for name, face in people.items() if face}
    measured = of.quality_facts(quality) if quality else dict.fromkeys(_MEASURED)
    return {
        "format": of.FORMAT,
        "title": _title(script),
        "made_at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "run": _run_facts(),
        **measured,
        "reference": sync_facts(reference) if reference else None,
        "refused": list(refused),
        "script": of.script_facts(script) if script else None,
        "speech": of.speech_facts(speeches, alignments) or None,
        "self_check": self_check_facts(checked, conformed) if checked else None,
        "faces": faces if len(faces) == 2 else None,
        "model": of.model_facts(model, store().json(model.card)) if model else None,
        "timeline": of.master_facts(master) if master else None,
        "consent": of.consent_facts(clearance) if clearance else None,
        "consent_ids": list(clearance.consent_ids) if clearance else [],
        "stages": of.stage_facts(stage_times(_flow_run_id())),
        "next": [
            {"text": one.text, "command": one.command} for one in advise(judge(quality) if quality else (), production)
        ],
        "versions": versions(),
        "seeds": _seeds(production, spoken),
        "weights": _weights(spoken, source or (model.source if model else None), model),
        "inputs": _inputs(people),
        "machine": machine_facts(),
        "peak_memory_mb": peak_memory_mb(),
        "production": production,
    }


def draw_pictures(
    out: Path,
    alignments: tuple[Alignment, ...],
    master: Master | None,
    quality: QualityReport | None,
    speeches: tuple[Speech, ...] = (),
) -> LipSeries | None:
    """Waveforms with phones, a poster, a sheet of the master, the faces of its closures, all under `out`/report;
    returns the lip series."""
    from av_models.io.report import LipSeries

    folder = out / "report"
    for old in (*folder.glob("*.png"), *folder.glob("*.jpg")):
        old.unlink()
    if master is not None:
        alignments = alignments or _alignments(master)
        _draw_frame(folder / "poster.jpg", store().path(master.video))
        _draw_sheet(folder / "sheet.jpg", master)
    if (out / "swap" / "preview.mp4").is_file():
        _draw_frame(folder / "side.jpg", out / "swap" / "preview.mp4")
    spoken = [(one.speech, one.words, one.phones) for one in alignments]
    for number, (speech, words, phones) in enumerate(
        spoken or [(one, one.words, one.phones) for one in speeches], start=1
    ):
        _draw_wave(folder / f"wave-{number:03d}.png", speech, words, phones)
    if master is None or quality is None:
        return None
    series = store().arrays(quality.sync.series)
    _draw_closures(folder, master, quality.sync.closures, series["box"])
    return LipSeries(series["time_s"], series["gap"], series["target"])


def show_report(page: Path, facts: dict[str, Any]) -> None:
    """The figures as a table and the page as a link on the run; nothing outside a run."""
    if not in_run():
        return
    rows = [
        {"figure": one["title"], "measured": one["shown"], "verdict": one["grade"], "rule": one["rule"]}
        for one in facts["figures"] or ()
    ]
    show_table("measured", rows, "What was measured on the finished master")
    show_link(page)


def show_link(page: Path) -> None:
    """A link to the page on the run, while `flow ui` serves it."""
    from prefect.artifacts import create_link_artifact

    link = review_link(page)
    if link and in_run():
        create_link_artifact(link, link_text="Open the review page", key="review-page", description=f"`{page}`")


def review_link(page: Path) -> str:
    """The address of a file under media/out while `flow ui` serves it, '' otherwise."""
    base, served = os.environ.get(MEDIA_URL_VARIABLE, ""), media_dir() / "out"
    if not base or not page.resolve().is_relative_to(served.resolve()):
        return ""
    return f"{base.rstrip('/')}/{quote(page.resolve().relative_to(served.resolve()).as_posix())}"


_MEASURED = ("measured", "figures", "sync", "identity", "coverage", "sound", "marks")


def _title(script: Script | None) -> str:
    """The script's own title, or how it begins."""
    if script is None:
        return ""
    begin = script.lines[0].written if script.lines else ""
    return script.title or shorten(begin, _TITLE_LENGTH, placeholder=" …")


def _alignments(master: Master) -> tuple[Alignment, ...]:
    return tuple(placement.alignment for placement in master.timeline.placements)


def _flow_run_id() -> str:
    from prefect.runtime import flow_run

    return str(flow_run.id or "")


def _run_facts() -> dict[str, str]:
    from prefect.runtime import flow_run

    url = flow_run.ui_url if flow_run.id else None
    return {"flow_run_id": _flow_run_id(), "name": str(flow_run.name or ""), "url": str(url or "")}


def _seeds(production: dict[str, Any], speeches: tuple[Speech, ...]) -> dict[str, Any]:
    """Every seed of the production, by its dotted name, and the one that each line was spoken with."""
    found: dict[str, Any] = {}

    def search(value: Any, name: str) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                search(inner, f"{name}.{key}" if name else key)
        elif name.rpartition(".")[2] == "seed":
            found[name] = value

    search(production, "")
    return {**found, "lines": ", ".join(str(speech.utterance.seed) for speech in speeches) or "none"}


def _weights(speeches: tuple[Speech, ...], face: FaceSet | None, model: SwapModel | None) -> list[dict[str, str]]:
    found = []
    for voice in dict.fromkeys(speech.utterance.voice for speech in speeches):
        digests = [weights.digest for weights in voice.weights] or [""]
        found += [{"name": f"voice {voice.name}", "licence": voice.licence, "sha256": digest} for digest in digests]
        if (program := voice.program) is not None:
            digest = next(iter(program.digests), "")
            found.append({"name": f"engine {program.name}", "licence": program.licence, "sha256": digest})
    if face is not None:
        from av_models.face.backend import licence_of

        name = face.track.backend
        found.append({"name": f"faces by {name}", "licence": licence_of(name), "sha256": ""})
    if model is not None:
        licence = "trained in this run; bound to the consent records above"
        found.append({"name": "swap model", "licence": licence, "sha256": model.weights.digest})
    return found


def _inputs(people: dict[str, Any]) -> dict[str, str]:
    return {
        name: f"{face.track.footage.name} (SHA-256 {face.track.footage.media.digest})"
        for name, face in people.items()
        if face
    }


@stage("2")
def draw_waveform(speech: Speech, words: tuple[Word, ...], phones: tuple[Phone, ...]) -> MediaRef:
    """Waveform, spectrogram, words and phones of a line, as PNG."""
    from av_models.io.audio import read_wav
    from av_models.io.preview import waveform_plot

    samples, rate_hz = read_wav(store().path(speech.audio))
    return store().put_bytes(waveform_plot(samples, rate_hz, words, phones), ".png")


def _draw_wave(path: Path, speech: Speech, words: tuple[Word, ...], phones: tuple[Phone, ...]) -> None:
    from av_models.io.disk import new_file

    draw = draw_waveform if in_run() else draw_waveform.fn
    picture = store().read_bytes(draw(speech, words, phones))
    with new_file(path, len(picture)) as part:
        part.write_bytes(picture)


def _draw_sheet(path: Path, master: Master) -> None:
    """Frames from all over the finished master, with their timecode."""
    from av_models.io.preview import contact_sheet
    from av_models.io.video import frame_times, read_pictures

    video = store().path(master.video)
    n_frames = len(frame_times(video))
    n_tiles = min(_SHEET_TILES, n_frames)
    frames = [n_frames * (2 * number + 1) // (2 * n_tiles) for number in range(n_tiles)]
    rate = master.timeline.rate
    tiles = [(picture.rgb, timecode(picture.index, rate)) for picture in read_pictures(video, frames)]
    _write_jpeg(path, contact_sheet(tiles, 6, 180, ""))


def _draw_frame(path: Path, video: Path) -> None:
    """A frame of the first third, where the talk has begun, for a player that has not started."""
    from av_models.io.video import frame_times, read_pictures

    frame = len(frame_times(video)) // 3
    _write_jpeg(path, next(read_pictures(video, [frame])).rgb)


def _draw_closures(folder: Path, master: Master, closures: tuple[Closure, ...], boxes: np.ndarray) -> None:
    """The face in every frame whose lips should have closed, misses first; the first of them when they are many."""
    shown = sorted(closures, key=lambda one: (one.hit, one.start_s))[:_MOST_CLOSURES]
    for frame, face in closure_faces(store().path(master.video), shown, boxes, _THUMB_PX).items():
        _write_jpeg(folder / f"closure-{frame:05d}.jpg", face)


def _write_jpeg(path: Path, rgb: np.ndarray) -> None:
    from av_models.io.disk import new_file
    from av_models.io.preview import encode_jpeg

    data = encode_jpeg(rgb)
    with new_file(path, len(data)) as part:
        part.write_bytes(data)
