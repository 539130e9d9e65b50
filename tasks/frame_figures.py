"""What is known of every face in every frame, as a table: how sure a swap is of it and why, or what a tracker saw."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from av_models.domain.edit import Shot, SwappedClip
from av_models.domain.face import FaceTrack
from av_models.domain.media import MediaRef
from av_models.domain.time import timecode
from tasks.workspace import store

if TYPE_CHECKING:
    from tasks.painting import Finished

__all__ = ["FrameFigures", "confidences", "people_facts", "table_text", "tracked_rows", "write_frames"]

SWAPPED, FILLED, MISSED, ABSENT = "detected", "filled", "missed", "absent"
"""Of a face: where the tracker saw it; between frames in which it did; there but not swapped; not in the picture."""

Row = dict[str, Any]


class FrameFigures:
    """Collects a row a frame and person while a shot is made."""

    def __init__(self, shot: Shot) -> None:
        self._rate, self._people = shot.rate, [face.track.person for face in shot.faces]
        self._rows: list[Row] = []

    def see(self, one: Finished) -> None:
        self._rows += [_row(one, k, person) for k, person in enumerate(self._people)]

    def kept(self) -> MediaRef:
        """JSON: `rate` of the programme, and `rows`, whose `frame` counts from the start of the shot."""
        return store().put_json({"rate": str(self._rate), "rows": self._rows})


def write_frames(folder: Path, clips: Sequence[SwappedClip]) -> None:
    """frames.csv in `folder`: all clips, counted through the programme; nothing if there are no figures."""
    from av_models.io.disk import new_file

    if text := table_text(list(_programme(clips))):
        with new_file(folder / "frames.csv", len(text)) as part:
            part.write_text(text, encoding="utf-8")


def people_facts(clips: Sequence[SwappedClip]) -> list[dict[str, Any]]:
    """Of each person, in the order of their numbers: in how many frames they are swapped, where they keep their own
    face, and how sure the swap is of those it made. Frames in which they are not to be seen count for neither."""
    by_person: dict[int, list[Row]] = {}
    for row in _programme(clips):
        by_person.setdefault(row["person"], []).append(row)
    return [_person(number, rows) for number, rows in sorted(by_person.items())]


def confidences(clips: Sequence[SwappedClip]) -> list[float]:
    """One a frame: that of the least sure of the faces that should be swapped in it. Frames without one have none."""
    sure: dict[int, float] = {}
    for row in _programme(clips):
        if row["confidence"] is not None:
            sure[row["frame"]] = min(row["confidence"], sure.get(row["frame"], 1.0))
    return [value for _, value in sorted(sure.items())]


def tracked_rows(track: FaceTrack) -> Iterator[Row]:
    """What the tracker knows of one person, a row a frame of the footage; `problem` is empty where it is usable."""
    arrays, rate = store().arrays(track.data), track.footage.rate
    problems = [""] * len(arrays["time_s"])
    for one in track.problems:
        problems[one.first : one.last + 1] = [str(one.reason)] * (one.last - one.first + 1)
    for frame, problem in enumerate(problems):
        seen = np.isfinite(arrays["sharpness"][frame])
        yield {
            "frame": frame,
            "timecode": timecode(frame, rate),
            "time_s": round(float(arrays["time_s"][frame]), 4),
            "person": track.person,
            "face": SWAPPED if seen else FILLED if arrays["filled"][frame] else ABSENT,
            "problem": problem,
            **{name: _rounded(arrays[name][frame]) for name in ("score", "yaw_deg", "pitch_deg", "roll_deg")},
            **{name: _rounded(arrays[name][frame]) for name in ("sharpness", "hidden", "face_px")},
        }


def table_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """CSV with a line of names; None is an empty field; '' without rows."""
    if not rows:
        return ""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _row(one: Finished, k: int, person: int) -> Row:
    from av_models.face.quality import face_height_px

    seen, signs, absent = one.frame.seen[k], one.signs[k], one.frame.absent[k]
    row: Row = {"frame": one.frame.index, "timecode": "", "person": person}
    if seen is None or signs is None:
        missed, problem = (absent.there, str(absent.problem)) if absent else (False, "")
        row |= {"face": MISSED if missed else ABSENT, "confidence": 0.0 if missed else None, "reasons": problem}
        return row | dict.fromkeys(("yaw_deg", "pitch_deg", "roll_deg", "sharpness", "hidden", "face_px"))
    pose = seen.pose
    return row | {
        "face": FILLED if seen.filled else SWAPPED,
        "confidence": round(signs.confidence(), 3),
        "reasons": "; ".join(signs.doubts()),
        "yaw_deg": _rounded(pose.yaw_deg),
        "pitch_deg": _rounded(pose.pitch_deg),
        "roll_deg": _rounded(pose.roll_deg),
        "sharpness": _rounded(seen.sharpness),
        "hidden": _rounded(signs.hidden),
        "face_px": _rounded(face_height_px(seen.landmarks)),
    }


def _programme(clips: Sequence[SwappedClip]) -> Iterator[Row]:
    start = 0
    for clip in clips:
        if clip.figures is not None:
            held = store().json(clip.figures)
            for row in held["rows"]:
                frame = start + row["frame"]
                # The store sorts names; people read columns in the order in which they matter.
                yield {name: row[name] for name in _COLUMNS} | {
                    "frame": frame,
                    "timecode": timecode(frame, Fraction(held["rate"])),
                }
        start += clip.n_frames


_COLUMNS = (
    "frame", "timecode", "person", "face", "confidence", "reasons", "yaw_deg", "pitch_deg", "roll_deg", "sharpness",
    "hidden", "face_px",
)  # fmt: skip


def _person(number: int, rows: list[Row]) -> dict[str, Any]:
    sure = [row["confidence"] for row in rows if row["face"] in (SWAPPED, FILLED)]
    missed = [row for row in rows if row["face"] == MISSED]
    return {
        "person": number,
        "swapped": len(sure),
        "left": _ranges(missed),
        "confidence": {"mean": round(sum(sure) / max(len(sure), 1), 3), "least": min(sure, default=0.0)},
    }


def _ranges(rows: Sequence[Row]) -> list[tuple[int, int, str]]:
    """(first, last, reason) of neighbouring frames with one reason."""
    counted = [(row["frame"] - k, row["reasons"], row["frame"]) for k, row in enumerate(rows)]
    runs = [[frame for *_, frame in run] for _, run in groupby(counted, key=lambda one: one[:2])]
    reasons = [reason for (_, reason), _ in groupby(counted, key=lambda one: one[:2])]
    return [(run[0], run[-1], reason) for run, reason in zip(runs, reasons, strict=True)]


def _rounded(value: float) -> float | None:
    return round(float(value), 3) if np.isfinite(value) else None
