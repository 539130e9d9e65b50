"""What the suite `faces` is sat on: a source, actors, and for computer graphics the perfect answer to each swap.

source_a.mp4      the face that is to be seen
actor_b.mp4       a performance; any number of them
truth_ab.mp4      the same performance with A's whole head, frame by frame; its .json knows blinks and eyes exactly
truth_ab_face.mp4 the same with A's face on B's head: what a swap that keeps the head should come to

Truths lie beside the clips, or in a folder `truth` there, as those of the samples do: nothing that trains looks there,
and no consent covers them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from av_models.domain.consent import Purpose
from av_models.domain.errors import InputError, MediaError
from av_models.domain.media import Footage, MediaRef
from tasks.caching import stage
from tasks.consent import check_faces_consent
from tasks.progress import Progress
from tasks.workspace import store

if TYPE_CHECKING:
    from av_models.forensics.swap_score import Clip, ExactEyes
    from av_models.forensics.swap_score_faces import SeenClip

__all__ = ["TRUTHS", "Exam", "clip_from", "clip_of", "exact_eyes", "exact_lips", "look_at", "open_exams", "seen_in"]

_PURPOSE = Purpose("internal", "worldwide", "en")
"""Models are made, measured and thrown away; nothing is shown to anybody else."""

TRUTHS = "truth"
"""Folder beside the clips that holds answers alone."""

_SIDES, _ENDS = ("l", "r"), ("in", "out")


@dataclass(frozen=True, slots=True)
class Exam:
    """One actor's swap. truth, face_truth: None where there is no perfect answer.  labels: JSON of the truth or of the
    actor, None without.  consent_ids: source, actor."""

    name: str
    source: Footage
    actor: Footage
    truth: Footage | None
    face_truth: Footage | None
    labels: Path | None
    consent_ids: tuple[str, str]


def open_exams(folder: Path) -> tuple[Exam, ...]:
    """All that a folder of clips holds, brought into the store, with leave for each swap.

    Raises InputError for a folder without a source or an actor, MediaError for a truth of another length than its
    actor, ConsentError where a swap is not allowed.
    """
    sources, actors = sorted(folder.glob("source_*.mp4")), sorted(folder.glob("actor_*.mp4"))
    if len(sources) != 1 or not actors:
        raise InputError(
            f"{folder} holds {len(sources)} source_*.mp4 and {len(actors)} actor_*.mp4.",
            "Give --clips a folder with one source_a.mp4 and actor_b.mp4, actor_c.mp4 …: see `flow run bench --help`.",
        )
    return tuple(_open(sources[0], actor) for actor in actors)


def _open(source: Path, actor: Path) -> Exam:
    from av_models.io.probe import probe_footage

    letters = source.stem.removeprefix("source_") + actor.stem.removeprefix("actor_")
    truths = [_answer(actor, f"truth_{letters}{ending}.mp4") for ending in ("", "_face")]
    opened = [probe_footage(path, store()) if path.is_file() else None for path in truths]
    clips = probe_footage(source, store()), probe_footage(actor, store())
    for truth in opened:
        if truth is not None and truth.n_frames != clips[1].n_frames:
            problem = f"it has {truth.n_frames} frames, {actor.name} has {clips[1].n_frames}"
            raise MediaError(truth.name, problem, "A perfect answer has the actor's frames, one by one.")
    records = check_faces_consent(*clips, _PURPOSE)
    consent_ids = records.consent_id("source"), records.consent_id("actor")
    labels = next(
        (path for path in (truths[0].with_suffix(".json"), actor.with_suffix(".json")) if path.is_file()), None
    )
    return Exam(actor.stem, clips[0], clips[1], opened[0], opened[1], labels, consent_ids)


def _answer(actor: Path, name: str) -> Path:
    """Where a truth is, or would be, beside the actor."""
    apart = actor.parent / TRUTHS / name
    return apart if apart.is_file() else actor.with_name(name)


def clip_of(footage: Footage, n_frames: int) -> Clip:
    """The first frames of a footage, opened as often as it is called."""
    return clip_from(footage.media, n_frames)


def clip_from(media: MediaRef, n_frames: int) -> Clip:
    """The same of a stored video."""
    from av_models.io.video import read_pictures

    def opened() -> Iterator[np.ndarray]:
        return (picture.rgb for picture in islice(read_pictures(store().path(media)), n_frames))

    return opened


@stage("1")
def look_at(footage: Footage, n_frames: int) -> MediaRef:
    """What the scorer's eyes see in a clip, .npz of `SeenClip`; kept, since clips of an exam do not change."""
    from av_models.forensics.swap_score_faces import see_clip

    with Progress("look at a clip", n_frames, "frame", footage.name) as progress:
        seen = see_clip(clip_of(footage, n_frames)(), on_frame=progress.reach)
    return store().put_arrays(landmarks=seen.landmarks, descriptors=seen.descriptors, n_missed=np.array(seen.n_missed))


def seen_in(footage: Footage, n_frames: int) -> SeenClip:
    """`look_at`, as a value."""
    from av_models.forensics.swap_score_faces import SeenClip

    arrays = store().arrays(look_at(footage, n_frames))
    return SeenClip(arrays["landmarks"], arrays["descriptors"], int(arrays["n_missed"]))


def exact_eyes(labels: Path | None, n_frames: int) -> ExactEyes | None:
    """Blinks and corners of the eyes as the renderer knows them; None where it told nothing."""
    from av_models.forensics.swap_score import ExactEyes

    frames = _frames(labels, n_frames)
    try:
        blink = np.array([frame["blink"] for frame in frames], np.float64)
        corners = [[[frame["landmarks"][f"eye_{s}_{e}"] for e in _ENDS] for s in _SIDES] for frame in frames]
    except KeyError:
        return None
    return ExactEyes(blink, np.array(corners, np.float64)) if frames else None


def exact_lips(labels: Path | None, n_frames: int) -> np.ndarray | None:
    """(n,) opening of the inner lips over the mouth's width, in three dimensions; None where it is not known."""
    frames = _frames(labels, n_frames)
    if not frames or "lip_gap" not in frames[0]:
        return None
    return np.array([frame["lip_gap"] for frame in frames], np.float64)


def _frames(labels: Path | None, n_frames: int) -> list[dict[str, Any]]:
    if labels is None:
        return []
    try:
        found = json.loads(labels.read_text(encoding="utf-8"))["frames"]
    except (ValueError, KeyError) as error:
        raise InputError(
            f"{labels} is no file of labels ({error}).", "Render the clip again, or move it away."
        ) from None
    return list(found[:n_frames]) if len(found) >= n_frames else []
