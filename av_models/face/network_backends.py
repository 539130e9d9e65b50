"""Two stronger face finders for users who bring the package and its weights themselves.

Neither downloads anything here: insightface's models are for non-commercial research only, and 2D-FAN's weights carry
no licence of their own, so it is the user who fetches them and accepts their terms.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from av_models.domain.errors import ModelError

from .backend import Box, Detection
from .dlib_backend import DlibBackend

__all__ = ["FaceAlignmentBackend", "InsightFaceBackend"]

Floats = NDArray[np.floating[Any]]
Rgb = NDArray[np.uint8]

_FIVE_POINTS = ([36, 37, 38, 39, 40, 41], [42, 43, 44, 45, 46, 47], [30], [48], [54])
_ACCELERATORS, _CPU = ("CUDAExecutionProvider", "CoreMLExecutionProvider"), ["CPUExecutionProvider"]
_FAN_FILES = ("2DFAN4-11f355bf06.pth.tar", "s3fd-619a316812.pth")


class InsightFaceBackend:
    """SCRFD detector, 68 points of a 3-D fit and ArcFace (512 numbers, unit length) of a model pack such as buffalo_l.

    Needs models_dir/insightface/buffalo_l/*.onnx.
    """

    name = "insightface"
    licence = "insightface: code MIT; its model packs are for non-commercial research only"
    least_face_px = 24
    same_person = 1.1

    def __init__(self, models_dir: Path | None) -> None:
        package = _package("insightface.app", "insightface")
        folder = (models_dir or Path("media/models")) / "insightface" / "buffalo_l"
        if not any(folder.glob("*.onnx")):
            raise ModelError(
                f"insightface's models are not in {folder}.",
                f"Read their terms ({self.licence}) and unpack buffalo_l.zip there, or use the backend 'dlib'.",
            )
        wanted, providers = ["detection", "landmark_3d_68", "recognition"], _providers()
        self._app = package.FaceAnalysis(name=str(folder.resolve()), allowed_modules=wanted, providers=providers)
        # A device number below 0 would put every network back to the CPU, whatever the providers.
        self._app.prepare(ctx_id=-1 if providers == _CPU else 0, det_size=(640, 640))

    def detect(self, rgb: Rgb) -> list[Detection]:
        boxes, _ = self._app.det_model.detect(_bgr(rgb), max_num=0, metric="default")
        found = [Detection(_square(box[:4]), float(box[4])) for box in boxes]
        return sorted(found, key=lambda face: -face.score)

    def fits(self, rgb: Rgb, box: Box) -> Floats:
        face = _package("insightface.app.common", "insightface").Face(bbox=np.array(_tall(box), np.float32))
        points = self._app.models["landmark_3d_68"].get(_bgr(rgb), face)
        return np.asarray(points, np.float64)[None, :, :2]

    def landmarks(self, rgb: Rgb, box: Box) -> Floats:
        return np.asarray(self.fits(rgb, box)[0])

    def descriptor(self, rgb: Rgb, landmarks: Floats) -> Floats:
        five = np.array([landmarks[points].mean(axis=0) for points in _FIVE_POINTS], np.float32)
        face = _package("insightface.app.common", "insightface").Face(kps=five)
        numbers = np.asarray(self._app.models["recognition"].get(_bgr(rgb), face), np.float64)
        return np.asarray(numbers / np.linalg.norm(numbers))


class FaceAlignmentBackend:
    """S3FD detector and 2D-FAN landmarks on the GPU if there is one; identity stays dlib's.

    Needs the two files of `_FAN_FILES` in models_dir/face-alignment/hub/checkpoints.
    """

    name = "face-alignment"
    licence = "face-alignment: code BSD-3-Clause; its weights come without a licence of their own."
    least_face_px = 32
    same_person = DlibBackend.same_person

    def __init__(self, models_dir: Path | None) -> None:
        package = _package("face_alignment", "face-alignment")
        home = (models_dir or Path("media/models")) / "face-alignment"
        missing = [name for name in _FAN_FILES if not (home / "hub" / "checkpoints" / name).is_file()]
        if missing:
            raise ModelError(
                f"face-alignment's weights are not in {home / 'hub' / 'checkpoints'}: {', '.join(missing)}.",
                "Fetch them from www.adrianbulat.com/downloads/python-fan, put them there, or use the backend 'dlib'.",
            )
        kind, device = package.LandmarksType.TWO_D, _device()
        self._fan = _with_torch_home(
            home, lambda: package.FaceAlignment(kind, device=device, flip_input=True, compile=False)
        )
        self._identity = DlibBackend()

    def detect(self, rgb: Rgb) -> list[Detection]:
        found = [
            Detection(_square(box[:4]), float(box[4])) for box in self._fan.face_detector.detect_from_image(rgb.copy())
        ]
        return sorted(found, key=lambda face: -face.score)

    def fits(self, rgb: Rgb, box: Box) -> Floats:
        points = self._fan.get_landmarks_from_image(rgb, detected_faces=[np.array(_tall(box))])
        return np.asarray(points[0], np.float64)[None, :, :2]

    def landmarks(self, rgb: Rgb, box: Box) -> Floats:
        return np.asarray(self.fits(rgb, box)[0])

    def descriptor(self, rgb: Rgb, landmarks: Floats) -> Floats:
        return self._identity.descriptor(rgb, landmarks)


def _package(module: str, distribution: str) -> ModuleType:
    from importlib import import_module

    try:
        return import_module(module)
    except ImportError as error:
        raise ModelError(
            f"The face backend {distribution!r} needs the package {distribution}, which cannot be imported ({error}).",
            f"Install it (pip install {distribution}) or use the backend 'dlib'.",
        ) from error


def _providers() -> list[str]:
    """Of onnxruntime: the accelerators that it was built for and finds, then the CPU."""
    there = _package("onnxruntime", "onnxruntime").get_available_providers()
    return [name for name in _ACCELERATORS if name in there] + _CPU


def _with_torch_home(home: Path, make: Any) -> Any:
    """torch.hub finds downloads by this variable only; it is put back at once."""
    before = os.environ.get("TORCH_HOME")
    os.environ["TORCH_HOME"] = str(home)
    try:
        return make()
    finally:
        if before is None:
            del os.environ["TORCH_HOME"]
        else:
            os.environ["TORCH_HOME"] = before


def _device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _bgr(rgb: Rgb) -> Rgb:
    return np.ascontiguousarray(rgb[..., ::-1])


_HALF, _MIDDLE, _NARROW = 0.42, 0.53, 0.36
"""Half the HOG-like square, its middle, and half the width of a tall box, all as shares of the tall box's height."""


def _square(tall: Floats) -> Box:
    """The HOG-like square (brows to below the mouth) in a tall box that reaches from the forehead to the chin."""
    left, top, right, bottom = (float(v) for v in tall)
    half = (bottom - top) * _HALF
    x, y = (left + right) / 2, top + (bottom - top) * _MIDDLE
    return (x - half, y - half, x + half, y + half)


def _tall(square: Box) -> Box:
    """The way back."""
    left, top, right, bottom = square
    height = (bottom - top) / 2 / _HALF
    x, y = (left + right) / 2, (top + bottom) / 2 - _MIDDLE * height
    return (x - _NARROW * height, y, x + _NARROW * height, y + height)
