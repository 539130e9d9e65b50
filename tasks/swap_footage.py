"""Trained faces on footage whose performance is kept: opened, cleared, and cut into shots."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from prefect import task
from prefect.cache_policies import NO_CACHE

from av_models.domain.consent import Clearance, Purpose
from av_models.domain.edit import Shot
from av_models.domain.errors import InputError
from av_models.domain.face import FaceTrack, TrainedFace
from av_models.domain.media import Footage, MediaRef
from av_models.domain.swap import FaceSwap, PlateMatch, SwapOptions
from tasks.caching import stage
from tasks.consent import show_clearance
from tasks.model_files import open_face
from tasks.people import SAME_SHARE
from tasks.shots import pieces
from tasks.workspace import configs_dir, media_dir, store

__all__ = ["check_swap_consent", "cut_kept_shots", "kept_mouth", "open_swap", "refuse_own_face"]


@task(name="open_swap", cache_policy=NO_CACHE, persist_result=False)
def open_swap(video: str, models: Mapping[str, str]) -> tuple[Footage, dict[str, TrainedFace]]:
    """The footage and the models by person; nothing is computed. Raises MediaError, InputError and ModelError."""
    from av_models.io.probe import probe_footage

    faces = {person: open_face(name) for person, name in models.items()}
    return probe_footage(Path(video), store()), faces


@task(name="check_swap_consent", cache_policy=NO_CACHE, persist_result=False)
def check_swap_consent(
    models: Mapping[str, TrainedFace], footage: Footage, consents: Mapping[str, str], purpose: Purpose
) -> Clearance:
    """Never cached and never retried: see `clear_swap`."""
    from av_models.io.consent_swap import clear_swap

    return show_clearance(clear_swap(configs_dir(), media_dir(), models, footage, consents, purpose))


def refuse_own_face(model: TrainedFace, track: FaceTrack) -> None:
    """InputError when the person in the footage is the one whom the model shows: there would be nothing to see."""
    from av_models.face.backend import BACKENDS, same_person_of

    if model.backend != track.backend or model.backend not in BACKENDS or not model.identity:
        return
    apart = float(np.linalg.norm(np.array(model.identity) - np.array(track.identity)))
    if apart < SAME_SHARE * same_person_of(model.backend):
        raise InputError(
            f"The person in {track.footage.name} looks like the one whom the model {model.name} shows "
            f"(distance {apart:.2f}).",
            "Give footage of somebody else, or choose another person of it.",
        )


@stage("3")
def kept_mouth(model: TrainedFace, track: FaceTrack) -> MediaRef:
    """.npz with `mouth` (N,8): what the person's mouth does in every frame of the footage, on the source's mouth."""
    from av_models.lips.carry import carry_between
    from av_models.lips.closing import within
    from av_models.lips.mouth import mouth_codes, mouth_scale
    from av_models.lips.visemes import mouth_range

    arrays = store().arrays(track.data)
    codes, source = mouth_codes(arrays["landmarks"]), store().arrays(model.mouths)["mouth"]
    usable = codes[arrays["usable"]]
    scale, own = mouth_scale(usable), mouth_scale(source)
    carried = carry_between(usable, scale, source, own).over(scale.normalise(_filled(codes)))
    return store().put_arrays(mouth=within(carried, mouth_range(own.normalise(source))).astype(np.float32))


def _filled(codes: np.ndarray) -> np.ndarray:
    """(N,8) without gaps: what lies between the neighbours. At least one row has to be finite."""
    there = np.isfinite(codes).all(1)
    rows = np.arange(len(codes))
    return np.stack([np.interp(rows, rows[there], column[there]) for column in codes.T], 1)


@stage("2")
def cut_kept_shots(
    models: Sequence[TrainedFace],
    tracks: Sequence[FaceTrack],
    matches: Sequence[PlateMatch],
    mouths: Sequence[MediaRef],
    options: SwapOptions,
) -> tuple[Shot, ...]:
    """The whole footage as shots of at most SHARD_FRAMES frames; one model, track, match and mouth for each person."""
    from av_models.io.container import picture_table

    footage = tracks[0].footage
    frames = shown_frames(picture_table(store().path(footage.media)).times, footage.rate)
    times = [time for _, time in frames]
    codes = [store().arrays(ref)["mouth"][[frame for frame, _ in frames]] for ref in mouths]
    shots = []
    for piece in pieces(len(times), options):
        faces = tuple(
            FaceSwap(model.weights, track, match, piece.mouth(code))
            for model, track, match, code in zip(models, tracks, matches, codes, strict=True)
        )
        own, before, after = piece.of(times)
        shots.append(Shot(own, footage.rate, faces, options, before, after))
    return tuple(shots)


def shown_frames(times: Sequence[Fraction], rate: Fraction) -> list[tuple[int, Fraction]]:
    """(frame, its time) for every frame of a programme at a constant rate: the picture that is nearest in time.

    Where the footage keeps its rate, each frame comes once; where it does not, some come twice or not at all, but none
    is blended with another.
    """
    n_frames = max(1, round((times[-1] - times[0]) * rate) + 1)
    shown = []
    for number in range(n_frames):
        wanted = times[0] + number / rate
        after = min(bisect_left(times, wanted), len(times) - 1)
        before = max(after - 1, 0)
        nearest = before if wanted - times[before] <= times[after] - wanted else after
        shown.append((nearest, times[nearest]))
    return shown
