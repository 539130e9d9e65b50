"""Faces as references: the numbers per frame lie in the store, the summary travels."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .media import Footage, MediaRef


class FaceProblem(StrEnum):
    """Why a frame has no usable face."""

    NO_FACE = "no face found"
    OTHER_PERSON = "only another person's face"
    TOO_SMALL = "face too small"
    TURNED_AWAY = "face turned too far"
    BLURRED = "face too blurred"


@dataclass(frozen=True, slots=True)
class ProblemRange:
    """Frames first..last (inclusive) share one reason."""

    first: int
    last: int
    reason: FaceProblem


@dataclass(frozen=True, slots=True)
class FaceTrack:
    """One person followed through one footage.

    data: .npz with arrays over all N frames of the footage:
        time_s (N,) float64; usable (N,) bool; score (N,) float32; box (N,4) float32 left, top, right, bottom px;
        landmarks (N,68,2) float32 px, smoothed, x right, y down, iBUG-68 order; landmarks_raw (N,68,2).
        Rows that are not usable hold interpolated landmarks where both neighbours exist, else NaN.
    identity: mean of the 128-number descriptors (dlib) of the chosen person, not normalised.
    n_people: how many different people were seen.
    """

    footage: Footage
    data: MediaRef
    sheet: MediaRef
    identity: tuple[float, ...]
    n_usable: int
    n_people: int
    problems: tuple[ProblemRange, ...]
    backend: str


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
    """budget_s: seconds of training.  size_px: of the network's input; it paints at twice that.  batch: faces a
    person and step.

    max_steps: 0, or a number of steps that replaces the time budget (repeatable runs).
    """

    budget_s: float = 210.0
    size_px: int = 128
    batch: int = 8
    max_steps: int = 0
    seed: int = 7


@dataclass(frozen=True, slots=True)
class SwapModel:
    """A trained pair of decoders. weights: float16 safetensors. card, preview: JSON and JPEG.

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
