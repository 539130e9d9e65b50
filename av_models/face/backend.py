"""What finds faces, behind one protocol: dlib needs no download; two stronger ones are extras with their own terms."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from av_models.domain.errors import InputError

__all__ = ["BACKENDS", "Box", "Detection", "FaceBackend", "get_backend", "licence_of", "same_person_of"]

Floats = NDArray[np.floating[Any]]
Rgb = NDArray[np.uint8]
Box = tuple[float, float, float, float]
"""left, top, right, bottom in pixels."""


@dataclass(frozen=True, slots=True)
class Detection:
    """A face in a picture. score: the backend's own confidence. landmarks: (68, 2) px if they are known already."""

    box: Box
    score: float
    landmarks: Floats | None = None


class FaceBackend(Protocol):
    """name: as chosen by the user.  licence: of its weights, shown to the user.

    least_face_px: the smallest face that `detect` finds.  same_person: descriptors nearer than this are one person.
    """

    name: str
    licence: str
    least_face_px: int
    same_person: float

    def detect(self, rgb: Rgb) -> list[Detection]:
        """Upright faces of at least `least_face_px`, best first."""
        ...

    def fits(self, rgb: Rgb, box: Box) -> Floats:
        """Landmarks (K, 68, 2) of K independent looks at the face in `box`; where they disagree, none is sure."""
        ...

    def landmarks(self, rgb: Rgb, box: Box) -> Floats:
        """Landmarks (68, 2) in iBUG-68 order: the mean of `fits`."""
        ...

    def descriptor(self, rgb: Rgb, landmarks: Floats) -> Floats:
        """Identity as a vector (D,); Euclidean distance tells people apart."""
        ...


_loaded = threading.local()


def get_backend(name: str = "dlib", models_dir: Path | None = None) -> FaceBackend:
    """The backend of that name, loaded once a thread (none of them may be shared between threads).

    models_dir: folder with the weights that a user brought for the two extras.
    Raises InputError for an unknown name, ModelError when its package or weights are missing.
    """
    if name not in BACKENDS:
        raise InputError(f"There is no face backend named {name!r}.", f"Choose one of: {', '.join(BACKENDS)}.")
    held: dict[tuple[str, Path | None], FaceBackend] = _loaded.__dict__.setdefault("backends", {})
    if (name, models_dir) not in held:
        held[name, models_dir] = _MAKERS[name](models_dir)
    return held[name, models_dir]


def licence_of(name: str) -> str:
    """What the weights of a backend permit, without loading them."""
    return str(_kind(name).licence)


def same_person_of(name: str) -> float:
    """The distance of a backend's descriptors below which they are one person's, without loading it."""
    return float(_kind(name).same_person)


def _kind(name: str) -> Any:
    from .dlib_backend import DlibBackend
    from .network_backends import FaceAlignmentBackend, InsightFaceBackend

    return {kind.name: kind for kind in (DlibBackend, InsightFaceBackend, FaceAlignmentBackend)}[name]


def _dlib(_: Path | None) -> FaceBackend:
    from .dlib_backend import DlibBackend

    return DlibBackend()


def _insightface(models_dir: Path | None) -> FaceBackend:
    from .network_backends import InsightFaceBackend

    return InsightFaceBackend(models_dir)


def _face_alignment(models_dir: Path | None) -> FaceBackend:
    from .network_backends import FaceAlignmentBackend

    return FaceAlignmentBackend(models_dir)


_MAKERS: dict[str, Callable[[Path | None], FaceBackend]] = {
    "dlib": _dlib,
    "insightface": _insightface,
    "face-alignment": _face_alignment,
}
BACKENDS = tuple(_MAKERS)
