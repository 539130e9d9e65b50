"""Faces as stages: everybody followed through a footage, one person picked, and cut out as training material."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from av_models.domain.errors import MediaError
from av_models.domain.face import FaceSet, FaceTrack, PeopleSeen
from av_models.domain.media import Footage, MediaRef
from av_models.domain.person_pick import PersonPick
from tasks.caching import stage
from tasks.people import describe_problems, require_alone, require_different, who_is_meant
from tasks.progress import Progress
from tasks.workspace import media_dir, store

if TYPE_CHECKING:
    from prefect.futures import PrefectFutureList

    from av_models.face.track import Followed

__all__ = ["find_people", "gather_faces", "start_tracking", "track_faces", "track_people"]

SHEET_COLUMNS, SHEET_TILE_PX = 6, 192
SEARCH_EVERY = 5


@stage("10")
def find_people(footage: Footage, backend: str = "dlib", search_every: int = SEARCH_EVERY) -> PeopleSeen:
    """Follow everybody in one pass; every frame without a usable face is listed with its reason.

    backend: name of the face backend.  search_every: frames between full searches.
    """
    from av_models.face.backend import get_backend
    from av_models.face.track import follow_people
    from av_models.io.video import read_pictures

    finder = get_backend(backend, media_dir() / "models")
    with Progress("find and follow the face", footage.n_frames, "frame", footage.name) as progress:
        pictures = read_pictures(store().path(footage.media))
        people = follow_people(pictures, finder, detect_every=search_every, on_progress=progress.reach)
    tracks = tuple(_track(footage, one, number, finder.name) for number, one in enumerate(people, 1))
    return PeopleSeen(footage, tracks, _sheet_of_all(footage, people))


@stage("10")
def track_faces(
    footage: Footage,
    backend: str = "dlib",
    search_every: int = SEARCH_EVERY,
    pick: PersonPick | None = None,
    alone: bool = False,
) -> FaceTrack:
    """The person who is picked; without a pick the one who is seen most.

    alone: without a pick there must be one person only, as in the footage of the face that others will be given.
    Raises MediaError if there is no usable face, or several people where one is expected; InputError for a pick that
    fits nobody.
    """
    seen = find_people(footage, backend, search_every)
    if alone and not pick:
        require_alone(seen)
    track = who_is_meant(seen, pick or PersonPick())
    if not track.n_usable:
        raise _no_face(track)
    return track


def start_tracking(
    footages: Sequence[Footage], backend: str, search_every: int, picks: Sequence[PersonPick]
) -> PrefectFutureList[FaceTrack]:
    """Source and actor side by side; the source must be alone or picked. Nobody where no footage is given."""
    n = len(footages)
    return track_faces.map(footages, backend, search_every, [*picks][:n], [True, False][:n])


def track_people(
    footage: Footage, picks: tuple[PersonPick, ...], backend: str = "dlib", search_every: int = SEARCH_EVERY
) -> tuple[FaceTrack, ...]:
    """One track a pick, from one pass over the footage. InputError where two picks mean the same person."""
    tracks = tuple(track_faces(footage, backend, search_every, pick) for pick in picks)
    require_different(tracks, picks)
    return tracks


@stage("2")
def gather_faces(track: FaceTrack, size_px: int, consent_id: str) -> FaceSet:
    """Aligned crops of `size_px`, masks, landmarks and mouth codes of all usable frames, in shards."""
    from av_models.face.gather import gather
    from av_models.io.video import read_pictures
    from av_models.lips.mouth import mouth_codes

    shards: list[MediaRef] = []
    n_faces = 0
    pictures = read_pictures(store().path(track.footage.media))
    with Progress("cut out the faces", track.n_usable, "face", track.footage.name) as progress:
        for batch in gather(pictures, store().arrays(track.data), size_px):
            shards.append(store().put_arrays(**batch, mouth=mouth_codes(batch["landmarks"])))
            n_faces += len(batch["frame"])
            progress.reach(n_faces)
    return FaceSet(track, tuple(shards), n_faces, size_px, consent_id)


def _track(footage: Footage, followed: Followed, number: int, backend: str) -> FaceTrack:
    return FaceTrack(
        footage=footage,
        data=store().put_arrays(**followed.arrays),
        sheet=_sheet(footage, followed, number),
        identity=tuple(float(value) for value in followed.identity),
        n_usable=followed.n_usable,
        n_people=followed.n_people,
        problems=followed.problems,
        backend=backend,
        person=number,
    )


def _sheet(footage: Footage, followed: Followed, number: int) -> MediaRef:
    from av_models.face.sheet import face_sheet
    from av_models.io.preview import contact_sheet, encode_jpeg

    title = f"{footage.name}: {followed.n_usable} of {footage.n_frames} frames usable"
    if followed.n_people > 1:
        title += f", person {number} of {followed.n_people} people seen"
    sheet = contact_sheet(face_sheet(followed), SHEET_COLUMNS, SHEET_TILE_PX, title)
    return store().put_bytes(encode_jpeg(sheet), ".jpg")


def _sheet_of_all(footage: Footage, people: tuple[Followed, ...]) -> MediaRef:
    from av_models.face.sheet import people_sheet
    from av_models.io.preview import contact_sheet, encode_jpeg

    n = people[0].n_people
    title = f"{footage.name}: {n} {'person' if n == 1 else 'people'}"
    sheet = contact_sheet(people_sheet(people), SHEET_COLUMNS, SHEET_TILE_PX, title)
    return store().put_bytes(encode_jpeg(sheet), ".jpg")


def _no_face(track: FaceTrack) -> MediaError:
    seen = f"no usable face in {track.footage.n_frames} frames{describe_problems(track)}"
    return MediaError(
        track.footage.name, seen, "Use footage of one person who faces the camera, at least 100 px from brow to chin."
    )
