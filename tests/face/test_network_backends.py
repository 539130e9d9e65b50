"""insightface and face-alignment give the same types as dlib and show their licences; stand-ins of the packages."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from people_made import performance, shown

from av_models.domain.errors import ModelError
from av_models.face.backend import FaceBackend, get_backend, licence_of, same_person_of
from av_models.face.network_backends import _FAN_FILES
from av_models.face.track import Followed, follow


class _DetModel:
    def __init__(self, box: list[float]) -> None:
        self._box = box

    def detect(self, bgr: np.ndarray, max_num: int, metric: str) -> tuple[np.ndarray, None]:
        assert bgr.dtype == np.uint8 and metric == "default"
        return np.array([[*self._box, 0.9]], np.float32), None


class _LandmarkModel:
    def __init__(self, shape: np.ndarray) -> None:
        self._shape = shape

    def get(self, bgr: np.ndarray, face: SimpleNamespace) -> np.ndarray:
        """The known shape laid into the tall box that was asked for."""
        left, top, right, bottom = face.bbox
        points = self._shape * [right - left, bottom - top] + [left, top]
        return np.concatenate([points, np.zeros((68, 1))], axis=1)


class _Recognition:
    def get(self, bgr: np.ndarray, face: SimpleNamespace) -> np.ndarray:
        assert face.kps.shape == (5, 2)
        return np.arange(1, 513, dtype=np.float32)


@pytest.fixture
def man(dlib_backend: FaceBackend) -> Followed:
    return follow(shown(performance("man", 1)), dlib_backend)


def _in_tall_box(man: Followed) -> tuple[list[float], np.ndarray]:
    left, top, right, bottom = (float(v) for v in man.arrays["box"][0])
    tall = (left, top - 0.35 * (bottom - top), right, bottom)
    points = man.arrays["landmarks"][0].astype(np.float64)
    return [*tall], (points - [tall[0], tall[1]]) / [tall[2] - tall[0], tall[3] - tall[1]]


def _is_of_the_same_types(backend: FaceBackend, n_numbers: int) -> None:
    rgb = performance("man", 1)[0]
    found = backend.detect(rgb)[0]
    assert len(found.box) == 4 and all(isinstance(value, float) for value in (*found.box, found.score))
    fits = backend.fits(rgb, found.box)
    assert fits.ndim == 3 and fits.shape[1:] == (68, 2) and fits.dtype == np.float64
    points = backend.landmarks(rgb, found.box)
    assert points.shape == (68, 2) and np.isfinite(points).all()
    assert backend.descriptor(rgb, points).shape == (n_numbers,)
    assert backend.licence == licence_of(backend.name) and backend.same_person == same_person_of(backend.name)


@pytest.mark.parametrize(
    ("built_for", "asked", "device"),
    [
        (["CPUExecutionProvider"], ["CPUExecutionProvider"], -1),
        (
            ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"],
            ["CUDAExecutionProvider", "CPUExecutionProvider"],
            0,
        ),
        (
            ["CoreMLExecutionProvider", "AzureExecutionProvider", "CPUExecutionProvider"],
            ["CoreMLExecutionProvider", "CPUExecutionProvider"],
            0,
        ),
    ],
    ids=["processor", "cuda", "coreml"],
)
def test_insightface_gives_the_same_types_and_runs_where_it_can(
    man: Followed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, built_for: list[str], asked: list[str], device: int
) -> None:
    tall, shape = _in_tall_box(man)
    used: list[object] = []

    class FaceAnalysis:
        def __init__(self, name: str, allowed_modules: list[str], providers: list[str]) -> None:
            used.append(providers)
            assert Path(name).is_dir() and set(allowed_modules) == {"detection", "landmark_3d_68", "recognition"}
            self.det_model = _DetModel(tall)
            self.models = {"landmark_3d_68": _LandmarkModel(shape), "recognition": _Recognition()}

        def prepare(self, ctx_id: int, det_size: tuple[int, int]) -> None:
            used.append(ctx_id)

    runtime = ModuleType("onnxruntime")
    runtime.get_available_providers = lambda: built_for  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "onnxruntime", runtime)
    app, common = ModuleType("insightface.app"), ModuleType("insightface.app.common")
    app.FaceAnalysis = FaceAnalysis  # type: ignore[attr-defined]
    common.Face = SimpleNamespace  # type: ignore[attr-defined]
    for name, module in (("insightface", ModuleType("insightface")), (app.__name__, app), (common.__name__, common)):
        monkeypatch.setitem(sys.modules, name, module)
    folder = tmp_path / "insightface" / "buffalo_l"
    folder.mkdir(parents=True)
    (folder / "det_10g.onnx").write_bytes(b"made")
    backend = get_backend("insightface", tmp_path)
    assert used == [asked, device]
    _is_of_the_same_types(backend, 512)
    numbers = backend.descriptor(performance("man", 1)[0], backend.landmarks(performance("man", 1)[0], (0, 0, 99, 99)))
    assert np.linalg.norm(numbers) == pytest.approx(1.0)
    assert "non-commercial" in backend.licence


def test_face_alignment_gives_the_same_types(man: Followed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tall, shape = _in_tall_box(man)

    class FaceAlignment:
        def __init__(self, kind: str, device: str, flip_input: bool, compile: bool) -> None:
            self.face_detector = SimpleNamespace(detect_from_image=lambda rgb: [np.array([*tall, 0.8], np.float32)])

        def get_landmarks_from_image(self, rgb: np.ndarray, detected_faces: list[np.ndarray]) -> list[np.ndarray]:
            face = SimpleNamespace(bbox=detected_faces[0])
            return [_LandmarkModel(shape).get(rgb, face)[:, :2]]

    package = ModuleType("face_alignment")
    package.LandmarksType = SimpleNamespace(TWO_D="2D")  # type: ignore[attr-defined]
    package.FaceAlignment = FaceAlignment  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "face_alignment", package)
    folder = tmp_path / "face-alignment" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    for name in _FAN_FILES:
        (folder / name).write_bytes(b"made")
    backend = get_backend("face-alignment", tmp_path)
    _is_of_the_same_types(backend, 128)
    assert "without a licence" in backend.licence


def test_every_backend_says_its_licence_without_being_there() -> None:
    assert {name: bool(licence_of(name)) for name in ("dlib", "insightface", "face-alignment")} == {
        "dlib": True, "insightface": True, "face-alignment": True,
    }  # fmt: skip
    with pytest.raises(ModelError):
        get_backend("insightface", Path("/nowhere"))
