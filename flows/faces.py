"""Who is in a video, what of it can be used, and what is missing, before anyone spends an hour training on it."""

from __future__ import annotations

from typing import Any

from prefect import flow

from av_models.domain.face import FaceFinder
from av_models.domain.person_pick import PersonPick
from tasks.faces import find_people
from tasks.footage import open_footage
from tasks.people import open_pick, who_is_meant
from tasks.people_report import MOST_PEOPLE, write_people
from tasks.stages import record_stages
from tasks.workspace import find_input

__all__ = ["faces"]

record_stages(open_footage, find_people, write_people)


@flow(
    name="faces",
    description="Who is in a video: a numbered sheet of people, frames that cannot be used, and what is missing.",
    persist_result=False,
)
def faces(
    video: str, pick: str = "", backend: FaceFinder = "dlib", search_every: int = 5, out: str = ""
) -> dict[str, Any]:
    """people.jpg, faces.json, frames.csv, and person-N.jpg and coverage-N.png of everybody, or of whoever is picked.

    pick: a number of the sheet (2), a place and time (0.3,0.5@2.4s), or a picture; empty: everybody.  backend: dlib,
    insightface or face-alignment.  search_every: frames between two full searches.  out: by default
    media/out/faces-NAME.
    """
    wanted: PersonPick = open_pick(pick)
    footage = open_footage(str(find_input(video) or video))
    seen = find_people(footage, backend, search_every)
    tracks = (who_is_meant(seen, wanted),) if wanted else seen.tracks[:MOST_PEOPLE]
    return dict(write_people(seen, tracks, out))
