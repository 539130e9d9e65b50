"""What `flow run faces` leaves: a sheet of all people, and of each one the problems and the coverage."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from prefect import task
from prefect.cache_policies import NO_CACHE

from av_models.domain.face import FaceTrack, PeopleSeen, ProblemRange
from tasks.artifacts import in_run, show_picture, show_table
from tasks.frame_figures import table_text, tracked_rows
from tasks.people import finder_facts, people_folder
from tasks.workspace import media_dir, store

__all__ = ["write_people"]

MOST_PEOPLE = 6
"""Of more, the sheet tells; each has a page of its own only when picked."""


@task(name="write_people", cache_policy=NO_CACHE, persist_result=False)
def write_people(seen: PeopleSeen, tracks: Sequence[FaceTrack], out: str = "") -> dict[str, Any]:
    """people.jpg, faces.json, frames.csv, and person-N.jpg and coverage-N.png of each of `tracks`, in `out`.

    out: by default media/out/faces-NAME.  Returns what faces.json holds, and where the files lie.
    """
    from av_models.io.disk import new_file

    folder = Path(out) if out else media_dir() / "out" / people_folder(seen)
    files: dict[str, bytes] = {"people.jpg": store().read_bytes(seen.sheet)}
    people = []
    for track in tracks:
        facts, pictures = _person(track)
        people.append(facts)
        files |= pictures
    facts = {
        "name": seen.footage.name,
        "sha256": seen.footage.media.digest,
        "n_frames": seen.footage.n_frames,
        "n_people": seen.tracks[0].n_people,
        **finder_facts(seen.tracks[0].backend),
        "people": people,
    }
    files["faces.json"] = (json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
    files["frames.csv"] = table_text([row for track in tracks for row in tracked_rows(track)]).encode()
    for name, data in files.items():
        with new_file(folder / name, len(data)) as part:
            part.write_bytes(data)
    _show(files, people, seen)
    return {
        **facts,
        "out": str(folder),
        "sheet": str(folder / "people.jpg"),
        "report": str(folder / "faces.json"),
        "frames": str(folder / "frames.csv"),
    }


def _person(track: FaceTrack) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Facts of one person, and the pictures that show them."""
    from av_models.face.coverage import MOUTH_EDGES, PITCH_EDGES, YAW_EDGES, coverage
    from av_models.io.coverage_picture import coverage_png

    arrays = store().arrays(track.data)
    covered = coverage(arrays)
    facts: dict[str, Any] = {
        "person": track.person,
        "n_usable": track.n_usable,
        "n_filled": int(arrays["filled"].sum()),
        "coverage": str(covered),
        "lacks": list(covered.lacks),
        "problems": [_problem(one, arrays["time_s"]) for one in track.problems],
        "scores": {name: _spread(arrays[name]) for name in _SCORES},
        "shares": {name: value for name, value in asdict(covered).items() if name.startswith("share_")},
    }
    pictures = {f"person-{track.person}.jpg": store().read_bytes(track.sheet)}
    if covered.n_faces:
        title = f"{track.footage.name}, person {track.person}: " + ("; ".join(covered.lacks) or "nothing is missing")
        edges = (YAW_EDGES, PITCH_EDGES)
        picture = coverage_png(covered.map, *edges, covered.mouth, MOUTH_EDGES, title)
        pictures[f"coverage-{track.person}.png"] = picture
    return facts, pictures


_SCORES = ("yaw_deg", "pitch_deg", "roll_deg", "face_px", "sharpness", "hidden")


def _spread(values: np.ndarray) -> dict[str, float] | None:
    """5th percentile, median and 95th of the frames in which the face was seen; None if there is none."""
    there = values[np.isfinite(values)]
    if not there.size:
        return None
    low, middle, high = (round(float(value), 3) for value in np.percentile(there, [5, 50, 95]))
    return {"low": low, "median": middle, "high": high}


def _problem(problem: ProblemRange, times: np.ndarray) -> dict[str, Any]:
    return {
        "first": problem.first,
        "last": problem.last,
        "start_s": round(float(times[problem.first]), 3),
        "end_s": round(float(times[problem.last]), 3),
        "reason": problem.reason.value,
    }


def _show(files: dict[str, bytes], people: list[dict[str, Any]], seen: PeopleSeen) -> None:
    if not in_run():
        return
    show_picture("people", files["people.jpg"], f"{seen.footage.name}: who is who")
    rows = []
    for facts in people:
        number = facts["person"]
        show_picture(f"person-{number}", files[f"person-{number}.jpg"], f"Person {number}: {facts['coverage']}")
        if picture := files.get(f"coverage-{number}.png"):
            show_picture(f"coverage-{number}", picture, f"Person {number}: " + "; ".join(facts["lacks"]))
        rows += [{"person": number, **problem} for problem in facts["problems"]]
    show_table("face-problems", rows, f"{seen.footage.name}: frames that cannot be used, with the reason")
