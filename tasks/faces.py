"""Faces as stages: one person followed through a footage, and that person's faces as training material."""

from __future__ import annotations

from typing import TYPE_CHECKING

from av_models.domain.errors import MediaError
from av_models.domain.face import FaceSet, FaceTrack
from av_models.domain.media import Footage, MediaRef
from tasks.caching import stage
from tasks.progress import Progress
from tasks.workspace import media_dir, store

if TYPE_CHECKING:
    from av_models.face.track import Followed

__all__ = ["gather_faces", "track_faces"]

SHEET_COLUMNS, SHEET_TILE_PX = 6, 192


@stage("1")
def track_faces(footage: Footage, backend: str, search_every: int) -> FaceTrack:
    """Follow the person who is seen most; every frame without a usable face is listed with its reason.

    backend: name of the face backend.  search_every: frames between full searches.  MediaError if there is no face.
    """
    from av_models.face.backend import get_backend
    from av_models.face.track import follow
    from av_models.io.video import read_pictures

    finder = get_backend(backend, media_dir() / "models")
    with Progress("find and follow the face", footage.n_frames, "frame", footage.name) as progress:
        pictures = read_pictures(store().path(footage.media))
        followed = follow(pictures, finder, detect_every=search_every, on_progress=progress.reach)
    if not followed.n_usable:
        raise _no_face(footage, followed)
    return FaceTrack(
        footage=footage,
        data=store().put_arrays(**followed.arrays),
        sheet=_sheet(footage, followed),
        identity=tuple(float(value) for value in followed.identity),
        n_usable=followed.n_usable,
        n_people=followed.n_people,
        problems=followed.problems,
        backend=finder.name,
    )


@stage("1")
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


def _sheet(footage: Footage, followed: Followed) -> MediaRef:
    from av_models.face.sheet import face_sheet
    from av_models.io.preview import contact_sheet, encode_jpeg

    title = f"{footage.name}: {followed.n_usable} of {footage.n_frames} frames usable"
    if followed.n_people > 1:
        title += f", {followed.n_people} people seen"
    sheet = contact_sheet(face_sheet(followed), SHEET_COLUMNS, SHEET_TILE_PX, title)
    return store().put_bytes(encode_jpeg(sheet), ".jpg")


def _no_face(footage: Footage, followed: Followed) -> MediaError:
    reasons = dict.fromkeys(problem.reason.value for problem in followed.problems)
    seen = f"no usable face in {footage.n_frames} frames" + (f" ({', '.join(reasons)})" if reasons else "")
    return MediaError(
        footage.name, seen, "Use footage of one person who faces the camera, at least 100 px from brow to chin."
    )
