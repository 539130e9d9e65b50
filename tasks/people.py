"""Who is meant: one person of a footage, picked by number, place or picture, and the refusals where it is not clear."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from av_models.domain.errors import InputError, MediaError
from av_models.domain.face import FaceTrack, PeopleSeen
from av_models.domain.media import MediaRef
from av_models.domain.person_pick import PersonPick, PickedPlace, parse_pick
from tasks.workspace import find_input, media_dir, store

__all__ = [
    "describe_problems", "finder_facts", "open_pick", "people_folder", "require_alone", "require_different",
    "require_enough", "require_pair", "who_is_meant",
]  # fmt: skip

PASSER_BY = 0.2
"""Who is seen in less than this share of the frames of the most seen person is nobody to be mistaken for them."""

SAME_SHARE = 0.75
"""Of the distance within which a tracker takes two looks for one person: means over whole clips lie far closer."""

_MOST_LATE_S = 0.5
_SEE = "See {sheet}, and choose by number (2), by place and time (0.3,0.5@2.4s) or by a picture: {how}."


def open_pick(text: str) -> PersonPick:
    """What the user wrote, its picture brought into the store. InputError, MediaError for what cannot be used."""
    pick = parse_pick(text)
    if not pick.picture_name:
        return pick
    path = find_input(pick.picture_name)
    if path is None:
        raise MediaError(pick.picture_name, "there is no such picture", f"Put it into {media_dir() / 'inputs'}.")
    return PersonPick(picture=store().put_file(path), picture_name=path.name)


def finder_facts(backend: str) -> dict[str, str]:
    """By what faces were found, and what its weights permit."""
    from av_models.face.backend import BACKENDS, licence_of

    return {"backend": backend, "licence": licence_of(backend) if backend in BACKENDS else ""}


def people_folder(seen: PeopleSeen) -> str:
    """Name of the folder in media/out where people of this footage are shown."""
    return f"faces-{Path(seen.footage.name).stem}"


def who_is_meant(seen: PeopleSeen, pick: PersonPick) -> FaceTrack:
    """The track of the person picked; the first, who is seen most, without a pick. InputError where it fits nobody."""
    if pick.number > len(seen.tracks):
        raise _nobody(seen, f"There is no person {pick.number} in {seen.footage.name}")
    if pick.number:
        return seen.tracks[pick.number - 1]
    if pick.place:
        return _at(seen, pick.place)
    return _like(seen, pick.picture, pick.picture_name) if pick.picture else seen.tracks[0]


def require_alone(seen: PeopleSeen) -> None:
    """MediaError when somebody else is seen for more than a moment, and nobody was picked."""
    frames = [_frames_seen(track) for track in seen.tracks]
    others = [n for n in frames[1:] if n >= PASSER_BY * frames[0]]
    if not others:
        return
    counts = ", ".join(f"{number}: {n} frames" for number, n in enumerate(frames, 1))
    raise MediaError(
        seen.footage.name,
        f"{len(others) + 1} people are to be seen, and it is not said whose face is meant ({counts})",
        _SEE.format(sheet=_shown(seen), how="--set face.source=2"),
    )


def require_different(tracks: Sequence[FaceTrack], picks: Sequence[PersonPick]) -> None:
    """InputError when two picks mean one person: a face cannot be given two others."""
    for i, track in enumerate(tracks):
        for j in range(i):
            if tracks[j].person == track.person:
                problem = f"{picks[j]} and {picks[i]} are the same person of {track.footage.name}."
                raise InputError(problem, "Pick every person once; `flow run faces --video V` shows who is who.")


def require_pair(source: FaceTrack, actor: FaceTrack, least: int = 0) -> None:
    """Refuse, before work is wasted, what no swap can be learnt from.

    InputError when source and actor are one person; MediaError when one shows fewer than `least` usable faces.
    """
    for track in (source, actor):
        require_enough(track, least)
    apart = _apart(source, actor)
    if apart is not None and apart[0] < apart[1]:
        raise InputError(
            f"{source.footage.name} and {actor.footage.name} show the same person: their faces are {apart[0]:.2f} "
            f"apart, those of two people at least {apart[1]:.2f}.",
            "Give another person's performance, or pick another person of it (face.actor).",
        )


def _apart(source: FaceTrack, actor: FaceTrack) -> tuple[float, float] | None:
    """Distance of the two identities, and from where on they are two people; None where they cannot be compared."""
    from av_models.face.backend import BACKENDS, same_person_of

    comparable = source.backend == actor.backend and len(source.identity) == len(actor.identity) > 0
    if not comparable or source.backend not in BACKENDS:
        return None
    return float(np.linalg.norm(np.subtract(source.identity, actor.identity))), SAME_SHARE * same_person_of(
        source.backend
    )


def require_enough(track: FaceTrack, least: int) -> FaceTrack:
    """MediaError when fewer than `least` frames are usable, with what the others are."""
    if track.n_usable >= least:
        return track
    raise MediaError(
        track.footage.name,
        f"only {track.n_usable} of {track.footage.n_frames} frames show a usable face, and {least} are needed"
        + describe_problems(track),
        "Use a longer clip in which the face looks towards the camera.",
    )


def describe_problems(track: FaceTrack) -> str:
    """' (face too blurred: 20, ...)', most frequent first; '' without any."""
    reasons = Counter[str]()
    for problem in track.problems:
        reasons[problem.reason.value] += problem.last - problem.first + 1
    return f" ({', '.join(f'{reason}: {n}' for reason, n in reasons.most_common())})" if reasons else ""


def _at(seen: PeopleSeen, place: PickedPlace) -> FaceTrack:
    """Whose face box holds the place at that moment; the nearest moment within half a second counts, too."""
    x, y = place.x * seen.footage.width_px, place.y * seen.footage.height_px
    best: tuple[float, FaceTrack] | None = None
    for track in seen.tracks:
        arrays = store().arrays(track.data)
        late = np.abs(arrays["time_s"] - float(place.time_s))
        left, top, right, bottom = arrays["box"].T
        # The box is that of the landmarks, from the brows: the forehead belongs to the face as well.
        holds = (left <= x) & (x <= right) & (top - 0.4 * (bottom - top) <= y) & (y <= bottom) & (late <= _MOST_LATE_S)
        if holds.any() and (best is None or late[holds].min() < best[0]):
            best = float(late[holds].min()), track
    if best is None:
        where = f"{place.x:g},{place.y:g} at {float(place.time_s):g} s"
        raise _nobody(seen, f"Nobody's face is at {where} in {seen.footage.name}")
    return best[1]


def _like(seen: PeopleSeen, picture: MediaRef, name: str) -> FaceTrack:
    """The person of a reference picture."""
    from av_models.face.backend import get_backend
    from av_models.face.people import nearest
    from av_models.face.track import follow_people
    from av_models.io.preview import decode_image

    backend = get_backend(seen.tracks[0].backend, media_dir() / "models")
    shown = follow_people([_Still(decode_image(store().read_bytes(picture)))], backend)
    if not shown[0].identity.size:
        raise MediaError(name, "no face is found in it", "Use a picture of one person who faces the camera.")
    if len(shown) > 1:
        raise MediaError(
            name,
            f"{len(shown)} faces are in it, and it is not said whose is meant",
            "Cut out the face of the one who is meant, with some room round it, and give that picture.",
        )
    identities = [np.array(track.identity) for track in seen.tracks]
    best = nearest(identities, shown[0].identity, backend.same_person) if identities[0].size else None
    if best is None:
        raise _nobody(seen, f"The person of {name} is not in {seen.footage.name}")
    return seen.tracks[best]


@dataclass(frozen=True, slots=True)
class _Still:
    """A picture as the only frame of a footage."""

    rgb: np.ndarray
    index: int = 0
    time: Fraction = Fraction(0)


def _frames_seen(track: FaceTrack) -> int:
    return int(np.isfinite(store().arrays(track.data)["sharpness"]).sum())


def _nobody(seen: PeopleSeen, problem: str) -> InputError:
    n = seen.tracks[0].n_people
    people = "nobody was seen" if n == 0 else "1 person was seen" if n == 1 else f"{n} people were seen"
    return InputError(f"{problem}: {people}.", _SEE.format(sheet=_shown(seen), how="face.source, face.actor or --pick"))


def _shown(seen: PeopleSeen) -> str:
    """The sheet of people, laid where the user can open it; its path."""
    from av_models.io.disk import new_file

    target = media_dir() / "out" / people_folder(seen) / "people.jpg"
    data = store().read_bytes(seen.sheet)
    with new_file(target, len(data)) as part:
        part.write_bytes(data)
    return str(target)
