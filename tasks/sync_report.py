"""What `flow run sync` is given and what it leaves: figures as JSON, a plot, and a sheet of all closures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from prefect import task
from prefect.cache_policies import NO_CACHE

from av_models.domain.errors import InputError
from av_models.domain.media import Footage
from av_models.domain.sync import Closure, LipSync, Wording
from tasks.artifacts import in_run, show_picture, show_table
from tasks.workspace import find_input, media_dir, store

__all__ = ["Clip", "closure_faces", "open_clip", "write_findings"]

_MOST_CLOSURES = 120
_THUMB_PX = 150


@dataclass(frozen=True, slots=True)
class Clip:
    footage: Footage
    wording: Wording


@task(name="open_clip", cache_policy=NO_CACHE, persist_result=False)
def open_clip(video: str, text: str = "", language: str = "en-US", timeline: str = "") -> Clip:
    """Bring a video in, with what is known of its words. Raises InputError and MediaError for what cannot be used."""
    from av_models.io.probe import probe_footage
    from av_models.io.spoken_timeline import read_spoken

    path = find_input(video) or Path(video).expanduser().absolute()
    footage = probe_footage(path, store())
    if timeline:
        given = find_input(timeline)
        if given is None:
            raise InputError(f"There is no file {timeline}.", "Check the path of the timeline.")
        return Clip(footage, read_spoken(given, language))
    return Clip(footage, Wording(_text(text) if text.strip() else _text_beside(path), language))


@task(name="write_findings", cache_policy=NO_CACHE, persist_result=False)
def write_findings(clip: Clip, sync: LipSync, out: Path | None = None) -> dict[str, Any]:
    """sync.json, sync.png and closures.jpg in `out`; returns what sync.json holds, and where they lie."""
    from av_models.forensics.sync_words import offset_sentence, sync_facts
    from av_models.io.disk import new_file
    from av_models.io.sync_plot import sync_plot

    folder = out or media_dir() / "out" / "sync" / Path(clip.footage.name).stem
    series = store().arrays(sync.series)
    shown = series["time_s"], series["gap"], series["target"]
    picture = sync_plot(*shown, sync, f"{clip.footage.name}: lips against speech", offset_sentence(sync))
    sheet = _sheet(clip, sync, series["box"])
    facts = {"name": clip.footage.name, "sha256": clip.footage.media.digest, **sync_facts(sync)}
    files = {"sync.png": picture, "sync.json": _json(facts), **({"closures.jpg": sheet} if sheet else {})}
    for name, data in files.items():
        with new_file(folder / name, len(data)) as part:
            part.write_bytes(data)
    if in_run():
        show_picture("sync", picture, offset_sentence(sync))
        show_table("sync-verdicts", facts["verdicts"], offset_sentence(sync))
    return {**facts, "out": str(folder), "picture": str(folder / "sync.png"), "report": str(folder / "sync.json")}


def closure_faces(
    video: Path, closures: Sequence[Closure], boxes: NDArray[np.float64], width_px: int
) -> dict[int, NDArray[np.uint8]]:
    """The face in the frame of every closure that shows one, by frame: (H, width_px, 3). boxes: (n, 4) px."""
    import cv2

    from av_models.io.video import read_pictures

    frames = sorted({one.frame for one in closures if np.isfinite(boxes[one.frame]).all()})
    faces: dict[int, NDArray[np.uint8]] = {}
    for picture in read_pictures(video, frames):
        left, top, right, bottom = boxes[picture.index]
        margin = 0.15 * (right - left)
        rows = slice(max(0, int(top - margin)), max(1, int(bottom + margin)))
        columns = slice(max(0, int(left - margin)), max(1, int(right + margin)))
        face = picture.rgb[rows, columns]
        if face.size:
            height_px = max(1, round(width_px * face.shape[0] / face.shape[1]))
            small = cv2.resize(face, (width_px, height_px), interpolation=cv2.INTER_AREA)
            faces[picture.index] = np.asarray(small, np.uint8)
    return faces


def _sheet(clip: Clip, sync: LipSync, boxes: NDArray[np.float64]) -> bytes:
    """Every p, b and m with its face, misses first; b'' without any."""
    from av_models.forensics.sync_words import clock
    from av_models.io.preview import contact_sheet, encode_jpeg

    order = sorted(sync.closures, key=lambda one: (one.hit, one.start_s))[:_MOST_CLOSURES]
    faces = closure_faces(store().path(clip.footage.media), order, boxes, _THUMB_PX)
    tiles = [
        (faces[one.frame], f"/{one.phone.lower()}/ {one.word} {clock(one.start_s)[3:]}\n{_state(one)}")
        for one in order
        if one.frame in faces
    ]
    if not tiles:
        return b""
    title = f"{clip.footage.name}: {sync.n_hits} of {len(sync.closures)} p, b, m with closed lips"
    return encode_jpeg(contact_sheet(tiles, 8, _THUMB_PX, title))


def _state(closure: Closure) -> str:
    return f"{'closed' if closure.hit else 'OPEN'}, gap {closure.gap:.2f}" if closure.gap is not None else "no face"


def _json(facts: dict[str, Any]) -> bytes:
    return (json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _text(given: str) -> str:
    """The text itself, or what the file of that name holds."""
    from av_models.speech.script import decode_script

    path = find_input(given) if len(given.splitlines()) == 1 and len(given) < 1000 else None
    if path is not None:
        return decode_script(path.read_bytes(), path.name)
    if given.strip().lower().endswith((".txt", ".md")) and "\n" not in given:
        raise InputError(f"There is no file {given.strip()}.", "Check the path of the text.")
    return given


def _text_beside(video: Path) -> str:
    beside = video.with_suffix(".txt")
    return _text(str(beside.absolute())) if beside.is_file() else ""
