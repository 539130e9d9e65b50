"""Faces as references: the numbers per frame lie in the store, the summary travels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from .media import Footage, MediaRef

FaceFinder = Literal["dlib", "insightface", "face-alignment"]
"""By what faces are found: the names of `av_models.face.backend.BACKENDS`."""


class FaceProblem(StrEnum):
    """Why a frame has no usable face."""

    NO_FACE = "no face found"
    OTHER_PERSON = "only another person's face"
    TOO_SMALL = "face too small"
    TURNED_AWAY = "face turned too far"
    BLURRED = "face too blurred"
    HIDDEN = "face partly hidden"


@dataclass(frozen=True, slots=True)
class ProblemRange:
    """Frames first..last (inclusive) share one reason."""

    first: int
    last: int
    reason: FaceProblem


def problem_ranges(reasons: Sequence[FaceProblem | None]) -> tuple[ProblemRange, ...]:
    """Why each frame is not usable, None where it is -> neighbouring frames with the same reason in one."""
    ranges: list[ProblemRange] = []
    for frame, reason in enumerate(reasons):
        if reason is None:
            continue
        if ranges and ranges[-1].last == frame - 1 and ranges[-1].reason is reason:
            ranges[-1] = ProblemRange(ranges[-1].first, frame, reason)
        else:
            ranges.append(ProblemRange(frame, frame, reason))
    return tuple(ranges)


@dataclass(frozen=True, slots=True)
class FaceTrack:
    """One person followed through one footage.

    data: .npz with arrays over all N frames of the footage:
        time_s (N,) float64; shot (N,) int32, number of the shot from 0: the footage is cut wherever it grows;
        usable (N,) bool; score (N,) float32; box (N,4) float32 left, top, right, bottom px;
        landmarks (N,68,2) float32 px, smoothed, x right, y down, iBUG-68 order; landmarks_raw (N,68,2): as
        found, before lips were read (`face.lip_reader`) and all was smoothed; in both, points behind something lie
        where the others say (`face.behind`);
        filled (N,) bool: not seen, landmarks drawn between the neighbours that were, in the same shot;
        yaw_deg, pitch_deg, roll_deg (as `face.quality.Pose`), face_px (brows to chin), sharpness, hidden (share of
        the face behind something, 0..1), all (N,) float32, NaN where the face was not seen.
        Frames with a turned, blurred, small or partly hidden face keep their measured landmarks, though not usable.
        Rows without a face hold landmarks where `filled`, else NaN.
    identity: mean of the descriptors (dlib: 128 numbers) of the chosen person, not normalised.
    n_people: how many different people were seen.  person: which of them this is, as numbered on the sheet of all.
    """

    footage: Footage
    data: MediaRef
    sheet: MediaRef
    identity: tuple[float, ...]
    n_usable: int
    n_people: int
    problems: tuple[ProblemRange, ...]
    backend: str
    person: int = 1


@dataclass(frozen=True, slots=True)
class PeopleSeen:
    """Everybody in one footage, who is seen most first: number 1 of the sheet.

    tracks: one a person, at least one; with nobody in sight, one without a usable frame.  sheet: JPEG of all people
    with their numbers.
    """

    footage: Footage
    tracks: tuple[FaceTrack, ...]
    sheet: MediaRef


@dataclass(frozen=True, slots=True)
class FaceSet:
    """Aligned training material of one person.

    shards: .npz files with `crop` (M,S,S,3) uint8 RGB, `mask` (M,S,S) uint8 0..255, `landmarks` (M,68,2) float32 in
    crop px, `frame` (M,) int32, `mouth` (M,8) float32 raw mouth code.
    """

    track: FaceTrack
    shards: tuple[MediaRef, ...]
    n_faces: int
    size_px: int
    consent_id: str


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """budget_s: seconds of training.  size_px: of the network's input.  batch: faces a person and step.  For all
    three 0 is what the preset says.

    max_steps: 0, or a number of steps that replaces the time budget (repeatable runs).  preset: of
    `swap.presets`.  architecture: 'df', a decoder for each person, or 'liae', a shared one.  light, temporal,
    perceptual, adversarial, learning_rate: see `swap.plan.TrainPlan`; None is what the preset says.
    """

    budget_s: float = 210.0
    size_px: int = 128
    batch: int = 8
    max_steps: int = 0
    seed: int = 7
    preset: str = "draft"
    architecture: str = "df"
    light: float | None = None
    temporal: float | None = None
    perceptual: float | None = None
    adversarial: float | None = None
    learning_rate: float | None = None


@dataclass(frozen=True, slots=True)
class SwapModel:
    """A trained swap. weights: float16 safetensors, whole by themselves. card, preview, curve: JSON, JPEG and PNG.

    heldout_psnr_db: of source frames that training never saw, through the source's own decoder.
    """

    weights: MediaRef
    card: MediaRef
    preview: MediaRef
    source: FaceSet
    actor: FaceSet
    size_px: int
    n_steps: int
    train_s: float
    heldout_psnr_db: float
    stopped_by: str
    curve: MediaRef | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrainedFace:
    """A trained face that can be laid into any footage: what a model's folder holds, read into the store.

    weights: as of `SwapModel`.  mouths: .npz with `mouth` (M,8), the raw mouth codes of the source, which tell how
    far this mouth opens.  source_digest, actor_digest: SHA-256 of the footage that it was trained on; *_consent: the
    records under which it was. What is said here is only believed of weights that a record or the audit log knows.
    identity: as of `FaceTrack`.
    """

    name: str
    weights: MediaRef
    mouths: MediaRef
    source_name: str
    source_digest: str
    source_consent: str
    actor_name: str
    actor_digest: str
    actor_consent: str
    identity: tuple[float, ...]
    backend: str
    size_px: int
